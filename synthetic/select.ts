import type { DescriptorFault } from './descriptors/ranges.ts';

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

const short = (value: number): string => value.toPrecision(2);

const faultText = ({ descriptor, value, from, to }: DescriptorFault): string =>
  `${descriptor} is ${short(value)}, real ones have ${short(from)} to ${short(to)}`;

/** A sample at a boundary may be taken for its partner, but not for a third class. */
const AMONG = 2;

/**
 * Why a synthetic triplet must not enter training data, one reason a line; none where it may.
 * Each reason names the number that decided.
 */
export function rejections(evidence: Evidence): string[] {
  const { spaceGroup, known, realism, realismLimit, copied, repeats, faults, verdicts } = evidence;
  const reasons: string[] = [];
  if (!known) reasons.push(`no training triplet has space group ${spaceGroup}`);
  if (copied) {
    const { material, distance, limit } = copied;
    reasons.push(`memorised: ${short(distance)} from ${material}, limit ${short(limit)}`);
  }
  if (repeats !== null) reasons.push(`repeats sample ${repeats}`);
  if (!(realism >= realismLimit)) {
    reasons.push(`realism ${short(realism)}, real ones reach ${short(realismLimit)}`);
  }
  reasons.push(...faults.map(faultText));
  const likeliest = verdicts?.slice(0, AMONG);
  if (likeliest && !likeliest.some((verdict) => verdict.spaceGroup === spaceGroup)) {
    const named = likeliest.map((v) => `${v.spaceGroup} (${short(v.probability)})`);
    reasons.push(`the verifier sees ${named.join(' or ')}`);
  }
  return reasons;
}
