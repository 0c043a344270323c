import { PIXEL_SCALE } from '../dataset/examples.ts';
import {
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../engine/tf.ts';
import {
  GREYS_PER_LOG,
  LOG_CEILING,
  MODES,
  type PatternDiscs,
  type TripletDiscs,
} from './discs.ts';
import type { Aperture } from './footprint.ts';
import { Scene } from './scene.ts';

/** A batch of patterns; every tensor may carry a gradient. */
export interface DiscTensors {
  /** Pixels a side. */
  size: number;
  /** Column and row of the direct beam. */
  centre: number;
  aperture: Aperture;
  /** Pattern of each disc, ascending, and its zone indices. */
  pattern: Int32Array;
  h: ArrayLike<number>;
  k: ArrayLike<number>;
  /**
   * (patterns, 4) lattice in pixels as in `PatternGeometry.basis`, and (patterns) disc radius in
   * pixels. Plain numbers where nobody asks how the pattern changes with them: that is faster.
   */
  basis: Tensor2D | Float32Array;
  radius: Tensor1D | Float32Array;
  /** (discs, MODES), units of ln above the floor. */
  coefficients: Tensor2D;
  /** (patterns, 3) as in `PatternDiscs.background`; none where absent. */
  background?: Tensor2D;
}

/** Intensity below which the logarithm is not taken: far under the floor of a stored pixel (1). */
const TINY = 1e-9;

/** Background intensity (patterns, size, size); see `PatternDiscs.background`. */
function backgroundOf(background: Tensor2D, size: number, centre: number): Tensor3D {
  const line = tf.range(0, size).sub(centre);
  const square = line.square().expandDims(0).add(line.square().expandDims(1));
  const s = square.sqrt().mul(2 / size);
  const [b0, b1, b2] = tf.split(background, 3, 1).map((b) => b.expandDims(2)) as Tensor3D[];
  const level = b0!.add(b1!.mul(s)).add(b2!.mul(s.square())) as Tensor3D;
  return tf.exp(level.clipByValue(-30, LOG_CEILING)) as Tensor3D;
}

const valuesOf = (numbers: Tensor | Float32Array): Float32Array =>
  numbers instanceof Float32Array ? numbers : (numbers.dataSync() as Float32Array);

const asTensor = (numbers: Tensor | Float32Array, shape: number[]): Tensor =>
  numbers instanceof Float32Array ? tf.tensor(numbers, shape) : numbers;

/** What the discs add, (patterns, size, size); drawn on the host, where the positions are needed. */
function drawDiscs(discs: DiscTensors): Tensor3D {
  const { size, basis, radius, coefficients } = discs;
  const places = { ...discs, basis: valuesOf(basis), radius: valuesOf(radius) };
  const patterns = places.radius.length;
  const fixed = basis instanceof Float32Array && radius instanceof Float32Array;
  const draw = tf.customGrad((...inputs) => {
    const scene = new Scene(places, (inputs[0] as Tensor).dataSync() as Float32Array);
    const value = tf.tensor3d(scene.image(), [patterns, size, size]);
    const gradFunc = (upstream: Tensor | Tensor[]): Tensor[] => {
      const slope = (upstream as Tensor).dataSync() as Float32Array;
      const own = tf.tensor2d(scene.coefficientGradient(slope), coefficients.shape);
      if (fixed) return [own];
      const lattice = scene.latticeGradient(slope);
      return [own, tf.tensor2d(lattice.basis, [patterns, 4]), tf.tensor1d(lattice.radius)];
    };
    return { value, gradFunc };
  });
  if (fixed) return draw(coefficients) as Tensor3D;
  const lattice = [asTensor(basis, [patterns, 4]), asTensor(radius, [patterns])];
  return draw(coefficients, ...lattice) as Tensor3D;
}

/** Linear intensities (patterns, size, size) in units of the floor of a stored pixel. */
export const drawIntensities = (discs: DiscTensors): Tensor3D =>
  tf.tidy(() => {
    const drawn = drawDiscs(discs);
    const { background, size, centre } = discs;
    return background ? (drawn.add(backgroundOf(background, size, centre)) as Tensor3D) : drawn;
  });

/**
 * The stored pixel values of intensities in units of the floor, as networks see them:
 * clip(10 ln I, 0, 255) * PIXEL_SCALE.
 */
const toNetworkUnits = <T extends Tensor>(intensities: T): T =>
  tf.tidy(() =>
    intensities
      .maximum(TINY)
      .log()
      .clipByValue(0, LOG_CEILING)
      .mul(GREYS_PER_LOG * PIXEL_SCALE),
  ) as T;

/**
 * Draws patterns, (patterns, size, size) in network units. Differentiable in the lattice, the
 * radius, the coefficients and the background.
 */
export const renderPatterns = (discs: DiscTensors): Tensor3D =>
  tf.tidy(() => toNetworkUnits(drawIntensities(discs)));

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

/**
 * Draws triplets, (B, S, S, 3) in network units.
 *
 * @example
 * const { triplets } = encodeExamples(store.examples('train'));
 * const drawn = renderTriplets(triplets.slice(0, 8).map((one) => one.discs)); // (8, S, S, 3)
 * @category Generators
 */
export const renderTriplets = (triplets: readonly TripletDiscs[]): Tensor4D =>
  tf.tidy(() => asTriplets(renderPatterns(discTensors(triplets.flat()))));

/** Stored pixel values (uint8) of patterns in network units. */
export async function storedPixels(drawn: Tensor2D | Tensor3D | Tensor4D): Promise<Uint8Array> {
  const values = tf.tidy(() => drawn.div(PIXEL_SCALE).round().toInt());
  const pixels = Uint8Array.from(await values.data());
  values.dispose();
  return pixels;
}
