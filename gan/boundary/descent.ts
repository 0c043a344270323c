import type { PairView, Sides } from '../../classifier/boundary/margin.ts';
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { type Approach, type ApproachOptions, viewsOf } from './approach.ts';
import { OpenRows } from './open-rows.ts';

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
  /** Takes note of where candidates stand after `looks` looks; true for those to be moved on. */
  const judge = (views: readonly PairView[], looks: number): boolean[] => {
    const places = open.places();
    return open.rows.map((row, i) => {
      const evaluations = start[row]!.evaluations + looks;
      const now: Approach = { ...places[i]!, method: 'gradient', view: views[i]!, evaluations };
      const there = isThere(now);
      const better = there || distance(now) < distance(best[row]!);
      best[row] = better ? now : { ...best[row]!, evaluations };
      return !there;
    });
  };
  for (let step = 1; step <= steps && open.rows.length > 0; step++) {
    const { views, ...gradients } = open.look(options, loss);
    const moving = judge(views, step);
    open.move(gradients, largest);
    open.keep(moving);
  }
  if (open.rows.length > 0) judge(viewsOf(options, open.places()), steps + 1);
  open.dispose();
  return best;
}
