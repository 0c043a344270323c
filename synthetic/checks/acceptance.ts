import type { DescriptorFault } from '../metrics/descriptors/ranges.ts';

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
  verdicts: readonly { spaceGroup: number; probability: number }[] | null;
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

/** A sample at a boundary may be taken for its partner, but not for a third class. */
export const AMONG = 2;

/** Why a synthetic triplet must not enter training data; no reason where it may. */
export function rejections(evidence: Evidence): Reason[] {
  const { spaceGroup, known, realism, realismLimit, copied, repeats, faults, verdicts } = evidence;
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
  const likeliest = verdicts?.slice(0, AMONG);
  if (likeliest && !likeliest.some((verdict) => verdict.spaceGroup === spaceGroup)) {
    const named = likeliest.map((v) => `${v.spaceGroup} (${short(v.probability)})`);
    add('verifier', `the verifier sees ${named.join(' or ')}`);
  }
  return reasons;
}
