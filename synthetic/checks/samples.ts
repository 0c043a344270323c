import { rowsByClass } from '../../src/balance/sampling.ts';
import { groupBy } from '../../src/common/group.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import type { Verdicts } from '../archive/verdicts.ts';
import { DESCRIPTORS } from '../metrics/descriptors/descriptors.ts';
import {
  type DescriptorFault,
  descriptorFaults,
  descriptorRanges,
} from '../metrics/descriptors/ranges.ts';
import { type Features, pickRows } from '../metrics/features.ts';
import { rarity } from '../metrics/rarity.ts';
import { realism } from '../metrics/realism.ts';
import { type Reason, rejections } from './acceptance.ts';
import { findCopies } from './memorised.ts';
import { type Reference, references } from './reference.ts';

/** What was found about one triplet. */
export interface SampleScore {
  row: number;
  spaceGroup: number;
  /** At most `HIGHEST`, which stands for a sample that lies on a real one. */
  realism: number;
  realismLimit: number;
  /** Whether it was compared with the real triplets of its class, or of all where those are few. */
  reference: 'class' | 'all';
  /** null outside every real ball. */
  rarity: number | null;
  /** Nearest training triplet; root mean square in grey levels of patterns averaged to 16 x 16. */
  nearest: { material: string; distance: number };
  discriminator: number | null;
  /** Mean residual of the symmetries that the class's real patterns have; null where they have none. */
  symmetry: number | null;
  faults: DescriptorFault[];
  accepted: boolean;
  reasons: Reason[];
}

/** Triplets in the three feature spaces that judge them. */
export interface Described {
  /** The space in which realism is measured. */
  space: Features;
  /** Physics descriptors as they are. */
  physics: Features;
  /** Patterns averaged to 16 x 16. */
  pooled: Features;
}

/** Triplets to judge. */
export interface Candidates extends Described {
  /** Space group of each. */
  spaceGroups: ArrayLike<number>;
  /** What the discriminator of their generator says of each; absent where there is none. */
  discriminator?: readonly (number | null)[];
  /** What a classifier that did not guide the generator says of each. */
  verdicts?: Verdicts;
}

/** Realism is infinite on a real sample; files of numbers want a number. */
const HIGHEST = 1e6;

/** Mean residual below which the patterns of a class are said to have a symmetry. */
const HAS_SYMMETRY = 0.15;

/** Columns of the symmetry residuals that are small in the class's real triplets. */
function symmetriesOf(physics: Features, rows: readonly number[]): number[] {
  const columns = [...DESCRIPTORS.keys()].filter((k) => DESCRIPTORS[k]!.group === 'symmetry');
  if (rows.length === 0) return [];
  return columns.filter((k) => {
    const sum = rows.reduce((total, i) => total + physics.values[i * physics.width + k]!, 0);
    return sum / rows.length < HAS_SYMMETRY;
  });
}

function verdictsOn(verdicts: Verdicts | undefined, row: number, spaceGroup: number) {
  if (!verdicts || verdicts.unheard.includes(spaceGroup)) return null;
  const { classes, probabilities } = verdicts;
  return classes
    .map((of, k) => ({ spaceGroup: of, probability: probabilities[row * classes.length + k]! }))
    .sort((a, b) => b.probability - a.probability);
}

type Realism = Pick<SampleScore, 'realism' | 'realismLimit' | 'reference' | 'rarity'>;

/** Realism and rarity of each triplet against the reference of its class. */
function realismOf(
  { space }: Candidates,
  labels: Int32Array,
  referenceOf: (label: number) => Reference,
): Realism[] {
  const rows = groupBy(labels.keys(), (row) => referenceOf(labels[row]!));
  const found: Realism[] = [];
  for (const [{ kind, real, groups, limit }, of] of rows) {
    const some = pickRows(space, of);
    const values = realism(real, some, { groups });
    const rare = rarity(real, some, { groups });
    of.forEach((row, n) => {
      found[row] = {
        realism: Math.min(HIGHEST, values[n]!),
        realismLimit: limit,
        reference: kind,
        rarity: Number.isNaN(rare[n]!) ? null : rare[n]!,
      };
    });
  }
  return found;
}

/** Scores and verdicts on triplets that were looked at; `ease` multiplies the limits of realism. */
export type Judgement = (ease?: number) => SampleScore[];

/** Looks at triplets once, so that they can be judged by several limits. */
export type SampleJudge = (made: Candidates) => Judgement;

/** Learns from real training triplets what triplets of each class look like. */
export function sampleJudge(
  train: Pick<Examples, 'labels' | 'classes' | 'materials'>,
  described: Described,
): SampleJudge {
  const { classes, labels, materials } = train;
  const classCount = classes.length;
  const own = rowsByClass({ labels, classCount });
  const referenceOf = references(described.space, train);
  const ranges = descriptorRanges(described.physics, { labels, materials, classCount });
  const symmetries = own.map((rows) => symmetriesOf(described.physics, rows));
  return (made) => {
    const groups = Array.from(made.spaceGroups);
    const madeLabels = Int32Array.from(groups, (spaceGroup) => classes.indexOf(spaceGroup));
    const found = realismOf(made, madeLabels, referenceOf);
    const order = [...found.keys()].sort((a, b) => found[b]!.realism - found[a]!.realism);
    const copies = findCopies({ train: described.pooled, materials, fake: made.pooled, order });
    const looked = groups.map((spaceGroup, row) => {
      const label = madeLabels[row]!;
      const known = label >= 0 && own[label]!.length > 0;
      const { width, values } = made.physics;
      const of = values.subarray(row * width, (row + 1) * width);
      const columns = known ? symmetries[label]! : [];
      const near = copies.nearest[row]!;
      const nearest = { material: materials[near.row]!, distance: near.distance };
      return {
        known,
        nearest,
        faults: known ? descriptorFaults(of, label, ranges) : [],
        symmetry: columns.length
          ? columns.reduce((sum, k) => sum + of[k]!, 0) / columns.length
          : null,
        copied: copies.memorised[row] ? { ...nearest, limit: copies.limit } : null,
        repeats: copies.repeats[row]!,
        verdicts: verdictsOn(made.verdicts, row, spaceGroup),
      };
    });
    return (ease = 1) =>
      groups.map((spaceGroup, row): SampleScore => {
        const { realismLimit, ...real } = found[row]!;
        const eased = { ...real, realismLimit: ease * realismLimit };
        const { nearest, symmetry, ...rest } = looked[row]!;
        const reasons = rejections({ ...eased, ...rest, spaceGroup });
        return {
          ...eased,
          row,
          spaceGroup,
          nearest,
          discriminator: made.discriminator?.[row] ?? null,
          symmetry,
          faults: rest.faults,
          accepted: reasons.length === 0,
          reasons,
        };
      });
  };
}
