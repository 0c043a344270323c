import { type ClassPair, type PairView, pairView } from '../../classifier/boundary/margin.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { type PathGenerator, stack } from '../boundary/candidate.ts';
import { findCrossings } from '../boundary/crossing.ts';
import { approachBoundary, PATH_GRID } from '../boundary/path.ts';
import {
  type Approached,
  type ApproachRequest,
  type BoundaryPath,
  type GuideScore,
  latentOf,
  type SearchSpace,
} from '../generator.ts';
import type { GanShape } from './networks.ts';
import type { CodecSource, Decoding, DecodingPlan } from './plan.ts';

/** What the search needs of a codec generator. */
interface Movable {
  readonly classes: readonly number[];
  readonly shape: GanShape;
  knows(label: number): boolean;
  embeddings(decodings: readonly Decoding[]): Tensor2D;
  vectors(z: Tensor2D, embeddings: Tensor2D): Tensor2D;
  planOf(vectors: Float32Array, decodings: readonly Decoding[]): DecodingPlan;
  render(vectors: Tensor2D, plan: DecodingPlan): Tensor4D;
}

/** Latent vectors that are tried for a path that crosses. */
const TRIED = 32;

/** The model's images along the paths from a class (by index) to others. */
function classPath(model: Movable, label: number): PathGenerator<Tensor4D> {
  const { latent, embedding } = model.shape;
  return {
    latent,
    embedding,
    images(z, offset, toward) {
      const decodings = toward.map(({ partner, t }) => ({ label, partner, t }));
      const embeddings = model.embeddings(decodings).add(offset) as Tensor2D;
      const vectors = model.vectors(z, embeddings);
      const plan = model.planOf(vectors.dataSync() as Float32Array, decodings);
      return model.render(vectors, plan);
    },
  };
}

function approach(model: Movable, request: ApproachRequest): Approached<CodecSource> {
  const { score, sides, epsilon, seed, first, count, gradientSteps } = request;
  const { latent } = model.shape;
  const { label } = sides;
  const spaceGroup = model.classes[label]!;
  const indices = Array.from({ length: count }, (_, i) => first + i);
  const found = approachBoundary<Tensor4D>({
    generator: classPath(model, label),
    latents: indices.map((index) => latentOf({ latent, seed, spaceGroup, index })),
    score,
    sides,
    epsilon,
    gradientSteps,
  });
  const reached = found.map(({ z, offset, partner, t, method, evaluations }, i) => ({
    index: indices[i]!,
    source: { label, partner, t, z, offset },
    toward: partner,
    position: t,
    method,
    evaluations,
  }));
  return { reached, refused: {}, wasted: 0 };
}

/**
 * A latent vector whose path crosses the boundary, and where: of several the one on which the pair
 * is likeliest there, so that no third class decides. The first one where none crosses.
 */
function crossingPath(
  model: Movable,
  pair: ClassPair,
  { score, seed }: { score: GuideScore; seed: number },
): BoundaryPath<CodecSource> {
  const spaceGroup = model.classes[pair.label]!;
  const { latent } = model.shape;
  const latents = Array.from({ length: TRIED }, (_, index) =>
    latentOf({ latent, seed, spaceGroup, index }),
  );
  const path = classPath(model, pair.label);
  const classes = model.classes.length;
  const views = (rows: readonly number[], t: readonly number[]): PairView[] => {
    const logits = numbersOf(() => {
      const z = stack(
        rows.map((row) => latents[row]!),
        latent,
      );
      const still = tf.zeros([rows.length, path.embedding]) as Tensor2D;
      const toward = t.map((at) => ({ partner: pair.partner, t: at }));
      return score(path.images(z, still, toward));
    });
    return rows.map((_, i) => pairView(logits, i, { ...pair, classes }));
  };
  const found = findCrossings({
    count: TRIED,
    f: (rows, t) => views(rows, t).map(({ margin }) => margin),
    target: 0,
    grid: PATH_GRID,
    tolerance: 1e-3,
  });
  const along = (z: Float32Array, crossing: number | null) => ({
    from: 0,
    to: 1,
    crossing,
    at: (t: number): CodecSource => ({ ...pair, t, z }),
  });
  const rows = [...found.keys()].filter((row) => found[row]!.t !== null);
  if (rows.length === 0) return along(latents[0]!, null);
  const there = views(
    rows,
    rows.map((row) => found[row]!.t!),
  );
  const share = there.map(
    ({ probability, partnerProbability }) => probability + partnerProbability,
  );
  const best = rows[share.indexOf(Math.max(...share))]!;
  return along(latents[best]!, found[best]!.t);
}

/** Latent vector, class embedding and the way between two classes: what a codec GAN can move. */
export const codecSearchSpace = (model: Movable): SearchSpace<CodecSource> => ({
  axis: { name: 'share of the way between the class embeddings', unit: '' },
  allows: (label) => model.knows(label),
  approach: async (request) => approach(model, request),
  path: async (pair, request) => crossingPath(model, pair, request),
});
