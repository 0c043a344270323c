import { type ClassPair, isNear, type PairView, pairView } from '../classifier/boundary/margin.ts';
import { numbersOf } from '../src/engine/numbers.ts';
import { type Tensor, type Tensor2D, tf } from '../src/engine/tf.ts';
import { findCrossings } from './crossing.ts';
import { pullTogether } from './pull.ts';
import { joinRows } from './vectors.ts';

/** Temperature-scaled logits (B, K) of what the generator draws; differentiable. */
export type Scorer<Image extends Tensor = Tensor> = (images: Image) => Tensor2D;

/** What the boundary search needs of a generator, for one pair of classes. */
export interface PathGenerator<Image extends Tensor = Tensor> {
  latent: number;
  embedding: number;
  /**
   * Images of latent vectors (B, latent) at positions t between the embeddings of label (0) and
   * partner (1), moved by offsets (B, embedding); differentiable in latent vectors and offsets.
   */
  images(z: Tensor2D, offset: Tensor2D, t: readonly number[]): Image;
}

/** How a candidate reached the boundary. */
export type Method = 'path' | 'gradient';

/** Where a candidate stands: latent vector, offset of the embedding, position along the path. */
export interface Place {
  z: Float32Array;
  offset: Float32Array;
  t: number;
}

/** A candidate after the search: where it stands, and what the guide says there. */
export interface Approach extends Place {
  method: Method;
  view: PairView;
  /** Images drawn and scored for it. */
  evaluations: number;
}

export interface ApproachOptions<Image extends Tensor = Tensor> {
  generator: PathGenerator<Image>;
  score: Scorer<Image>;
  pair: ClassPair;
  /** Number of classes K. */
  classes: number;
  /** Starting latent vectors. */
  latents: readonly Float32Array[];
  /** Wanted: 0 <= p(label) - p(partner) < epsilon. */
  epsilon: number;
  /** Precision of t along the path. */
  tolerance?: number;
  /** Gradient steps for candidates whose path does not cross; 0 for none. */
  gradientSteps?: number;
}

/** Positions along the path that are looked at first. */
const GRID = [0, 0.25, 0.5, 0.75, 1] as const;

/** Vectors of one width as a matrix; there may be none. */
export const stack = (rows: readonly Float32Array[], width: number): Tensor2D =>
  tf.tensor2d(joinRows(rows).values, [rows.length, width]);

/** What the guide says of candidates at their positions. */
export function viewsOf<Image extends Tensor>(
  options: Pick<ApproachOptions<Image>, 'generator' | 'score' | 'pair' | 'classes'>,
  candidates: readonly Place[],
): PairView[] {
  const { generator, score, pair, classes } = options;
  const logits = numbersOf(() => {
    const z = stack(
      candidates.map((c) => c.z),
      generator.latent,
    );
    const offset = stack(
      candidates.map((c) => c.offset),
      generator.embedding,
    );
    return score(
      generator.images(
        z,
        offset,
        candidates.map(({ t }) => t),
      ),
    );
  });
  return candidates.map((_, row) => pairView(logits, row, { ...pair, classes }));
}

/**
 * Brings latent vectors to the decision boundary of a pair, on the label's side: along the path
 * between the two class embeddings where the margin crosses there; for the others, and where a
 * third class stands above the pair, by gradient on latent vector and a bounded offset of the
 * embedding. All candidates move together.
 */
export function approachBoundary<Image extends Tensor>(
  options: ApproachOptions<Image>,
): Approach[] {
  const { generator, latents, epsilon, tolerance = 1e-3, gradientSteps = 24 } = options;
  const still = new Float32Array(generator.embedding);
  const at = (row: number, t: number) => ({ z: latents[row]!, offset: still, t });
  const target = epsilon / 2;
  const crossings = findCrossings({
    count: latents.length,
    grid: GRID,
    target,
    tolerance,
    f: (rows, places) =>
      viewsOf(
        options,
        rows.map((row, i) => at(row, places[i]!)),
      ).map(({ margin }) => margin),
  });
  const placed = crossings.map(({ t, nearest }, row) => at(row, t ?? nearest));
  const views = viewsOf(options, placed);
  const found = placed.map((candidate, row): Approach => {
    const evaluations = crossings[row]!.evaluations + 1;
    return { ...candidate, method: 'path', view: views[row]!, evaluations };
  });
  const isThere = ({ view }: Approach): boolean => isNear(view, epsilon) && view.topTwo;
  const far = [...found.keys()].filter((row) => !isThere(found[row]!));
  if (gradientSteps === 0 || far.length === 0) return found;
  const pulled = pullTogether(
    options,
    far.map((row) => found[row]!),
    { target, steps: gradientSteps, isThere },
  );
  far.forEach((row, i) => {
    found[row] = pulled[i]!;
  });
  return found;
}
