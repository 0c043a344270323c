import { type PairView, type Sides, sidedView } from '../../classifier/boundary/margin.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { joinRows } from '../training/batches.ts';

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
