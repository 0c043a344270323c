import { quantile } from '../../src/common/quantile.ts';
import { REASON_KINDS, type Reason } from './acceptance.ts';
import { STRICTNESS } from './reference.ts';
import type { SampleScore } from './samples.ts';

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
  const judged = samples.map(({ reasons, ...sample }) => ({
    ...sample,
    kinds: new Set<Reason['kind']>(
      reasons.map(({ kind }) => kind).filter((kind) => kind !== 'repetition'),
    ),
  }));
  return {
    count: judged.length,
    accepted: judged.filter(({ kinds }) => kinds.size === 0).length,
    reasons: REASON_KINDS.map((kind) => ({
      kind,
      count: judged.filter(({ kinds }) => kinds.has(kind)).length,
    })).filter(({ count }) => count > 0),
    realism: judged.map(({ realism, realismLimit }) => realism / realismLimit),
  };
}
