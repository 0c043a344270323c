import type { Stream } from '../../src/common/stream.ts';
import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import { runOperation } from '../../src/engine/operation.ts';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { custom, type Saved } from '../training/layers.ts';

/** Moves of images in whole pixels: dx to the left, dy upward. */
export type Moves = readonly (readonly [dx: number, dy: number])[];

/** Which pixel of a list (B S S) each pixel is after its image was moved; one past the end: dark. */
function readFrom(moves: Moves, size: number): Int32Array {
  const outside = moves.length * size * size;
  const index = new Int32Array(outside).fill(outside);
  moves.forEach(([dx, dy], image) => {
    const from = Math.max(0, -dx);
    const to = Math.min(size, size - dx);
    for (let row = Math.max(0, -dy); row < Math.min(size, size - dy); row++) {
      const start = (image * size + row) * size;
      const shift = dy * size + dx;
      for (let column = from; column < to; column++) {
        index[start + column] = start + column + shift;
      }
    }
  });
  return index;
}

/** Rows of a table by index, by TensorFlow's kernel: tfjs first reads every index back. */
const rowsAt = (table: Tensor2D, index: Int32Array): Tensor =>
  runOperation('GatherV2', [table, tf.tensor1d(index, 'int32'), tf.scalar(0, 'int32')], {
    types: { Tparams: 'float', Tindices: 'int32', Taxis: 'int32' },
    ints: { batch_dims: 0 },
  });

/** Every image read at (x + dx, y + dy); outside is zero. */
function read(x: Tensor, moves: Moves): Tensor {
  const [count, size, , channels] = x.shape as Tensor4D['shape'];
  const pixels = x.reshape([count * size * size, channels]);
  const padded = tf.concat([pixels, tf.zeros([1, channels])], 0) as Tensor2D;
  return rowsAt(padded, readFrom(moves, size)).reshape(x.shape);
}

/**
 * Images (B, S, S, C), each moved by whole pixels; zero comes in from outside. Its gradient is the
 * move back.
 */
export function shifted(x: Tensor4D, moves: Moves): Tensor4D {
  const back = moves.map(([dx, dy]): [number, number] => [-dx, -dy]);
  const move = tf.customGrad((input) => ({
    value: read(input as Tensor, moves),
    gradFunc: (upstream) => read(upstream as Tensor, back),
  }));
  return move(x) as Tensor4D;
}

/** How a triplet is seen. */
export interface View {
  /** In whole pixels: read at (x + dx, y + dy), dark outside. */
  move: [dx: number, dy: number];
  /** What levels above the dark one are multiplied by. */
  contrast: number;
  /** Rows and columns that are dark: first, and one past the last. */
  cut: { rows: [number, number]; columns: [number, number] };
  /** Added to all levels. */
  lift: number;
}

/** Largest move, and side of the square that is cut out, of the side of a triplet. */
const MOVE = 0.1;
const CUT = 1 / 3;
/** Contrast lies between 1 - this and 1 + this. */
const CONTRAST = 0.2;
/** Largest brightness that is added, of a range of 2. */
const BRIGHTNESS = 0.1;

/** Draws how the triplets of a batch are seen. */
export function drawViews(
  stream: Stream,
  { count, size }: { count: number; size: number },
): View[] {
  const most = Math.floor(MOVE * size);
  const side = Math.round(CUT * size);
  const range = (): [number, number] => {
    const from = stream.index(size) - Math.floor(side / 2);
    return [Math.max(0, from), Math.min(size, from + side)];
  };
  const move = (): number => stream.index(2 * most + 1) - most;
  const views = Array.from({ length: count }, (): View => {
    const contrast = stream.between(1 - CONTRAST, 1 + CONTRAST);
    const cut = { rows: range(), columns: range() };
    return { contrast, cut, move: [move(), move()], lift: 0 };
  });
  const lifts = stream.uniforms(count, -BRIGHTNESS, BRIGHTNESS);
  return views.map((view, i) => ({ ...view, lift: lifts[i]! }));
}

/** By the fused kernels. */
const augmentedAtOnce = (run: Kernels, views: View[], noise: Tensor | null) =>
  custom<Tensor4D>((...inputs) => {
    const [images, save] = inputs as [Tensor4D, Saved];
    const looks = tf.tensor2d(
      views.map(({ move, contrast, lift, cut }) => [
        ...[...move, contrast, lift],
        ...[...cut.rows, ...cut.columns],
      ]),
    );
    save([looks]);
    return {
      value: run('CbedView', [images, looks, noise ?? tf.zeros([0])], 1)[0]!,
      gradFunc: (upstream, [saved]) => run('CbedViewGrad', [upstream, saved!], 1),
    };
  });

/** (B, S, S, 1): contrast, and zero where a square is cut out. */
function factorsOf(views: View[], size: number): Tensor4D {
  const out = new Float32Array(views.length * size * size);
  views.forEach(({ contrast, cut: { rows, columns } }, i) => {
    const own = out.subarray(i * size * size, (i + 1) * size * size).fill(contrast);
    for (let row = rows[0]; row < rows[1]; row++) {
      own.fill(0, row * size + columns[0], row * size + columns[1]);
    }
  });
  return tf.tensor4d(out, [views.length, size, size, 1]);
}

/**
 * DiffAugment (Zhao et al. 2020) as far as it leaves a diffraction pattern one: small moves,
 * contrast above the dark level, brightness, a square cut out, and noise (B, S, S, 3) where there
 * is any. No turn, flip or colour, which would move intensity between the three zone axes.
 * Triplets (B, S, S, 3) in [-1, 1]; differentiable once in them.
 */
export function augmented(x: Tensor4D, views: View[], noise: Tensor4D | null = null): Tensor4D {
  const run = kernels();
  if (run) return augmentedAtOnce(run, views, noise)(x);
  const moved = shifted(
    x.add(1) as Tensor4D,
    views.map(({ move }) => move),
  );
  const lifts = tf.tensor4d(
    views.map(({ lift }) => lift - 1),
    [views.length, 1, 1, 1],
  );
  const view = moved.mul(factorsOf(views, x.shape[1])).add(lifts) as Tensor4D;
  return noise ? (view.add(noise) as Tensor4D) : view;
}
