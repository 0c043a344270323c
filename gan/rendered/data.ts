import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { drawVectors, type SpaceContext } from '../codec/decode.ts';
import { planDecoding } from '../codec/plan.ts';
import { type CodecSpace, vectorWidth } from '../codec/space.ts';

/** The space of training vectors, and the real patterns that they stand for. */
export interface PatternsBehind {
  space: CodecSpace;
  /** Stored pixels (rows.length, S, S, 3) of training rows. */
  images(rows: ArrayLike<number>): Uint8Array;
}

/** Bytes of drawn triplets that are kept; further ones are drawn whenever they are asked for. */
const KEPT_BYTES = 256 << 20;

/** Stored triplets as a tensor in network units. */
export const storedTensor = (pixels: Uint8Array, size: number): Tensor4D =>
  tf.tidy(() =>
    tf
      .tensor4d(pixels, [pixels.length / (3 * size * size), size, size, 3], 'int32')
      .mul<Tensor4D>(PIXEL_SCALE),
  );

/**
 * Training rows as the codec draws them: what the generator could make of them at best. Each is
 * drawn by itself and kept as stored pixels, so that it is the same whenever it is asked for.
 */
export class DrawnRows {
  private readonly known = new Map<number, Uint8Array>();
  private readonly context: SpaceContext;
  private readonly rows: { values: Float32Array; labels: Int32Array };

  constructor(context: SpaceContext, rows: { values: Float32Array; labels: Int32Array }) {
    this.context = context;
    this.rows = rows;
  }

  /** Stored pixels (rows.length, S, S, 3). */
  images(rows: ArrayLike<number>): Uint8Array {
    const { size } = this.context.space.camera;
    const out = new Uint8Array(rows.length * 3 * size * size);
    Array.from(rows).forEach((row, i) => {
      out.set(this.one(row), i * 3 * size * size);
    });
    return out;
  }

  private one(row: number): Uint8Array {
    const ready = this.known.get(row);
    if (ready) return ready;
    const { space } = this.context;
    const width = vectorWidth(space);
    const vector = this.rows.values.slice(row * width, (row + 1) * width);
    const plan = planDecoding(space, vector, [{ label: this.rows.labels[row]! }]);
    const drawn = tf.tidy(() => {
      const images = drawVectors(tf.tensor2d(vector, [1, width]) as Tensor2D, plan, this.context);
      return images.div(PIXEL_SCALE).round();
    });
    const pixels = Uint8Array.from(drawn.dataSync());
    drawn.dispose();
    if (this.known.size * pixels.length < KEPT_BYTES) this.known.set(row, pixels);
    return pixels;
  }
}
