import { type ClassPair, isNear, type PairView, pairView } from '../classifier/boundary/margin.ts';
import { PIXEL_SCALE } from '../src/dataset/examples.ts';
import { numbersOf } from '../src/engine/numbers.ts';
import { type Tensor2D, type Tensor4D, tf } from '../src/engine/tf.ts';
import { usageError } from '../src/ground/errors.ts';
import { type Progress, type ProgressFactory, silentProgress } from '../src/ground/progress.ts';
import {
  type Approach,
  approachBoundary,
  type Method,
  type PathGenerator,
  type Scorer,
} from './approach.ts';
import type { GanModel } from './model.ts';
import { type Drawn, drawTriplets, latentOf, type Origin } from './sample.ts';

/**
 * A condition that candidates must meet beside lying near the boundary, such as realism or the
 * agreement of classifiers of other seeds; `judge` gives true for those that do.
 */
export interface Gate {
  /** What a rejected candidate is told: `realism`, `verifier`. */
  name: string;
  judge(candidates: readonly Candidate[], pair: ClassPair): boolean[] | Promise<boolean[]>;
}

/** A drawn candidate before the gates. */
export interface Candidate {
  drawn: Drawn;
  /** What the guide says of the stored pixels. */
  view: PairView;
}

/** One attempt, accepted or not: enough to draw it again and to say why it was refused. */
export interface Attempt extends Candidate {
  /** Space groups. */
  spaceGroup: number;
  partner: number;
  /** Number of the latent vector under the seed and space group. */
  index: number;
  origin: Origin;
  method: Method;
  evaluations: number;
  accepted: boolean;
  /** Why it was refused; empty where it was accepted. */
  reasons: string[];
}

export interface PairSearch {
  model: GanModel;
  /** Logits of network inputs by the guide, differentiable. */
  score: Scorer<Tensor4D>;
  /** Space groups: the label, and the class on the other side. */
  spaceGroup: number;
  partner: number;
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
  partner: number;
  attempts: Attempt[];
  accepted: number;
  /** How often each reason refused an attempt. */
  reasons: Record<string, number>;
  /** Images drawn and scored. */
  evaluations: number;
  /** Milliseconds of each phase: the search, drawing the results, the gates. */
  times: { search: number; draw: number; gates: number };
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

/** The model's images along the path of a pair. */
export function pairPath(model: GanModel, pair: ClassPair): PathGenerator<Tensor4D> {
  const { latent, embedding } = model.shape;
  return {
    latent,
    embedding,
    images(z, offset, t) {
      const decodings = t.map((share) => ({ ...pair, t: share }));
      const embeddings = model.embeddings(decodings).add(offset) as Tensor2D;
      const vectors = model.vectors(z, embeddings);
      return model.draw(vectors, model.plan(vectors.dataSync() as Float32Array, decodings));
    },
  };
}

/** Logits of stored pixels, (N, K). */
export function scorePixels(
  score: Scorer<Tensor4D>,
  images: readonly Uint8Array[],
  size: number,
): Float32Array {
  const pixels = new Float32Array(images.length * size * size * 3);
  images.forEach((image, i) => {
    pixels.set(image, i * image.length);
  });
  return numbersOf(() => {
    const input = tf.tensor4d(pixels, [images.length, size, size, 3]).mul(PIXEL_SCALE);
    return score(input as Tensor4D);
  });
}

/** Why a view does not do, in words; empty where it does. */
function boundaryReasons(view: PairView, epsilon: number): string[] {
  const reasons: string[] = [];
  if (!view.topTwo) reasons.push('a third class');
  if (view.gap < 0) reasons.push("the partner's side");
  else if (!isNear(view, epsilon)) reasons.push('far from the boundary');
  return reasons;
}

/** Milliseconds that some work takes are added to a phase. */
async function timed<T>(
  times: PairResult['times'],
  phase: keyof PairResult['times'],
  work: () => T | Promise<T>,
): Promise<T> {
  const start = performance.now();
  const result = await work();
  times[phase] += performance.now() - start;
  return result;
}

async function attemptBatch(
  search: PairSearch,
  pair: ClassPair,
  range: { first: number; count: number; times: PairResult['times'] },
): Promise<Attempt[]> {
  const { model, score, seed, spaceGroup, epsilon, gradientSteps } = search;
  const indices = Array.from({ length: range.count }, (_, i) => range.first + i);
  const reached = await timed(range.times, 'search', () =>
    approachBoundary<Tensor4D>({
      generator: pairPath(model, pair),
      score,
      pair,
      classes: model.classes.length,
      latents: indices.map((index) => latentOf(model, { seed, spaceGroup, index })),
      epsilon,
      gradientSteps,
    }),
  );
  const made = await timed(range.times, 'draw', () =>
    drawnAttempts(search, pair, indices, reached),
  );
  await timed(range.times, 'gates', () => applyGates(made, pair, search.gates ?? []));
  return made;
}

/** Draws what the search reached; the guide judges the stored pixels, which are what counts. */
async function drawnAttempts(
  { model, score, spaceGroup, partner, epsilon }: PairSearch,
  pair: ClassPair,
  indices: readonly number[],
  reached: readonly Approach[],
): Promise<Attempt[]> {
  const origins = reached.map(({ z, offset, t }): Origin => ({ ...pair, z, offset, t }));
  const drawn = await drawTriplets(model, origins);
  const images = drawn.map(({ pixels }) => pixels);
  const logits = scorePixels(score, images, model.space.camera.size);
  return drawn.map((one, row): Attempt => {
    const view = pairView(logits, row, { ...pair, classes: model.classes.length });
    const reasons = boundaryReasons(view, epsilon);
    const { method, evaluations } = reached[row]!;
    return {
      drawn: one,
      view,
      spaceGroup,
      partner,
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
async function applyGates(
  attempts: Attempt[],
  pair: ClassPair,
  gates: readonly Gate[],
): Promise<void> {
  for (const gate of gates) {
    const left = attempts.filter(({ accepted }) => accepted);
    if (left.length === 0) return;
    const passes = await gate.judge(left, pair);
    left.forEach((attempt, i) => {
      if (passes[i]) return;
      attempt.accepted = false;
      attempt.reasons.push(gate.name);
    });
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
  const pair = { label: model.labelOf(spaceGroup), partner: model.labelOf(partner) };
  const stage = `boundary ${spaceGroup}:${partner}`;
  const bar: Progress = (search.progress ?? silentProgress)(stage, count);
  const attempts: Attempt[] = [];
  const times = { search: 0, draw: 0, gates: 0 };
  let accepted = 0;
  while (accepted < count && attempts.length < most) {
    const size = Math.min(batch, most - attempts.length);
    const made = await attemptBatch(search, pair, { first: attempts.length, count: size, times });
    attempts.push(...made);
    await new Promise(setImmediate); // lets Ctrl-C and the display through
    const more = Math.min(count - accepted, made.filter((one) => one.accepted).length);
    accepted += more;
    bar.advance(more, `${accepted} of ${attempts.length} attempts`);
  }
  bar.done(`${accepted} of ${attempts.length} attempts`);
  const reasons: Record<string, number> = {};
  for (const reason of attempts.flatMap((one) => one.reasons)) {
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  const evaluations = attempts.reduce((sum, one) => sum + one.evaluations, 0);
  return { spaceGroup, partner, attempts, accepted, reasons, evaluations, times };
}
