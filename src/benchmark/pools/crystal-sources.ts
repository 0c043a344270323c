import { brokenCrystals, fittedCrystals } from '../../../gan/crystal/sample.ts';
import { CrystalSources } from '../../../gan/crystal/skeleton-sources.ts';
import { inputError } from '../../common/errors.ts';
import { groupBy, tally } from '../../common/group.ts';
import { Stream } from '../../common/stream.ts';
import type { Crystal } from '../../crystal/crystal.ts';
import { materialKey } from '../../crystal/formula.ts';
import { generateCrystal } from '../../crystal/generate.ts';
import { varyCrystal } from '../../crystal/vary.ts';
import type { Store } from '../../dataset/store/store.ts';
import type { Pool } from './pool.ts';

/** A new crystal of a pool, and the training material that it was made from; null for none. */
export interface PoolCrystal {
  crystal: Crystal;
  parent: string | null;
}

/** Crystals wanted of one class. */
interface ClassRequest {
  spaceGroup: number;
  count: number;
  stream: Stream;
  /** Beginning of the names of the crystals. */
  name: string;
}

/** What crystals are made from: the crystals of the training materials and those of the others. */
export interface KnownCrystals {
  /** Training crystals by space group. */
  byGroup: ReadonlyMap<number, readonly Crystal[]>;
  /** Elements of training crystals, ascending. */
  elements: readonly number[];
  /** Materials (reduced formula and group) of validation and test: no new crystal may be one. */
  heldOut: ReadonlySet<string>;
  /** Priors and ways from supergroups, fitted on the training crystals when they are first asked for. */
  sources(): CrystalSources;
}

/** Crystals of one class; `null` for a proposal that came to nothing. */
type CrystalSource = (known: KnownCrystals, request: ClassRequest) => (PoolCrystal | null)[];

/** @throws input error where the store does not know its crystals. */
export function knownCrystals(store: Store): KnownCrystals {
  const crystals = store.crystals();
  if (!crystals) {
    throw inputError(
      `${store.path} does not know the crystals of its materials`,
      'arms that make crystals need a store of simulated data: gan data task minerals makes one',
    );
  }
  const of = (part: 'train' | 'validation' | 'test'): Crystal[] => {
    const materials = new Set(store.examples(part).materials);
    return [...materials].flatMap((material) => crystals.get(material) ?? []);
  };
  const training = of('train');
  const held = [...of('validation'), ...of('test')];
  let fitted: CrystalSources | undefined;
  return {
    byGroup: groupBy(training, ({ spaceGroup }) => spaceGroup),
    elements: [
      ...new Set(training.flatMap(({ atoms }) => atoms.map(({ element }) => element))),
    ].sort((a, b) => a - b),
    heldOut: new Set(held.map(({ atoms, spaceGroup }) => materialKey(atoms, spaceGroup))),
    sources: () => {
      fitted ??= new CrystalSources(training);
      return fitted;
    },
  };
}

const numbered = ({ count }: ClassRequest) => Array.from({ length: count }, (_, i) => i);

/** Wyckoff positions, elements and cells at random. */
const random: CrystalSource = (_known, request) =>
  numbered(request).map((i) => {
    const id = `${request.name}-random-${i}`;
    const stream = request.stream.split(`random ${i}`);
    const crystal = generateCrystal({ spaceGroup: request.spaceGroup, stream, id });
    return { crystal, parent: null };
  });

/** Relatives of training crystals of the group, every material as often as another. */
const varied: CrystalSource = ({ byGroup, elements }, request) => {
  const parents = byGroup.get(request.spaceGroup) ?? [];
  if (parents.length === 0) return [];
  return numbered(request).map((i) => {
    const stream = request.stream.split(`varied ${i}`);
    const parent = stream.pick(parents);
    const id = `${request.name}-varied-${i}`;
    const crystal = varyCrystal({ crystal: parent, among: elements, stream, id });
    return crystal && { crystal, parent: parent.material };
  });
};

/** Half relatives of known crystals, half random ones. */
const half: CrystalSource = (known, request) => {
  const first = Math.ceil(request.count / 2);
  return [
    ...varied(known, { ...request, count: first }),
    ...random(known, { ...request, count: request.count - first }),
  ];
};

/** Crystals of a control that makes and checks its own, one class at a time. */
const controlled =
  (make: typeof fittedCrystals): CrystalSource =>
  (known, { spaceGroup, count, stream, name }) =>
    make({
      wanted: new Map([[spaceGroup, count]]),
      sources: known.sources(),
      seed: stream.index(2 ** 31),
    }).made.map(({ crystal, ancestry }) => {
      const id = `${name}-${crystal.id}`;
      return { crystal: { ...crystal, id, material: id }, parent: ancestry.material };
    });

const SOURCES = {
  'crystals-random': random,
  'crystals-varied': varied,
  'crystals-half': half,
  'crystals-fitted': controlled(fittedCrystals),
  'crystals-broken': controlled(brokenCrystals),
} satisfies Partial<Record<Pool['source'], CrystalSource>>;

/** Sources of crystals that need no generator. */
export type FreeCrystals = keyof typeof SOURCES;

/** New crystals and how many proposals each reason refused. */
export interface NewCrystals {
  crystals: PoolCrystal[];
  refused: Record<string, number>;
}

/**
 * Crystals of each space group, about as many as wanted: proposals that fail or that are a
 * held-out material by formula and group are left out and counted.
 */
export function newCrystals(
  known: KnownCrystals,
  options: {
    source: FreeCrystals;
    wanted: ReadonlyMap<number, number>;
    seed: number;
    round: number;
  },
): NewCrystals {
  const { source, wanted, seed, round } = options;
  const stream = new Stream(seed, `pool/${source}/${round}`);
  const proposals = [...wanted].flatMap(([spaceGroup, count]) =>
    SOURCES[source](known, {
      spaceGroup,
      count,
      stream: stream.split(spaceGroup),
      name: `pool:${seed}-${round}-${spaceGroup}`,
    }),
  );
  const refusal = (proposal: PoolCrystal | null): string | null => {
    if (!proposal) return 'symmetry or distances';
    const { atoms, spaceGroup } = proposal.crystal;
    return known.heldOut.has(materialKey(atoms, spaceGroup)) ? 'held-out material' : null;
  };
  const reasons = proposals.map(refusal);
  return {
    crystals: proposals.filter((proposal, i): proposal is PoolCrystal => reasons[i] === null),
    refused: Object.fromEntries(tally(reasons.filter((reason) => reason !== null))),
  };
}
