import {
  type ClassPair,
  isNear,
  type PairView,
  type Sides,
  sidedView,
} from '../../classifier/boundary/margin.ts';
import type { Tensor4D } from '../../src/engine/tf.ts';
import type { GanModel } from '../codec/model.ts';
import { type Drawn, drawTriplets, latentOf, type Origin } from '../codec/sample.ts';
import { type Approach, approachBoundary, type Method, type Scorer } from './approach.ts';
import { classPath, scorePixels } from './class-path.ts';

/** A drawn candidate before the gates. */
export interface Candidate {
  drawn: Drawn;
  /** The class, and the one on the other side. */
  pair: ClassPair;
  /** What the guide says of the stored pixels. */
  view: PairView;
}

/**
 * A condition that candidates must meet beside lying near the boundary, such as realism or the
 * agreement of classifiers of other seeds; `judge` gives true for those that do. All candidates of
 * a call are of one class.
 */
export interface Gate {
  /** What a rejected candidate is told: `realism`, `verifier`. */
  name: string;
  judge(candidates: readonly Candidate[]): boolean[] | Promise<boolean[]>;
}

/** One attempt, accepted or not: enough to draw it again and to say why it was refused. */
export interface Attempt extends Candidate {
  /** Space groups. */
  spaceGroup: number;
  partner: number;
  /** Number of the latent vector under the seed and space group. */
  index: number;
  /** Its `partner` is the class that the path leads to, which need not be the pair's. */
  origin: Origin;
  method: Method;
  evaluations: number;
  accepted: boolean;
  /** Why it was refused; empty where it was accepted. */
  reasons: string[];
}

/** Milliseconds of each phase: the search, drawing the results, the gates. */
export interface PhaseTimes {
  search: number;
  draw: number;
  gates: number;
}

/** What the attempts at one boundary have in common. */
export interface Attempting {
  model: GanModel;
  /** Logits of network inputs by the guide, differentiable. */
  score: Scorer<Tensor4D>;
  sides: Sides;
  /** Wanted: 0 <= p(label) - p(partner) < epsilon. */
  epsilon: number;
  seed: number;
  gates: readonly Gate[];
  gradientSteps?: number;
  times: PhaseTimes;
}

/** Why a view does not do, in words; empty where it does. */
export function boundaryReasons(view: PairView, epsilon: number): string[] {
  const reasons: string[] = [];
  if (!view.topTwo) reasons.push('a third class');
  if (view.gap < 0) reasons.push("the partner's side");
  else if (!isNear(view, epsilon)) reasons.push('far from the boundary');
  return reasons;
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
export async function attemptBatch(
  attempting: Attempting,
  { first, count }: { first: number; count: number },
): Promise<Attempt[]> {
  const { model, score, seed, sides, epsilon, gradientSteps, times } = attempting;
  const indices = Array.from({ length: count }, (_, i) => first + i);
  const spaceGroup = model.classes[sides.label]!;
  const reached = await timed(times, 'search', () =>
    approachBoundary<Tensor4D>({
      generator: classPath(model, sides.label),
      latents: indices.map((index) => latentOf(model, { seed, spaceGroup, index })),
      ...{ score, sides, epsilon, gradientSteps },
    }),
  );
  const made = await timed(times, 'draw', () => drawnAttempts(attempting, indices, reached));
  await timed(times, 'gates', () => applyGates(made, attempting.gates));
  return made;
}

/** Draws what the search reached; the guide judges the stored pixels, which are what counts. */
async function drawnAttempts(
  { model, score, sides, epsilon }: Attempting,
  indices: readonly number[],
  reached: readonly Approach[],
): Promise<Attempt[]> {
  const { label } = sides;
  const origins = reached.map(
    ({ z, offset, partner, t }): Origin => ({ label, partner, t, z, offset }),
  );
  const drawn = await drawTriplets(model, origins);
  const images = drawn.map(({ pixels }) => pixels);
  const logits = scorePixels(score, images, model.space.camera.size);
  return drawn.map((one, row): Attempt => {
    const view = sidedView(logits, row, sides);
    const { partner } = view;
    const reasons = boundaryReasons(view, epsilon);
    const { method, evaluations } = reached[row]!;
    return {
      drawn: one,
      pair: { label, partner },
      view,
      spaceGroup: model.classes[label]!,
      partner: model.classes[partner]!,
      index: indices[row]!,
      origin: origins[row]!,
      method,
      evaluations,
      accepted: reasons.length === 0,
      reasons,
    };
  });
}

/** Gates look at what lies near the boundary only: the rest is refused anyway. */
async function applyGates(attempts: Attempt[], gates: readonly Gate[]): Promise<void> {
  for (const gate of gates) {
    const left = attempts.filter(({ accepted }) => accepted);
    if (left.length === 0) return;
    const passes = await gate.judge(left);
    left.forEach((attempt, i) => {
      if (passes[i]) return;
      attempt.accepted = false;
      attempt.reasons.push(gate.name);
    });
  }
}
