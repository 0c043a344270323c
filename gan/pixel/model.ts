import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { classCodes } from '../codec/codes.ts';
import { joinRows } from '../codec/vectors.ts';
import { knownLabel, type Lineage } from '../lineage.ts';
import { drawRows, scoreRows } from './chunks.ts';
import { generatorLayout, toStored, toUnits, unitTensor } from './networks.ts';
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

/** The real triplets that a residual generator changes: training triplets of its store and size. */
export type Sources = Pick<Examples, 'labels' | 'materials' | 'images'>;

/** Where a triplet drawn in pixels comes from: enough to draw it again. */
export interface PixelOrigin {
  /** Class index. */
  label: number;
  /** (latent) */
  z: Float32Array;
  /** Row of the sources that was changed; null where the generator draws from nothing. */
  source: number | null;
}

export const PIXEL_FORMAT = 'cbed-gan pixel generator 1';

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
  private readonly sources: Sources | null;
  private readonly generator: Tensor1D;
  private readonly critic: Tensor1D;
  private readonly codes: Tensor2D;

  /** `sources` are needed by a residual generator that is to draw. */
  constructor(parts: PixelParts, sources: Sources | null = null) {
    this.parts = parts;
    this.shape = parts.shape;
    this.classes = parts.classes;
    this.lineage = parts.lineage;
    this.sources = sources;
    this.generator = tf.tensor1d(parts.weights);
    this.critic = tf.tensor1d(parts.critic);
    const { values, code } = classCodes(parts.classes);
    this.codes = tf.tensor2d(values, [parts.classes.length, code]);
    this.digest = digestOf([parts.weights, parts.critic].map((array) => digestOf(array)));
  }

  /** The same model with the triplets that it changes. */
  withSources(sources: Sources): PixelModel {
    return new PixelModel(this.parts, sources);
  }

  /** Label of a space group; an input error names the classes where the GAN does not know it. */
  labelOf(spaceGroup: number): number {
    return knownLabel(this.classes, (label) => this.lineage.counts[label]! > 0, spaceGroup);
  }

  /** Rows of the sources of a class; empty where the generator draws from nothing. */
  sourcesOf(label: number): number[] {
    if (this.shape.kind === 'pixel') return [];
    const { labels } = this.withWhat();
    return [...labels.keys()].filter((row) => labels[row] === label);
  }

  /** Material of a row of the sources. */
  materialOf(row: number): string {
    return this.withWhat().materials[row]!;
  }

  private withWhat(): Sources {
    if (!this.sources) throw new RangeError('a residual generator needs its sources');
    return this.sources;
  }

  /** Stored pixels (S, S, 3) of each origin; equal origins at equal places are equal to the bit. */
  draw(origins: readonly PixelOrigin[]): Uint8Array[] {
    const padded = [...origins];
    while (padded.length % PIXEL_BLOCK > 0) padded.push(origins[0]!);
    const z = joinRows(padded.map((origin) => origin.z)).values;
    const labels = Int32Array.from(padded, ({ label }) => label);
    const source = (from: number, to: number) => this.sourceTensor(padded.slice(from, to));
    const { values, width } = drawRows(
      this.inUse(this.generator),
      { labels, z, source },
      PIXEL_BLOCK,
    );
    return origins.map((_, i) => toStored(values.subarray(i * width, (i + 1) * width)));
  }

  private sourceTensor(origins: readonly PixelOrigin[]): Tensor4D | null {
    if (this.shape.kind === 'pixel') return null;
    const rows = origins.map(({ source }) => source!);
    return unitTensor(this.withWhat().images(rows), this.shape.size);
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
  static load(path: string, sources: Sources | null = null): PixelModel {
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
    const model = new PixelModel({ shape, classes, lineage, weights, critic }, sources);
    if (model.digest === description.digest && weights.length === generatorLayout(shape).size) {
      return model;
    }
    model.dispose();
    throw inputError(`${path} was changed after it was written`);
  }

  dispose(): void {
    tf.dispose([this.generator, this.critic, this.codes]);
  }
}
