import { isNear, type PairView, type Sides, sidedView } from '../../classifier/boundary/margin.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { joinRows } from '../codec/vectors.ts';
import { findCrossings } from './crossing.ts';
import { pullTogether } from './descent.ts';

/** Temperature-scaled logits (B, K) of what the generator draws; differentiable. */
export type Scorer<Image extends Tensor = Tensor> = (images: Image) => Tensor2D;

/** Where on the path from a class to another an embedding lies. */
export interface Toward {
  /** Class index that the path leads to. */
  partner: number;
  /** 0: the class itself, 1: the partner. */
  t: number;
}

/** What the boundary search needs of a generator, for one class. */
export interface PathGenerator<Image extends Tensor = Tensor> {
  latent: number;
  embedding: number;
  /**
   * Images of latent vectors (B, latent) at positions between the embeddings of the class and of
   * others, moved by offsets (B, embedding); differentiable in latent vectors and offsets.
   */
  images(z: Tensor2D, offset: Tensor2D, toward: readonly Toward[]): Image;
}

/** How a candidate reached the boundary. */
export type Method = 'path' | 'gradient';

/** Where a candidate stands: latent vector, offset of the embedding, position along its path. */
export interface Place extends Toward {
  z: Float32Array;
  offset: Float32Array;
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
  /** The class, and the other side of its boundary: a partner, or each candidate's own rival. */
  sides: Sides;
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
  options: Pick<ApproachOptions<Image>, 'generator' | 'score' | 'sides'>,
  candidates: readonly Place[],
): PairView[] {
  const { generator, score, sides } = options;
  const logits = numbersOf(() => {
    const z = stack(
      candidates.map((c) => c.z),
      generator.latent,
    );
    const offset = stack(
      candidates.map((c) => c.offset),
      generator.embedding,
    );
    return score(generator.images(z, offset, candidates));
  });
  return candidates.map((_, row) => sidedView(logits, row, sides));
}

/** Which class the path of each latent vector leads to: the partner, or the rival at its start. */
function destinations<Image extends Tensor>(options: ApproachOptions<Image>): number[] {
  const { generator, sides, latents } = options;
  const { label, partner } = sides;
  if (partner !== null) return latents.map(() => partner);
  const still = new Float32Array(generator.embedding);
  const start = latents.map((z): Place => ({ z, offset: still, partner: label, t: 0 }));
  return viewsOf(options, start).map((view) => view.partner);
}

/** Where the margins of latent vectors cross the target on their paths, or come nearest to it. */
function alongPaths<Image extends Tensor>(
  options: ApproachOptions<Image>,
  target: number,
): Approach[] {
  const { generator, latents, sides, tolerance = 1e-3 } = options;
  const ways = destinations(options);
  const looks = sides.partner === null ? 2 : 1; // beside those of the search for a crossing
  const still = new Float32Array(generator.embedding);
  const at = (row: number, t: number): Place => {
    return { z: latents[row]!, offset: still, partner: ways[row]!, t };
  };
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
  return placed.map((place, row): Approach => {
    const evaluations = crossings[row]!.evaluations + looks;
    return { ...place, method: 'path', view: views[row]!, evaluations };
  });
}

/**
 * Brings latent vectors to the decision boundary of a class, on the label's side: along the path
 * between the two class embeddings where the margin crosses there; for the others, and where a
 * third class stands above the pair, by gradient on latent vector and a bounded offset of the
 * embedding. All candidates move together. Without a named partner each candidate's path leads to
 * its strongest rival at the start, and its margin is against whichever class is the rival where
 * it stands.
 */
export function approachBoundary<Image extends Tensor>(
  options: ApproachOptions<Image>,
): Approach[] {
  const { epsilon, gradientSteps = 24 } = options;
  const target = epsilon / 2;
  const found = alongPaths(options, target);
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
