import { type Tensor4D, tf } from '../../src/engine/tf.ts';
import type { Stream } from '../../src/ground/stream.ts';
import { shifted } from './shift.ts';

/** How a batch is seen: moves in pixels, and what levels above the dark one are multiplied by. */
export interface Views {
  moves: [number, number][];
  /** (B, S, S, 3): contrast, and zero where a square is cut out. */
  factor: Float32Array;
  /** (B) added to all levels. */
  lift: Float32Array;
}

/** Largest move, and side of the square that is cut out, of the side of a triplet. */
const MOVE = 0.1;
const CUT = 1 / 3;
/** Contrast lies between 1 - this and 1 + this. */
const CONTRAST = 0.2;
/** Largest brightness that is added, of a range of 2. */
const BRIGHTNESS = 0.1;

/** Fills one triplet's factors. */
function fillFactor(out: Float32Array, size: number, contrast: number, stream: Stream): void {
  out.fill(contrast);
  const cut = Math.round(CUT * size);
  const [top, left] = [0, 0].map(() => stream.index(size) - Math.floor(cut / 2)) as [
    number,
    number,
  ];
  const from = Math.max(0, left);
  const to = Math.min(size, left + cut);
  for (let row = Math.max(0, top); row < Math.min(size, top + cut); row++) {
    out.fill(0, 3 * (row * size + from), 3 * (row * size + to));
  }
}

/** Draws how a batch is seen. */
export function drawViews(stream: Stream, { count, size }: { count: number; size: number }): Views {
  const each = 3 * size * size;
  const most = Math.floor(MOVE * size);
  const factor = new Float32Array(count * each);
  const moves = Array.from({ length: count }, (_, i): [number, number] => {
    const contrast = stream.between(1 - CONTRAST, 1 + CONTRAST);
    fillFactor(factor.subarray(i * each, (i + 1) * each), size, contrast, stream);
    return [stream.index(2 * most + 1) - most, stream.index(2 * most + 1) - most];
  });
  return { moves, factor, lift: stream.uniforms(count, -BRIGHTNESS, BRIGHTNESS) };
}

/**
 * DiffAugment (Zhao et al. 2020) as far as it leaves a diffraction pattern one: small moves,
 * contrast above the dark level, brightness, a square cut out. No turn, flip or colour, which would
 * move intensity between the three zone axes. Triplets (B, S, S, 3) in [-1, 1]; differentiable.
 */
export function augmented(x: Tensor4D, { moves, factor, lift }: Views): Tensor4D {
  const levels = shifted(x.add(1) as Tensor4D, moves);
  const added = tf.tensor4d(
    lift.map((value) => value - 1),
    [lift.length, 1, 1, 1],
  );
  return levels.mul(tf.tensor4d(factor, x.shape)).add(added) as Tensor4D;
}
