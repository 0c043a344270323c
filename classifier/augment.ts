import { enantiomorph } from '../src/crystal/spacegroup.ts';
import { type Tensor4D, tf } from '../src/engine/tf.ts';
import type { Stream } from '../src/ground/stream.ts';
import type { Transform } from './recipe.ts';
import { type Affine, warp } from './warp.ts';

const STILL: Affine = { xx: 1, xy: 0, yx: 0, yy: 1, dx: 0, dy: 0 };

const PATTERNS = 3;

const eachOf = (x: Tensor4D, map: () => Affine): Tensor4D =>
  warp(x, Array.from({ length: x.shape[0] }, map));

/** True where the mirror image of a pattern still belongs to the label. */
export const survivesMirror = (spaceGroup: number): boolean => enantiomorph(spaceGroup) === null;

/** Reverses each pattern of each example along `axis` where a fair coin says so. */
function flipAlong(x: Tensor4D, axis: 1 | 2, allowed: readonly boolean[], stream: Stream) {
  const coins = Float32Array.from({ length: x.shape[0] * PATTERNS }, (_, i) =>
    stream.uniform() < 0.5 && allowed[Math.floor(i / PATTERNS)] ? 1 : 0,
  );
  return tf.tidy(() => {
    const mask = tf.tensor4d(coins, [x.shape[0], 1, 1, PATTERNS]).cast('bool');
    return tf.where(mask, tf.reverse(x, axis), x) as Tensor4D;
  });
}

/**
 * Mirrors each of the three patterns by itself, left-right and up-down. Examples of the 22
 * enantiomorphic groups are left alone: their mirror image is of the partner group.
 */
export const flips =
  (): Transform =>
  (x, { labels, classes, stream }) => {
    const allowed = Array.from(labels, (label) => survivesMirror(classes[label]!));
    return tf.tidy(() => flipAlong(flipAlong(x, 1, allowed, stream), 2, allowed, stream));
  };

/** Dilates the three patterns of an example alike by exp(N(0, sd)): a lattice a little larger. */
export const dilation =
  (sd: number): Transform =>
  (x, { stream }) =>
    eachOf(x, () => {
      const scale = Math.exp(sd * stream.normal());
      return { ...STILL, xx: scale, yy: scale };
    });

/** Rotates the three patterns of an example alike about the beam by N(0, sd) degrees. */
export const rotation =
  (sd: number): Transform =>
  (x, { stream }) =>
    eachOf(x, () => {
      const angle = (sd * stream.normal() * Math.PI) / 180;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return { ...STILL, xx: cos, xy: -sin, yx: sin, yy: cos };
    });

/** Shifts by whole pixels, up to `most` in each direction. */
export const shift =
  (most: number): Transform =>
  (x, { stream }) =>
    eachOf(x, () => ({
      ...STILL,
      dx: stream.index(2 * most + 1) - most,
      dy: stream.index(2 * most + 1) - most,
    }));

/** Multiplies the values of an example by 1 + N(0, sd), kept above zero. */
export const gain =
  (sd: number): Transform =>
  (x, { stream }) =>
    tf.tidy(() => {
      const factors = Float32Array.from({ length: x.shape[0] }, () =>
        Math.max(0, 1 + sd * stream.normal()),
      );
      return x.mul(tf.tensor4d(factors, [x.shape[0], 1, 1, 1])) as Tensor4D;
    });

/** Adds normal noise of a standard deviation in network units (255 is about 2). */
export const noise =
  (sd: number): Transform =>
  (x, { stream }) =>
    tf.tidy(
      () => x.add(tf.randomNormal(x.shape, 0, sd, 'float32', stream.index(2 ** 31))) as Tensor4D,
    );
