import { usageError } from '../../src/common/errors.ts';
import { tally } from '../../src/common/group.ts';
import { type Progress, type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Tensor4D } from '../../src/engine/tf.ts';
import type { GanModel } from '../codec/model.ts';
import type { Scorer } from './approach.ts';
import { type Attempt, attemptBatch, type Gate, type PhaseTimes } from './attempt.ts';

export interface PairSearch {
  model: GanModel;
  /** Logits of network inputs by the guide, differentiable. */
  score: Scorer<Tensor4D>;
  /** Space group of the label. */
  spaceGroup: number;
  /** Space group on the other side; null: for each candidate its strongest rival under the guide. */
  partner: number | null;
  /** Accepted samples wanted, and attempts at most. */
  count: number;
  attempts?: number;
  /** Wanted: 0 <= p(label) - p(partner) < epsilon. */
  epsilon: number;
  seed: number;
  gates?: readonly Gate[];
  batch?: number;
  /** Gradient steps where the path does not cross. */
  gradientSteps?: number;
  progress?: ProgressFactory;
}

/** What a search came to. */
export interface PairResult {
  spaceGroup: number;
  /** Null where every candidate had its own; see its attempts. */
  partner: number | null;
  attempts: Attempt[];
  accepted: number;
  /** How often each reason refused an attempt. */
  reasons: Record<string, number>;
  /** Images drawn and scored. */
  evaluations: number;
  times: PhaseTimes;
}

export const EPSILON_RANGE = [1e-4, 1] as const;

function checkSearch({ spaceGroup, partner, epsilon }: PairSearch): void {
  if (spaceGroup === partner) {
    throw usageError(`--pair ${spaceGroup}:${partner} names the same class twice`);
  }
  const [low, high] = EPSILON_RANGE;
  if (!(epsilon >= low && epsilon <= high)) {
    throw usageError(`--epsilon ${epsilon} is not between ${low} and ${high}`);
  }
}

/**
 * Searches synthetic triplets of a space group where the guide hesitates between it and a partner,
 * until enough are accepted or the attempts are used up. The same seed gives the same attempts.
 *
 * @throws usage error for a pair of one class or an epsilon out of range; input error for a space
 * group that the GAN does not know.
 */
export async function searchPair(search: PairSearch): Promise<PairResult> {
  checkSearch(search);
  const { model, spaceGroup, partner, count, batch = 32, attempts: most = 8 * count } = search;
  const sides = {
    label: model.labelOf(spaceGroup),
    partner: partner === null ? null : model.labelOf(partner),
    allowed: model.hasZones,
    classes: model.classes.length,
  };
  const stage = `boundary ${spaceGroup}:${partner ?? 'rivals'}`;
  const bar: Progress = (search.progress ?? silentProgress)(stage, count);
  const attempts: Attempt[] = [];
  const times = { search: 0, draw: 0, gates: 0 };
  const attempting = { ...search, sides, times, gates: search.gates ?? [] };
  let accepted = 0;
  while (accepted < count && attempts.length < most) {
    const size = Math.min(batch, most - attempts.length);
    const made = await attemptBatch(attempting, { first: attempts.length, count: size });
    attempts.push(...made);
    await new Promise(setImmediate); // lets Ctrl-C and the display through
    const more = Math.min(count - accepted, made.filter((one) => one.accepted).length);
    accepted += more;
    bar.advance(more, `${accepted} of ${attempts.length} attempts`);
  }
  bar.done(`${accepted} of ${attempts.length} attempts`);
  const reasons = Object.fromEntries(tally(attempts.flatMap((one) => one.reasons)));
  const evaluations = attempts.reduce((sum, one) => sum + one.evaluations, 0);
  return { spaceGroup, partner, attempts, accepted, reasons, evaluations, times };
}
