import { enantiomorph } from '../src/crystal/spacegroup.ts';
import { type Tensor4D, tf } from '../src/engine/tf.ts';
import type { Transform } from './recipe.ts';
import { type Affine, warp } from './warp.ts';

/** True where the mirror image of a pattern still belongs to the label. */
export const survivesMirror = (spaceGroup: number): boolean => enantiomorph(spaceGroup) === null;

/**
 * Mirrors each of the three patterns by itself, left-right and up-down. Examples of the 22
 * enantiomorphic groups are left alone: their mirror image is of the partner group.
 */
export const flips = (): Transform => ({
  on: 'placement',
  draw(placement, { spaceGroup, stream }) {
    if (!survivesMirror(spaceGroup)) return;
    for (const pattern of [0, 1, 2] as const) {
      placement.flipX[pattern] = stream.uniform() < 0.5;
      placement.flipY[pattern] = stream.uniform() < 0.5;
    }
  },
});

/** Dilates the three patterns of an example alike by exp(N(0, sd)), as another lattice constant would. */
export const dilation = (sd: number): Transform => ({
  on: 'placement',
  draw(placement, { stream }) {
    placement.scale *= Math.exp(sd * stream.normal());
  },
});

/** Shifts by whole pixels, up to `most` in each direction. */
export const shift = (most: number): Transform => ({
  on: 'placement',
  draw(placement, { stream }) {
    placement.dx += stream.index(2 * most + 1) - most;
    placement.dy += stream.index(2 * most + 1) - most;
  },
});

const STILL: Affine = { xx: 1, xy: 0, yx: 0, yy: 1, dx: 0, dy: 0 };

/** Rotates the three patterns of an example alike about the beam by N(0, sd) degrees. */
export const rotation = (sd: number): Transform => ({
  on: 'input',
  apply: (x, stream) =>
    warp(
      x,
      Array.from({ length: x.shape[0] }, () => {
        const angle = (sd * stream.normal() * Math.PI) / 180;
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        return { ...STILL, xx: cos, xy: -sin, yx: sin, yy: cos };
      }),
    ),
});

/** Multiplies the values of an example by 1 + N(0, sd), kept above zero. */
export const gain = (sd: number): Transform => ({
  on: 'input',
  apply: (x, stream) =>
    tf.tidy(() => {
      const factors = Float32Array.from({ length: x.shape[0] }, () =>
        Math.max(0, 1 + sd * stream.normal()),
      );
      return x.mul(tf.tensor4d(factors, [x.shape[0], 1, 1, 1])) as Tensor4D;
    }),
});

/** Adds normal noise of a standard deviation in network units (255 is about 2). */
export const noise = (sd: number): Transform => ({
  on: 'input',
  apply: (x, stream) =>
    tf.tidy(() => {
      const seed = stream.index(2 ** 31);
      return x.add(tf.randomNormal(x.shape, 0, sd, 'float32', seed)) as Tensor4D;
    }),
});
