import type { SampleFacts } from '../simulate/sample.ts';
import { SPLITS, type Split } from './split.ts';
import type { Store } from './store/store.ts';

/** What a census needs to know of a sample. */
export interface CensusRow extends Pick<SampleFacts, 'spaceGroup' | 'material' | 'energy'> {
  split: Split | null;
}

/** One space group: its samples and materials, in all and in each split. */
export interface ClassCount {
  spaceGroup: number;
  samples: number;
  materials: number;
  bySplit: Record<Split, { samples: number; materials: number }>;
}

export interface Census {
  samples: number;
  materials: number;
  bySplit: Record<Split, { samples: number; materials: number; classes: number }>;
  /** Every space group that occurs, ascending. */
  classes: ClassCount[];
  /** Largest class over the smallest one that occurs, in samples and in materials. */
  imbalance: { samples: number; materials: number };
  /** exp of the entropy of the class shares: how many equal classes would be as diverse. */
  effectiveClasses: { samples: number; materials: number };
  /** Of the 230 space groups, those without a sample. */
  empty: number[];
  /** Classes of one material: they cannot be tested. */
  singletons: number[];
  /** Samples at each beam energy in keV, ascending. */
  energies: [number, number][];
}

/**
 * Rarity of a class by the materials that it can be learned from; samples do not count, as those
 * of one material are near-duplicates. The only definition of rare, few, medium and many.
 */
export type Band = 'many' | 'medium' | 'few';

/** Fewer training materials are few; more than `MANY_ABOVE` are many, those between medium. */
export const FEW_BELOW = 20;
export const MANY_ABOVE = 100;

/** The definition in words, for figures and help. */
export const BANDS_TEXT = `by training materials: many (more than ${MANY_ABOVE}), medium (${FEW_BELOW} to ${MANY_ABOVE}), few (fewer than ${FEW_BELOW})`;

/** The band of a class of so many training materials. */
export const bandOf = (materials: number): Band =>
  materials > MANY_ABOVE ? 'many' : materials >= FEW_BELOW ? 'medium' : 'few';

/** Finer than bands: how many real materials a class was learned from. */
export const SHOTS = ['0', '1', '2-5', '6-20', 'more'] as const;
export type Shots = (typeof SHOTS)[number];

/** The shots of a class of so many training materials. */
export const shotsOf = (materials: number): Shots =>
  SHOTS[materials > 20 ? 4 : materials > 5 ? 3 : Math.min(2, materials)]!;

/** Materials that a class can be learned from: its training ones, or all where nothing is split. */
export const learnableMaterials = ({ bySplit, materials }: ClassCount): number =>
  SPLITS.some((split) => bySplit[split].materials > 0) ? bySplit.train.materials : materials;

const ratio = (counts: readonly number[]): number =>
  counts.length === 0 ? 0 : Math.max(...counts) / Math.min(...counts);

function effective(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const entropy = counts.reduce((sum, count) => sum - (count / total) * Math.log(count / total), 0);
  return counts.length === 0 ? 0 : Math.exp(entropy);
}

/** Counts of samples and of distinct materials. */
class Tally {
  samples = 0;
  private readonly names = new Set<string>();

  add(material: string): void {
    this.samples++;
    this.names.add(material);
  }

  get counts(): { samples: number; materials: number } {
    return { samples: this.samples, materials: this.names.size };
  }
}

const tallies = (): Record<Split, Tally> => ({
  train: new Tally(),
  validation: new Tally(),
  test: new Tally(),
});

const countsOf = (bySplit: Record<Split, Tally>) =>
  Object.fromEntries(
    SPLITS.map((split) => [split, bySplit[split].counts]),
  ) as ClassCount['bySplit'];

/** Counts samples, materials and classes, and how unequal they are. */
export function census(rows: Iterable<CensusRow>): Census {
  const all = new Tally();
  const parts = tallies();
  const groups = new Map<number, { all: Tally; parts: Record<Split, Tally> }>();
  const energies = new Map<number, number>();
  for (const { spaceGroup, material, energy, split } of rows) {
    const group = groups.get(spaceGroup) ?? { all: new Tally(), parts: tallies() };
    groups.set(spaceGroup, group);
    const touched = [all, group.all, ...(split ? [parts[split], group.parts[split]] : [])];
    for (const tally of touched) tally.add(material);
    energies.set(energy, (energies.get(energy) ?? 0) + 1);
  }
  const classes = [...groups]
    .sort((a, b) => a[0] - b[0])
    .map(
      ([spaceGroup, group]): ClassCount => ({
        spaceGroup,
        ...group.all.counts,
        bySplit: countsOf(group.parts),
      }),
    );
  const [samples, materials] = [
    classes.map((one) => one.samples),
    classes.map((one) => one.materials),
  ];
  const classesIn = (split: Split) =>
    classes.filter((one) => one.bySplit[split].samples > 0).length;
  const present = new Set(groups.keys());
  return {
    ...all.counts,
    bySplit: Object.fromEntries(
      SPLITS.map((split) => [split, { ...parts[split].counts, classes: classesIn(split) }]),
    ) as Census['bySplit'],
    classes,
    imbalance: { samples: ratio(samples), materials: ratio(materials) },
    effectiveClasses: { samples: effective(samples), materials: effective(materials) },
    empty: Array.from({ length: 230 }, (_, i) => i + 1).filter((number) => !present.has(number)),
    singletons: classes.filter((one) => one.materials === 1).map((one) => one.spaceGroup),
    energies: [...energies].sort((a, b) => a[0] - b[0]),
  };
}

/** The census of a store's rows. */
export const storeCensus = (store: Pick<Store, 'rows' | 'materials' | 'count'>): Census =>
  census(
    Array.from({ length: store.count }, (_, row) => ({
      spaceGroup: store.rows.spaceGroup[row]!,
      material: store.materials[store.rows.material[row]!]!,
      energy: store.rows.energy[row]!,
      split: SPLITS[store.rows.split[row]!]!,
    })),
  );
