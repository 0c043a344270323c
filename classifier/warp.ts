import { operation } from '../src/engine/operation.ts';
import { type Tensor2D, type Tensor4D, tf } from '../src/engine/tf.ts';

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
    return operation('ImageProjectiveTransformV3', inputs, {
      types: { dtype: 'float' },
      texts: { interpolation: 'BILINEAR', fill_mode: 'CONSTANT' },
    }) as Tensor4D;
  });
}
