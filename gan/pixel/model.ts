import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { classCodes } from '../codec/codes.ts';
import { joinRows } from '../codec/vectors.ts';
import { knownLabel, type Lineage } from '../lineage.ts';
import { drawRows, scoreRows } from './chunks.ts';
import { pixelLayout } from './generator.ts';
import { toStored, toUnits } from './networks.ts';
import type { PixelShape } from './shape.ts';

export interface PixelParts {
  shape: PixelShape;
  /** Space groups, ascending. */
  classes: readonly number[];
  /** Flat weights of the averaged generator. */
  weights: Float32Array;
  /** Those of the discriminator, kernels normalised. */
  critic: Float32Array;
  lineage: Lineage;
}

/** Where a triplet drawn in pixels comes from: enough to draw it again. */
export interface PixelOrigin {
  /** Class index. */
  label: number;
  /** (latent) */
  z: Float32Array;
}

export const PIXEL_FORMAT = 'cbed-gan pixel generator 2';

/** Triplets are drawn in blocks of this many, short ones padded: see `BLOCK` of the codec GAN. */
export const PIXEL_BLOCK = 16;

/** A trained conditional GAN on pixels. Free it with `dispose`. */
export class PixelModel {
  readonly shape: PixelShape;
  readonly classes: readonly number[];
  readonly lineage: Lineage;
  /** SHA-256 of the weights of both networks. */
  readonly digest: string;
  private readonly parts: PixelParts;
  private readonly generator: Tensor1D;
  private readonly critic: Tensor1D;
  private readonly codes: Tensor2D;

  constructor(parts: PixelParts) {
    this.parts = parts;
    this.shape = parts.shape;
    this.classes = parts.classes;
    this.lineage = parts.lineage;
    this.generator = tf.tensor1d(parts.weights);
    this.critic = tf.tensor1d(parts.critic);
    const { values, code } = classCodes(parts.classes);
    this.codes = tf.tensor2d(values, [parts.classes.length, code]);
    this.digest = digestOf([parts.weights, parts.critic].map((array) => digestOf(array)));
  }

  /** Label of a space group; an input error names the classes where the GAN does not know it. */
  labelOf(spaceGroup: number): number {
    return knownLabel(this.classes, (label) => this.lineage.counts[label]! > 0, spaceGroup);
  }

  /** Stored pixels (S, S, 3) of each origin; equal origins at equal places are equal to the bit. */
  draw(origins: readonly PixelOrigin[]): Uint8Array[] {
    const padded = [...origins];
    while (padded.length % PIXEL_BLOCK > 0) padded.push(origins[0]!);
    const z = joinRows(padded.map((origin) => origin.z)).values;
    const labels = Int32Array.from(padded, ({ label }) => label);
    const { values, width } = drawRows(this.inUse(this.generator), { labels, z }, PIXEL_BLOCK);
    return origins.map((_, i) => toStored(values.subarray(i * width, (i + 1) * width)));
  }

  /** How real the discriminator finds stored triplets under class labels: higher is more real. */
  scores(images: readonly Uint8Array[], labels: readonly number[]): Float32Array {
    const rows = { ...joinRows(images.map(toUnits)), labels: Int32Array.from(labels) };
    return scoreRows(this.inUse(this.critic), rows);
  }

  private inUse(flat: Tensor1D) {
    return { shape: this.shape, flat, codes: this.codes };
  }

  save(path: string): void {
    const { shape, classes, lineage, weights, critic } = this.parts;
    writeTensorFile(path, {
      arrays: { 'generator/weights': weights, 'discriminator/weights': critic },
      description: { format: PIXEL_FORMAT, shape, classes, lineage, digest: this.digest },
    });
  }

  /** @throws input error where the file is no generator on pixels or was changed. */
  static load(path: string): PixelModel {
    const { arrays, description } = readTensorFile(path);
    if (description.format !== PIXEL_FORMAT) {
      throw inputError(
        `${path} is no generator on pixels`,
        'train one: gan train --generator pixel',
      );
    }
    const { shape, classes, lineage } = description as unknown as PixelParts;
    const weights = arrays['generator/weights'] as Float32Array;
    const critic = arrays['discriminator/weights'] as Float32Array;
    const model = new PixelModel({ shape, classes, lineage, weights, critic });
    if (model.digest === description.digest && weights.length === pixelLayout(shape).size) {
      return model;
    }
    model.dispose();
    throw inputError(`${path} was changed after it was written`);
  }

  dispose(): void {
    tf.dispose([this.generator, this.critic, this.codes]);
  }
}
