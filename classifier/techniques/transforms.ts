import { enantiomorph } from '../../src/crystal/spacegroup.ts';
import { runOperation } from '../../src/engine/operation.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { type Recipe, type Transform, technique } from '../recipe.ts';
import { deferredWeights } from './losses.ts';

const adding = (recipe: Recipe, transform: Transform): Recipe => ({
  ...recipe,
  transforms: [...recipe.transforms, transform],
});

const classical = 'classical augmentation, valid for CBED';

export const TRANSFORM_TECHNIQUES = [
  technique({
    name: 'flips',
    roles: ['transform'],
    summary: 'each pattern mirrored at random (not for enantiomorphic groups)',
    source: classical,
    defaults: {},
    apply: (recipe) => adding(recipe, flips()),
  }),
  technique({
    name: 'dilation',
    roles: ['transform'],
    summary: 'the triplet dilated by exp(N(0, sd)), as by another lattice constant',
    source: classical,
    defaults: { sd: 0.06 },
    apply: (recipe, { sd }) => adding(recipe, dilation(sd)),
  }),
  technique({
    name: 'rotation',
    roles: ['transform'],
    summary: 'the triplet rotated about the beam by N(0, sd) degrees',
    source: classical,
    defaults: { sd: 5 },
    apply: (recipe, { sd }) => adding(recipe, rotation(sd)),
  }),
  technique({
    name: 'shift',
    roles: ['transform'],
    summary: 'the triplet shifted by whole pixels',
    source: classical,
    defaults: { most: 2 },
    apply: (recipe, { most }) => adding(recipe, shift(most)),
  }),
  technique({
    name: 'gain',
    roles: ['transform'],
    summary: 'intensities multiplied by 1 + N(0, sd)',
    source: classical,
    defaults: { sd: 0.1 },
    apply: (recipe, { sd }) => adding(recipe, gain(sd)),
  }),
  technique({
    name: 'noise',
    roles: ['transform'],
    summary: 'normal noise of sd in network units',
    source: classical,
    defaults: { sd: 0.02 },
    apply: (recipe, { sd }) => adding(recipe, noise(sd)),
  }),
];

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

/** Where each output pixel (x, y) about the centre is read: (xx x + xy y + dx, yx x + yy y + dy). */
export interface Affine {
  xx: number;
  xy: number;
  yx: number;
  yy: number;
  /** In pixels. */
  dx: number;
  dy: number;
}

/** Rows of TensorFlow's projective transform, about the centre of an image of `size` pixels. */
function projective({ xx, xy, yx, yy, dx, dy }: Affine, size: number): number[] {
  const centre = (size - 1) / 2;
  const shiftX = centre + dx - (xx + xy) * centre;
  const shiftY = centre + dy - (yx + yy) * centre;
  return [xx, xy, shiftX, yx, yy, shiftY, 0, 0];
}

/**
 * Resamples each image of a batch (N, S, S, C) bilinearly under its own affine map; outside the
 * image is zero. Not differentiable.
 */
export function warp(x: Tensor4D, maps: readonly Affine[]): Tensor4D {
  const size = x.shape[1];
  return tf.tidy(() => {
    const transforms = tf.tensor2d(
      maps.map((map) => projective(map, size)),
      [maps.length, 8],
    ) as Tensor2D;
    const inputs = [x, transforms, tf.tensor1d([size, size], 'int32'), tf.scalar(0)];
    return runOperation('ImageProjectiveTransformV3', inputs, {
      types: { dtype: 'float' },
      texts: { interpolation: 'BILINEAR', fill_mode: 'CONSTANT' },
    }) as Tensor4D;
  });
}

const source = 'Zhang et al. 2018, arXiv:1710.09412';

export const MIXING_TECHNIQUES = [
  technique({
    name: 'mixup',
    roles: ['mixing'],
    summary: 'convex mixtures of pairs of examples and of their labels',
    source,
    defaults: { alpha: 1 },
    apply: (recipe, { alpha }) => ({ ...recipe, mixup: { alpha } }),
  }),
  technique({
    name: 'mixup-drw',
    roles: ['mixing', 'loss'],
    summary: 'mixup, with class-balanced weights at the end',
    source: `${source}; Cao et al. 2019`,
    defaults: { alpha: 1 },
    apply: (recipe, { alpha }) => ({
      ...recipe,
      mixup: { alpha },
      classWeights: deferredWeights,
    }),
  }),
];
