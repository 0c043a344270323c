import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../src/engine/tf.ts';
import { type Approach, type ApproachOptions, stack, viewsOf } from './approach.ts';

interface PullOptions {
  /** Margin to be reached. */
  target: number;
  steps: number;
  isThere: (candidate: Approach) => boolean;
}

/** How far both classes of the pair shall stand above every other, in logits. */
const CLEARANCE = 0.5;
/** Weight of the pull back to latent vectors as long as random ones are. */
const PRIOR = 0.1;
/** Largest offset of an embedding; class embeddings have about the length sqrt(2 embedding). */
const OFFSET_SHARE = 0.25;
const RATE = 0.08;
const BETA = 0.8;
const SQUARE_BETA = 0.95;

/**
 * What the pull minimises, summed over candidates: (m - m*)^2, plus the squared distance by which
 * a third class stands above the pair, plus what makes a latent vector longer than random ones.
 */
function pullLoss<Image extends Tensor>(
  { generator, score, pair, classes }: ApproachOptions<Image>,
  place: { z: Tensor2D; offset: Tensor2D; t: readonly number[] },
  target: number,
) {
  const logits = score(generator.images(place.z, place.offset, place.t));
  const column = (c: number): Tensor1D => logits.slice([0, c], [-1, 1]).reshape([-1]);
  const [own, other] = [column(pair.label), column(pair.partner)];
  const hidden = tf.tensor1d(
    Array.from({ length: classes }, (_, c) => (c === pair.label || c === pair.partner ? 1e6 : 0)),
  );
  const third = logits.sub(hidden).max(1);
  const above = third.add(CLEARANCE).sub(tf.minimum(own, other)).relu().square();
  const length = place.z
    .square()
    .mean(1)
    .sub(1)
    .relu()
    .square()
    .mul(PRIOR * generator.latent);
  return own.sub(other).sub(target).square().add(above).add(length).sum();
}

/** Adam's step for rows that move on their own (Kingma and Ba 2015), and its running means. */
class RowAdam {
  private mean: Tensor2D;
  private square: Tensor2D;
  private step = 0;

  constructor(like: Tensor2D) {
    this.mean = tf.zerosLike(like);
    this.square = tf.zerosLike(like);
  }

  /** The rows after a step; the rows before are disposed of. */
  apply(rows: Tensor2D, gradient: Tensor2D, finish: (rows: Tensor2D) => Tensor2D): Tensor2D {
    this.step++;
    const [mean, square, next] = tf.tidy(() => {
      const m = this.mean.mul(BETA).add(gradient.mul(1 - BETA)) as Tensor2D;
      const s = this.square
        .mul(SQUARE_BETA)
        .add(gradient.square().mul(1 - SQUARE_BETA)) as Tensor2D;
      const direction = m.div(1 - BETA ** this.step).div(
        s
          .div(1 - SQUARE_BETA ** this.step)
          .sqrt()
          .add(1e-8),
      );
      return [m, s, finish(rows.sub(direction.mul(RATE)) as Tensor2D)] as const;
    });
    tf.dispose([this.mean, this.square, rows]);
    this.mean = mean;
    this.square = square;
    return next;
  }

  dispose(): void {
    tf.dispose([this.mean, this.square]);
  }
}

/** Rows cut back to a largest length. */
const bounded = (rows: Tensor2D, largest: number): Tensor2D => {
  const length = rows.square().sum(1, true).add(1e-12).sqrt();
  return rows.mul(tf.minimum(1, tf.div(largest, length))) as Tensor2D;
};

/**
 * Moves candidates toward the boundary by gradient on latent vectors and embedding offsets. Each
 * keeps the first place where it is there; one that never is keeps the place with the smallest
 * distance to the target.
 */
export function pullTogether<Image extends Tensor>(
  options: ApproachOptions<Image>,
  start: readonly Approach[],
  { target, steps, isThere }: PullOptions,
): Approach[] {
  const { generator } = options;
  const best = [...start];
  let open = start.map((_, row) => row);
  let z = stack(
    start.map((c) => c.z),
    generator.latent,
  );
  let offset = stack(
    start.map((c) => c.offset),
    generator.embedding,
  );
  const movers = { z: new RowAdam(z), offset: new RowAdam(offset) };
  const t = start.map((c) => c.t);
  const largest = OFFSET_SHARE * Math.sqrt(2 * generator.embedding);
  const distance = ({ view }: Approach): number =>
    Math.abs(view.margin - target) + (view.topTwo ? 0 : 1);
  for (let step = 1; step <= steps && open.length > 0; step++) {
    const [dz, dOffset] = tf.tidy(() =>
      tf.grads((a, b) => pullLoss(options, { z: a as Tensor2D, offset: b as Tensor2D, t }, target))(
        [z, offset],
      ),
    ) as [Tensor2D, Tensor2D];
    z = movers.z.apply(z, dz, (rows) => rows);
    offset = movers.offset.apply(offset, dOffset, (rows) => bounded(rows, largest));
    tf.dispose([dz, dOffset]);
    const [zs, offsets] = [z.arraySync(), offset.arraySync()];
    const moved = open.map((row) => ({
      z: Float32Array.from(zs[row]!),
      offset: Float32Array.from(offsets[row]!),
      t: t[row]!,
    }));
    const views = viewsOf(options, moved);
    open = open.filter((row, i) => {
      const evaluations = start[row]!.evaluations + 2 * step;
      const now: Approach = { ...moved[i]!, method: 'gradient', view: views[i]!, evaluations };
      const better = isThere(now) || distance(now) < distance(best[row]!);
      best[row] = better ? now : { ...best[row]!, evaluations };
      return !isThere(now);
    });
  }
  tf.dispose([z, offset]);
  movers.z.dispose();
  movers.offset.dispose();
  return best;
}
