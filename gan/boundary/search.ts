import {
  type ClassPair,
  isNear,
  type PairView,
  type Sides,
  sidedView,
} from '../../classifier/boundary/margin.ts';
import { inputError, usageError } from '../../src/common/errors.ts';
import { tally } from '../../src/common/group.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { joinTriplets } from '../../src/dataset/intensity/transform.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor4D, tf } from '../../src/engine/tf.ts';
import type {
  Generator,
  GeneratorSample,
  GuideScore,
  ReachedCandidate,
  SearchSpace,
} from '../generator.ts';

/** Logits of stored pixels, (N, K). */
export function guideLogits(
  score: GuideScore,
  images: readonly Uint8Array[],
  size: number,
): Float32Array {
  const pixels = new Float32Array(joinTriplets(images));
  return numbersOf(() => {
    const input = tf.tensor4d(pixels, [images.length, size, size, 3]).mul(PIXEL_SCALE);
    return score(input as Tensor4D);
  });
}

/** A drawn candidate before the checks. */
export interface Candidate {
  drawn: GeneratorSample;
  /** The class, and the one on the other side. */
  pair: ClassPair;
  /** What the guide says of the stored pixels. */
  view: PairView;
}

/**
 * A condition that candidates must meet beside lying near the boundary, such as realism or the
 * agreement of classifiers of other seeds; `accepts` gives true for those that do. All candidates
 * of a call are of one class.
 */
export interface CandidateCheck {
  /** The reason that a rejected candidate is given: `realism`, `verifier`. */
  name: string;
  accepts(candidates: readonly Candidate[]): boolean[] | Promise<boolean[]>;
}

/** One attempt, accepted or not: enough to draw it again and to say why it was rejected. */
export interface Attempt extends Candidate {
  /** Space groups. */
  spaceGroup: number;
  partner: number;
  /** What it was drawn from; its path may lead to another class than the pair's. */
  reached: ReachedCandidate;
  accepted: boolean;
  /** Why it was rejected; empty where it was accepted. */
  reasons: string[];
}

/** Milliseconds of each phase: the search, drawing the results, the checks. */
export interface PhaseTimes {
  search: number;
  draw: number;
  checks: number;
}

export interface PairSearch {
  generator: Generator;
  /** Logits of network inputs by the guide, differentiable. */
  score: GuideScore;
  /** Space group of the label. */
  spaceGroup: number;
  /** Space group on the other side; null: for each candidate its strongest rival under the guide. */
  partner: number | null;
  /** Space groups whose crystals are distorted down to it; absent: the partner's where that can be. */
  from?: readonly number[];
  /** Accepted samples wanted, and attempts at most. */
  count: number;
  attempts?: number;
  /** Wanted: 0 <= p(label) - p(partner) < epsilon. */
  epsilon: number;
  seed: number;
  checks?: readonly CandidateCheck[];
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
  /** Those that were drawn; others were refused on the way. */
  attempts: Attempt[];
  /** Attempts in all. */
  tried: number;
  accepted: number;
  /** Attempts whose path crosses the boundary; null where that is not counted. */
  crossed: number | null;
  /** How often each reason refused an attempt. */
  reasons: Record<string, number>;
  /** Images drawn and scored. */
  evaluations: number;
  times: PhaseTimes;
}

/** Why a path does not cross: the guide takes it for the class at neither end, or at both. */
export const NEVER_SEEN = 'distortion not seen';
export const SEEN_AT_ONCE = 'seen without distortion';

export const EPSILON_RANGE = [1e-4, 1] as const;

/** Why a view does not do, in words; empty where it does. */
export function boundaryReasons(view: PairView, epsilon: number): string[] {
  const reasons: string[] = [];
  if (!view.topTwo) reasons.push('a third class');
  if (view.gap < 0) reasons.push("the partner's side");
  else if (!isNear(view, epsilon)) reasons.push('far from the boundary');
  return reasons;
}

/** What the attempts at one boundary have in common. */
interface Attempting extends PairSearch {
  space: SearchSpace;
  sides: Sides;
  times: PhaseTimes;
}

/** Milliseconds that some work takes are added to a phase. */
async function timed<T>(
  times: PhaseTimes,
  phase: keyof PhaseTimes,
  work: () => T | Promise<T>,
): Promise<T> {
  const start = performance.now();
  const result = await work();
  times[phase] += performance.now() - start;
  return result;
}

/** Attempts number `first` and those after it, `count` in all. */
async function attemptBatch(
  attempting: Attempting,
  { first, count }: { first: number; count: number },
) {
  const { space, score, seed, sides, epsilon, gradientSteps, times, checks = [] } = attempting;
  const from = attempting.from?.map((spaceGroup) => attempting.generator.labelOf(spaceGroup));
  const request = { score, sides, from, epsilon, seed, first, count, gradientSteps };
  const { reached, ...found } = await timed(times, 'search', () => space.approach(request));
  const attempts = await timed(times, 'draw', () => drawnAttempts(attempting, reached));
  await timed(times, 'checks', () => applyChecks(attempts, checks));
  return { ...found, attempts };
}

/** Draws what the search reached; the guide scores the stored pixels, which are what counts. */
async function drawnAttempts(
  { generator, score, sides, epsilon }: Attempting,
  reached: readonly ReachedCandidate[],
): Promise<Attempt[]> {
  if (reached.length === 0) return [];
  const { label } = sides;
  const drawn = await generator.draw(reached.map(({ source }) => source));
  const images = drawn.map(({ pixels }) => pixels);
  const logits = guideLogits(score, images, generator.size);
  return drawn.map((one, row): Attempt => {
    const view = sidedView(logits, row, sides);
    const { partner } = view;
    const reasons = boundaryReasons(view, epsilon);
    return {
      drawn: one,
      pair: { label, partner },
      view,
      spaceGroup: generator.classes[label]!,
      partner: generator.classes[partner]!,
      reached: reached[row]!,
      accepted: reasons.length === 0,
      reasons,
    };
  });
}

/** Checks look at what lies near the boundary only: the rest is rejected anyway. */
async function applyChecks(attempts: Attempt[], checks: readonly CandidateCheck[]): Promise<void> {
  for (const check of checks) {
    const left = attempts.filter(({ accepted }) => accepted);
    if (left.length === 0) return;
    const passes = await check.accepts(left);
    left.forEach((attempt, i) => {
      if (passes[i]) return;
      attempt.accepted = false;
      attempt.reasons.push(check.name);
    });
  }
}

/** The search space of a generator. @throws input error where it has none. */
export function searchSpaceOf(generator: Generator): SearchSpace {
  if (generator.space) return generator.space;
  throw inputError(
    `a ${generator.kind} generator has nothing that a boundary search can move`,
    'train another kind: npx gan train --generator crystal (or codec), or name its run with --gan',
  );
}

function attemptingOf(search: PairSearch): Attempting {
  const { generator, spaceGroup, partner, epsilon } = search;
  if (spaceGroup === partner) {
    throw usageError(`--pair ${spaceGroup}:${partner} names the same class twice`);
  }
  const [low, high] = EPSILON_RANGE;
  if (!(epsilon >= low && epsilon <= high)) {
    throw usageError(`--epsilon ${epsilon} is not between ${low} and ${high}`);
  }
  const space = searchSpaceOf(generator);
  const sides = {
    label: generator.labelOf(spaceGroup),
    partner: partner === null ? null : generator.labelOf(partner),
    allowed: (label: number) => space.allows(label),
    classes: generator.classes.length,
  };
  return { ...search, space, sides, times: { search: 0, draw: 0, checks: 0 } };
}

/**
 * Searches synthetic triplets of a space group where the guide hesitates between it and a partner,
 * until enough are accepted or the attempts are used up. The same seed gives the same attempts.
 *
 * @throws usage error for a pair of one class or an epsilon out of range; input error for a space
 * group that the GAN does not know.
 */
export async function searchPair(search: PairSearch): Promise<PairResult> {
  const attempting = attemptingOf(search);
  const { spaceGroup, partner, count, batch = 32, attempts: most = 8 * count } = search;
  const stage = `boundary ${spaceGroup}:${partner ?? 'rivals'}`;
  const bar = (search.progress ?? silentProgress)(stage, count);
  const attempts: Attempt[] = [];
  const reasons = new Map<string, number>();
  let [accepted, tried] = [0, 0];
  let crossed: number | null = null;
  let evaluations = 0;
  while (accepted < count && tried < most) {
    const size = Math.min(batch, most - tried);
    const found = await attemptBatch(attempting, { first: tried, count: size });
    tried += size;
    attempts.push(...found.attempts);
    evaluations += found.wasted;
    for (const [reason, times] of Object.entries(found.refused)) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + times);
    }
    if (found.crossed !== undefined) crossed = (crossed ?? 0) + found.crossed;
    await new Promise(setImmediate); // lets Ctrl-C and the display through
    const more = Math.min(count - accepted, found.attempts.filter((one) => one.accepted).length);
    accepted += more;
    bar.advance(more, `${accepted} of ${tried} attempts accepted`);
  }
  bar.done(`${accepted} of ${tried} attempts accepted`);
  for (const [reason, count] of tally(attempts.flatMap((one) => one.reasons))) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  for (const { reached } of attempts) evaluations += reached.evaluations;
  return {
    ...{ spaceGroup, partner, attempts, tried, accepted, crossed, evaluations },
    reasons: Object.fromEntries(reasons),
    times: attempting.times,
  };
}
