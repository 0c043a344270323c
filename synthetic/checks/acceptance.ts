import { rowsByClass } from '../../src/balance/sampling.ts';
import { groupBy } from '../../src/common/group.ts';
import { quantile } from '../../src/common/quantile.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { DESCRIPTORS } from '../metrics/descriptors/descriptors.ts';
import {
  type DescriptorFault,
  descriptorFaults,
  descriptorRanges,
} from '../metrics/descriptors/ranges.ts';
import { type Features, pickRows } from '../metrics/features.ts';
import { rarity, realism } from '../metrics/realism.ts';
import { findCopies } from './memorised.ts';
import { type Reference, references, STRICTNESS } from './realism-limit.ts';
import { AMONG, type Opinions } from './verifier.ts';

/** What is known of one synthetic triplet before it is accepted or rejected. */
export interface Evidence {
  /** Space group that it was made for. */
  spaceGroup: number;
  /** False where the training data have no such class. */
  known: boolean;
  realism: number;
  /** Realism that all but a few real training triplets reach. */
  realismLimit: number;
  /** Material that it copies, and how far it is; null where it copies none. */
  copied: { material: string; distance: number; limit: number } | null;
  /** Row of the synthetic triplet that it repeats. */
  repeats: number | null;
  faults: readonly DescriptorFault[];
  /** Class probabilities of a classifier that did not guide the generator, likeliest first. */
  opinions: readonly { spaceGroup: number; probability: number }[] | null;
}

export const REASON_KINDS = [
  'unknown class',
  'memorised',
  'repetition',
  'realism',
  'physics',
  'verifier',
] as const;

/** Why a triplet was rejected. */
export interface Reason {
  kind: (typeof REASON_KINDS)[number];
  /** One line that names the number that decided. */
  text: string;
}

const short = (value: number): string => value.toPrecision(2);

const faultText = ({ descriptor, value, from, to }: DescriptorFault): string =>
  `${descriptor} is ${short(value)}, real ones have ${short(from)} to ${short(to)}`;

/** Why a synthetic triplet must not enter training data; no reason where it may. */
export function rejections(evidence: Evidence): Reason[] {
  const { spaceGroup, known, realism, realismLimit, copied, repeats, faults, opinions } = evidence;
  const reasons: Reason[] = [];
  const add = (kind: Reason['kind'], text: string) => reasons.push({ kind, text });
  if (!known) add('unknown class', `no training triplet has space group ${spaceGroup}`);
  if (copied) {
    const { material, distance, limit } = copied;
    add(
      'memorised',
      `memorised: ${short(distance)} grey levels from ${material}, limit ${short(limit)}`,
    );
  }
  if (repeats !== null) add('repetition', `repeats sample ${repeats}`);
  if (!(realism >= realismLimit)) {
    add('realism', `realism ${short(realism)}, real ones reach ${short(realismLimit)}`);
  }
  for (const fault of faults) add('physics', faultText(fault));
  const likeliest = opinions?.slice(0, AMONG);
  if (likeliest && !likeliest.some((opinion) => opinion.spaceGroup === spaceGroup)) {
    const named = likeliest.map((v) => `${v.spaceGroup} (${short(v.probability)})`);
    add('verifier', `the verifier sees ${named.join(' or ')}`);
  }
  return reasons;
}

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

/** Triplets in the three feature spaces of the checks. */
export interface Described {
  /** The space in which realism is measured. */
  space: Features;
  /** Physics descriptors as they are. */
  physics: Features;
  /** Patterns averaged to 16 x 16. */
  pooled: Features;
}

/** Triplets to be checked. */
export interface Candidates extends Described {
  /** Space group of each. */
  spaceGroups: ArrayLike<number>;
  /** What the discriminator of their generator says of each; absent where there is none. */
  discriminator?: readonly (number | null)[];
  /** What a classifier that did not guide the generator says of each. */
  opinions?: Opinions;
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

function opinionOn(opinions: Opinions | undefined, row: number, spaceGroup: number) {
  if (!opinions || opinions.unrecognised.includes(spaceGroup)) return null;
  const { classes, probabilities } = opinions;
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

/** What the checks find where the limits of realism are multiplied by `ease`. */
export type CheckResults = (ease?: number) => SampleScore[];

/** Measures triplets once, so that several limits can be applied to them. */
export type SampleChecks = (made: Candidates) => CheckResults;

/** Learns from real training triplets what triplets of each class look like. */
export function sampleChecks(
  train: Pick<Examples, 'labels' | 'classes' | 'materials'>,
  described: Described,
): SampleChecks {
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
    const measured = groups.map((spaceGroup, row) => {
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
        opinions: opinionOn(made.opinions, row, spaceGroup),
      };
    });
    return (ease = 1) =>
      groups.map((spaceGroup, row): SampleScore => {
        const { realismLimit, ...real } = found[row]!;
        const eased = { ...real, realismLimit: ease * realismLimit };
        const { nearest, symmetry, ...rest } = measured[row]!;
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

/** Reasons that hold for a crystal whatever real triplets look like. */
const OF_CRYSTALS: readonly Reason['kind'][] = ['unknown class', 'memorised', 'repetition'];

/** Who decides what is accepted; `auto`: the checks, or the atoms where the checks cannot say. */
export const ACCEPT_BY = ['auto', 'checks', 'atoms'] as const;

/**
 * Crystals accepted by their atoms: a generator of crystals lets through only new ones that have exactly the
 * group of their label, so what was learned from few real triplets has no say. Copies, repetitions and
 * classes that the store does not have stay rejected.
 */
export const acceptedByAtoms = (samples: readonly SampleScore[]): SampleScore[] =>
  samples.map((sample) => {
    const reasons = sample.reasons.filter(({ kind }) => OF_CRYSTALS.includes(kind));
    return { ...sample, reasons, accepted: reasons.length === 0 };
  });

/** What the checks make of real triplets that nothing has learned from. */
export interface HeldOut {
  count: number;
  /** Those that would be accepted as synthetic ones. */
  accepted: number;
  /** How many each check would reject. */
  reasons: { kind: Reason['kind']; count: number }[];
  /** Realism over the limit of its reference, of each. */
  realism: number[];
}

/** Held-out triplets that can say how far the limits of realism are off. */
const ENOUGH = 40;

/**
 * What the limits of realism must be multiplied by, so that held-out real triplets pass as often
 * as they should. Limits come from training triplets, and where the features are those of a
 * classifier it has learned these very triplets: new ones, real or synthetic, lie farther out.
 */
export function easeOf(samples: readonly SampleScore[]): number {
  if (samples.length < ENOUGH) return 1;
  const relative = samples.map(({ realism, realismLimit }) => realism / realismLimit);
  // A hair lower, so that the triplet that sets the limit passes whatever the rounding.
  return Math.min(1, (1 - 1e-9) * quantile(relative, STRICTNESS));
}

/**
 * The checks, checked: how they fare with held-out real triplets. Repetition is left out, because
 * a store may hold one material several times.
 */
export function heldOutOf(samples: readonly SampleScore[]): HeldOut {
  const checked = samples.map(({ reasons, ...sample }) => ({
    ...sample,
    kinds: new Set<Reason['kind']>(
      reasons.map(({ kind }) => kind).filter((kind) => kind !== 'repetition'),
    ),
  }));
  return {
    count: checked.length,
    accepted: checked.filter(({ kinds }) => kinds.size === 0).length,
    reasons: REASON_KINDS.map((kind) => ({
      kind,
      count: checked.filter(({ kinds }) => kinds.has(kind)).length,
    })).filter(({ count }) => count > 0),
    realism: checked.map(({ realism, realismLimit }) => realism / realismLimit),
  };
}

/** Share of held-out real triplets that the checks must accept to have a say. */
const TRUSTWORTHY = 0.5;

/**
 * Why the checks cannot tell good samples from bad ones, in words; null where they can: checks that
 * refuse most real triplets say nothing about synthetic ones.
 */
export function doubtOf({ count, accepted, reasons }: HeldOut, materials: number): string | null {
  if (count === 0 || accepted >= TRUSTWORTHY * count) return null;
  const most = [...reasons].sort((a, b) => b.count - a.count)[0];
  const why = most ? `, ${most.count} of them as ${most.kind}` : '';
  const few = materials === 1 ? 'one training material' : `${materials} training materials`;
  return `the checks cannot say: they refuse ${count - accepted} of ${count} held-out real triplets${why}; ${few} are too few to know what is real`;
}
