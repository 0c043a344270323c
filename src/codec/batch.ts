import { PIXEL_SCALE } from '../dataset/examples.ts';
import { type Tensor2D, type Tensor3D, type Tensor4D, tf } from '../engine/tf.ts';
import type { PatternDiscs, TripletDiscs } from './discs.ts';
import { MODES } from './modes.ts';
import { type DiscTensors, renderPatterns } from './render.ts';

/** A background that leaves no trace, for patterns without one in a batch that has some. */
const NO_BACKGROUND: readonly [number, number, number] = [-30, 0, 0];

/**
 * Patterns of one camera for the renderer, lattices as plain numbers; the caller disposes of the
 * tensors (or tidies).
 */
export function discTensors(patterns: readonly PatternDiscs[]): DiscTensors {
  const first = patterns[0]?.geometry;
  if (!first) throw new RangeError('no pattern to draw');
  const count = patterns.reduce((sum, { geometry }) => sum + geometry.h.length, 0);
  const pattern = new Int32Array(count);
  const h = new Float32Array(count);
  const k = new Float32Array(count);
  const coefficients = new Float32Array(count * MODES);
  let at = 0;
  patterns.forEach(({ geometry, coefficients: own }, index) => {
    if (
      geometry.size !== first.size ||
      geometry.centre !== first.centre ||
      geometry.aperture !== first.aperture
    ) {
      throw new RangeError('patterns of one batch share a camera and an aperture');
    }
    pattern.fill(index, at, at + geometry.h.length);
    h.set(geometry.h, at);
    k.set(geometry.k, at);
    coefficients.set(own, at * MODES);
    at += geometry.h.length;
  });
  const lit = patterns.some(({ background }) => background);
  return {
    size: first.size,
    centre: first.centre,
    aperture: first.aperture,
    pattern,
    h,
    k,
    basis: Float32Array.from(patterns.flatMap(({ geometry }) => geometry.basis)),
    radius: Float32Array.from(patterns, ({ geometry }) => geometry.radius),
    coefficients: tf.tensor2d(coefficients, [count, MODES]),
    background: lit
      ? tf.tensor2d(patterns.map(({ background }) => [...(background ?? NO_BACKGROUND)]))
      : undefined,
  };
}

/** Patterns (3 a triplet, in order) as triplets: (3 B, S, S) to (B, S, S, 3). */
export const asTriplets = (patterns: Tensor3D): Tensor4D =>
  tf.tidy(() => {
    const [count, size] = patterns.shape;
    return patterns.reshape([count / 3, 3, size, size]).transpose([0, 2, 3, 1]) as Tensor4D;
  });

/** Draws triplets, (B, S, S, 3) in network units. */
export const renderTriplets = (triplets: readonly TripletDiscs[]): Tensor4D =>
  tf.tidy(() => asTriplets(renderPatterns(discTensors(triplets.flat()))));

/** Stored pixel values (uint8) of patterns in network units. */
export async function storedPixels(drawn: Tensor2D | Tensor3D | Tensor4D): Promise<Uint8Array> {
  const values = tf.tidy(() => drawn.div(PIXEL_SCALE).round().toInt());
  const pixels = Uint8Array.from(await values.data());
  values.dispose();
  return pixels;
}
