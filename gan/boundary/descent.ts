import { type PairView, type Sides, sidedView } from '../../classifier/boundary/margin.ts';
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import {
  type Approach,
  type ApproachOptions,
  type Place,
  stack,
  type Toward,
  viewsOf,
} from './candidate.ts';

const RATE = 0.08;
const BETA = 0.8;
const SQUARE_BETA = 0.95;

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

  /** Forgets all rows but these. */
  keep(index: Tensor1D): void {
    const [mean, square] = [tf.gather(this.mean, index), tf.gather(this.square, index)];
    this.dispose();
    this.mean = mean;
    this.square = square;
  }

  dispose(): void {
    tf.dispose([this.mean, this.square]);
  }
}

/** Clips each row to a maximum norm. */
const bounded = (rows: Tensor2D, largest: number): Tensor2D => {
  const length = rows.square().sum(1, true).add(1e-12).sqrt();
  return rows.mul(tf.minimum(1, tf.div(largest, length))) as Tensor2D;
};

/** What the guide says of the open candidates, and gradients of a loss (B, latent), (B, embedding). */
interface Scored {
  views: PairView[];
  dz: Tensor2D;
  dOffset: Tensor2D;
}

/** Candidates that are still on their way, and where they stand. */
class OpenRows {
  /** Their places in the list of candidates. */
  rows: number[];
  private toward: Toward[];
  private z: Tensor2D;
  private offset: Tensor2D;
  private readonly movers: { z: RowAdam; offset: RowAdam };

  constructor(
    start: readonly Approach[],
    { latent, embedding }: { latent: number; embedding: number },
  ) {
    this.rows = start.map((_, row) => row);
    this.toward = start.map(({ partner, t }) => ({ partner, t }));
    this.z = stack(
      start.map(({ z }) => z),
      latent,
    );
    this.offset = stack(
      start.map(({ offset }) => offset),
      embedding,
    );
    this.movers = { z: new RowAdam(this.z), offset: new RowAdam(this.offset) };
  }

  places(): Place[] {
    const [zs, offsets] = [this.z.arraySync(), this.offset.arraySync()];
    return this.toward.map((toward, i) => ({
      ...toward,
      z: Float32Array.from(zs[i]!),
      offset: Float32Array.from(offsets[i]!),
    }));
  }

  /**
   * What the guide says where they stand, and how a loss on its logits (B, K) and the latent vectors
   * changes from there. The gradients are the caller's, for `move`.
   */
  score<Image extends Tensor>(
    options: ApproachOptions<Image>,
    loss: (logits: Tensor2D, z: Tensor2D) => Scalar,
  ): Scored {
    const { generator, score: scorer } = options;
    let logits: Tensor2D | undefined;
    const [dz, dOffset] = tf.tidy(() =>
      tf.grads((a, b) => {
        const z = a as Tensor2D;
        const own = scorer(generator.images(z, b as Tensor2D, this.toward));
        logits = tf.keep(own.clone());
        return loss(own, z);
      })([this.z, this.offset]),
    ) as [Tensor2D, Tensor2D];
    const values = logits!.dataSync();
    logits!.dispose();
    const views = this.rows.map((_, i) => sidedView(values, i, options.sides));
    return { views, dz, dOffset };
  }

  /** One step down the gradients, which are disposed of; offsets stay within a length. */
  move({ dz, dOffset }: Pick<Scored, 'dz' | 'dOffset'>, largest: number): void {
    this.z = this.movers.z.apply(this.z, dz, (rows) => rows);
    this.offset = this.movers.offset.apply(this.offset, dOffset, (rows) => bounded(rows, largest));
    tf.dispose([dz, dOffset]);
  }

  /** Leaves out the candidates that need no more steps, so that they are not drawn again. */
  keep(open: readonly boolean[]): void {
    if (open.every(Boolean)) return;
    const kept = [...open.keys()].filter((i) => open[i]);
    this.rows = kept.map((i) => this.rows[i]!);
    this.toward = kept.map((i) => this.toward[i]!);
    if (kept.length === 0) return;
    const index = tf.tensor1d(kept, 'int32');
    const before = [this.z, this.offset];
    this.z = tf.gather(this.z, index);
    this.offset = tf.gather(this.offset, index);
    this.movers.z.keep(index);
    this.movers.offset.keep(index);
    tf.dispose([...before, index]);
  }

  dispose(): void {
    tf.dispose([this.z, this.offset]);
    this.movers.z.dispose();
    this.movers.offset.dispose();
  }
}

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

/**
 * How far logits (B, K) are from what the pull wants, (B): (m - m*)^2, and with a named partner the
 * squared distance by which a third class stands above the pair. Against the strongest rival, m is
 * the distance to the largest of all other logits, so that there is no third class.
 */
function boundaryLoss(logits: Tensor2D, { label, partner, classes }: Sides, target: number) {
  const column = (c: number): Tensor1D => logits.slice([0, c], [-1, 1]).reshape([-1]);
  const hidden = Array.from({ length: classes }, (_, c) =>
    c === label || c === partner ? 1e6 : 0,
  );
  const own = column(label);
  const most = logits.sub(tf.tensor1d(hidden)).max(1);
  if (partner === null) return own.sub(most).sub(target).square();
  const other = column(partner);
  const above = most.add(CLEARANCE).sub(tf.minimum(own, other)).relu().square();
  return own.sub(other).sub(target).square().add(above);
}

/** What the pull minimises, summed over candidates; latent vectors stay as long as random ones. */
function pullLoss<Image extends Tensor>(
  { generator, sides }: ApproachOptions<Image>,
  target: number,
  { logits, z }: { logits: Tensor2D; z: Tensor2D },
): Scalar {
  const length = z
    .square()
    .mean(1)
    .sub(1)
    .relu()
    .square()
    .mul(PRIOR * generator.latent);
  return boundaryLoss(logits, sides, target).add(length).sum() as Scalar;
}

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
  const loss = (logits: Tensor2D, z: Tensor2D): Scalar => pullLoss(options, target, { logits, z });
  const best = [...start];
  const open = new OpenRows(start, options.generator);
  const largest = OFFSET_SHARE * Math.sqrt(2 * options.generator.embedding);
  const distance = ({ view }: Approach): number =>
    Math.abs(view.margin - target) + (view.topTwo ? 0 : 1);
  /** Takes note of where candidates stand after `scored` evaluations; true for those to be moved on. */
  const note = (views: readonly PairView[], scored: number): boolean[] => {
    const places = open.places();
    return open.rows.map((row, i) => {
      const evaluations = start[row]!.evaluations + scored;
      const now: Approach = { ...places[i]!, method: 'gradient', view: views[i]!, evaluations };
      const there = isThere(now);
      const better = there || distance(now) < distance(best[row]!);
      best[row] = better ? now : { ...best[row]!, evaluations };
      return !there;
    });
  };
  for (let step = 1; step <= steps && open.rows.length > 0; step++) {
    const { views, ...gradients } = open.score(options, loss);
    const moving = note(views, step);
    open.move(gradients, largest);
    open.keep(moving);
  }
  if (open.rows.length > 0) note(viewsOf(options, open.places()), steps + 1);
  open.dispose();
  return best;
}
