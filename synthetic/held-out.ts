import type { SampleScore } from './samples.ts';
import { REASON_KINDS, type Reason } from './select.ts';

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
