import type { Weights } from '../../src/engine/parameters.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { conditioned, embed } from '../codec/networks.ts';
import { drawPixels } from './generator.ts';
import type { PixelShape } from './shape.ts';

/** What triplets are made from. */
export interface Request {
  /** (B, latent) */
  z: Tensor2D;
  /** (B, code) */
  codes: Tensor2D;
}

/** Triplets (B, S, S, 3) by the generator, -1 dark; differentiable in the weights. */
export const generate = (shape: PixelShape, weights: Weights, { z, codes }: Request): Tensor4D =>
  drawPixels(weights, conditioned(z, embed(weights, codes)), shape.size);

const UNITS = Float32Array.from({ length: 256 }, (_, pixel) => pixel / 127.5 - 1);

/** Stored pixels as networks see them: 0 to 255 as -1 to 1. */
export const toUnits = (pixels: Uint8Array): Float32Array => {
  const units = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) units[i] = UNITS[pixels[i]!]!;
  return units;
};

/** The nearest stored pixels. */
export const toStored = (units: Float32Array): Uint8Array => {
  const pixels = new Uint8ClampedArray(units.length); // rounds and cuts off
  for (let i = 0; i < units.length; i++) pixels[i] = (units[i]! + 1) * 127.5;
  return new Uint8Array(pixels.buffer);
};

/** Stored triplets as a tensor (B, S, S, 3). */
export const unitTensor = (pixels: Uint8Array, size: number): Tensor4D =>
  tf.tensor4d(toUnits(pixels), [pixels.length / (3 * size * size), size, size, 3]);
