import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { classCodes } from '../classes.ts';
import {
  columns,
  type Generator,
  type GeneratorSample,
  latentOf,
  type ParameterRow,
  type ParameterTable,
  type SampleBatch,
  type SampleRequest,
} from '../generator.ts';
import { knownLabel, type Lineage } from '../lineage.ts';
import { joinRows, type LabelledRows, type VectorRows } from '../training/batches.ts';
import {
  discriminatorLayout,
  generate,
  type PixelShape,
  pixelLayout,
  scorePixels,
  toStored,
  toUnits,
} from './networks.ts';

/** Triplets that go through a network at once where nothing is learned. */
const CHUNK = 32;

/** A network in use: its flat weights, and the code of every class, (K, code). */
export interface InUse {
  shape: PixelShape;
  flat: Tensor1D;
  codes: Tensor2D;
}

/** What triplets are drawn from: labels (N) and latent vectors (N, latent). */
interface LatentRows {
  labels: Int32Array;
  z: Float32Array;
}

const codesOf = ({ codes }: InUse, labels: Int32Array): Tensor2D =>
  tf.gather(codes, tf.tensor1d(labels, 'int32'));

/** Triplets flattened to rows, in [-1, 1]; `chunk` rows go through at once. */
export function drawRows(network: InUse, wanted: LatentRows, chunk = CHUNK): VectorRows {
  const { shape, flat } = network;
  const width = 3 * shape.size ** 2;
  const count = wanted.labels.length;
  const values = new Float32Array(count * width);
  for (let from = 0; from < count; from += chunk) {
    const labels = wanted.labels.subarray(from, from + chunk);
    const rows = labels.length;
    const drawn = numbersOf(() => {
      const z = wanted.z.subarray(from * shape.latent, (from + rows) * shape.latent);
      const request = {
        z: tf.tensor2d(z, [rows, shape.latent]),
        codes: codesOf(network, labels),
      };
      const made = generate(shape, pixelLayout(shape).named(flat), request);
      return made.clipByValue(-1, 1);
    });
    values.set(drawn, from * width);
  }
  return { count, width, values };
}

/** Scores of rows under their classes by a discriminator whose kernels are normalised. */
export function scoreRows(network: InUse, { count, width, values, labels }: LabelledRows) {
  const { shape, flat } = network;
  const { size } = shape;
  const scores = new Float32Array(count);
  for (let from = 0; from < count; from += CHUNK) {
    const part = labels.subarray(from, from + CHUNK);
    const pixels = values.subarray(from * width, (from + part.length) * width);
    const found = numbersOf(() => {
      const x = tf.tensor4d(pixels, [part.length, size, size, 3]);
      return scorePixels(discriminatorLayout(shape).named(flat), x, codesOf(network, part));
    });
    scores.set(found, from);
  }
  return scores;
}

export interface PixelParts {
  shape: PixelShape;
  /** Space groups, ascending. */
  classes: readonly number[];
  /** Flat weights of the averaged generator. */
  weights: Float32Array;
  /** Those of the discriminator, kernels normalised. */
  discriminator: Float32Array;
  lineage: Lineage;
}

/** What a triplet on pixels is drawn from: enough to draw it again. */
export interface PixelSource {
  /** Class index. */
  label: number;
  /** (latent) */
  z: Float32Array;
}

/** A triplet drawn in pixels. */
export interface PixelSample extends GeneratorSample {
  source: PixelSource;
}

const FORMAT = 'cbed-gan pixel generator 2';

/** Triplets are drawn in blocks of this many, short ones padded: see `BLOCK` of the codec GAN. */
const PIXEL_BLOCK = 16;

/** A trained conditional GAN on pixels. Free it with `dispose`. */
export class PixelGenerator implements Generator<PixelSample> {
  readonly kind = 'pixel';
  readonly shape: PixelShape;
  readonly classes: readonly number[];
  readonly size: number;
  readonly lineage: Lineage;
  /** SHA-256 of the weights of both networks. */
  readonly digest: string;
  readonly scaled = false;
  readonly space = null;
  private readonly parts: PixelParts;
  private readonly generator: Tensor1D;
  private readonly discriminator: Tensor1D;
  private readonly codes: Tensor2D;

  constructor(parts: PixelParts) {
    this.parts = parts;
    this.shape = parts.shape;
    this.classes = parts.classes;
    this.size = parts.shape.size;
    this.lineage = parts.lineage;
    this.generator = tf.tensor1d(parts.weights);
    this.discriminator = tf.tensor1d(parts.discriminator);
    const { values, code } = classCodes(parts.classes);
    this.codes = tf.tensor2d(values, [parts.classes.length, code]);
    this.digest = digestOf([parts.weights, parts.discriminator].map((array) => digestOf(array)));
  }

  labelOf(spaceGroup: number): number {
    return knownLabel(this.classes, (label) => this.knows(label), spaceGroup);
  }

  knows(label: number): boolean {
    return this.lineage.counts[label]! > 0;
  }

  async sample({ wanted, seed, truncation, progress }: SampleRequest) {
    const { latent } = this.shape;
    const sources = [...wanted].flatMap(([spaceGroup, count]): PixelSource[] => {
      if (count <= 0) return [];
      const label = this.labelOf(spaceGroup);
      return Array.from({ length: count }, (_, index) => ({
        label,
        z: latentOf({ latent, seed, spaceGroup, index, truncation }),
      }));
    });
    const samples = await this.draw(sources, progress);
    return { samples, proposed: sources.length, refused: {} } satisfies SampleBatch<PixelSample>;
  }

  async draw(
    sources: readonly PixelSource[],
    progress: ProgressFactory = silentProgress,
  ): Promise<PixelSample[]> {
    const bar = progress('drawing triplets', sources.length);
    const samples: PixelSample[] = [];
    for (let from = 0; from < sources.length; from += PIXEL_BLOCK) {
      const block = sources.slice(from, from + PIXEL_BLOCK);
      this.drawBlock(block).forEach((pixels, place) => {
        const source = block[place]!;
        samples.push({ pixels, label: source.label, source, place, parents: [], cif: null });
      });
      await new Promise(setImmediate); // lets Ctrl-C and the display through
      bar.advance(block.length);
    }
    bar.done();
    return samples;
  }

  async redraw(source: PixelSource, place: number): Promise<PixelSample> {
    const pixels = this.drawBlock(Array(PIXEL_BLOCK).fill(source))[place]!;
    return { pixels, label: source.label, source, place, parents: [], cif: null };
  }

  /** Stored pixels (S, S, 3) of at most `PIXEL_BLOCK` sources. */
  private drawBlock(sources: readonly PixelSource[]): Uint8Array[] {
    const padded = [...sources];
    while (padded.length < PIXEL_BLOCK) padded.push(sources[0]!);
    const z = joinRows(padded.map((source) => source.z)).values;
    const labels = Int32Array.from(padded, ({ label }) => label);
    const { values, width } = drawRows(this.inUse(this.generator), { labels, z }, PIXEL_BLOCK);
    return sources.map((_, i) => toStored(values.subarray(i * width, (i + 1) * width)));
  }

  describe(): null {
    return null;
  }

  scores(samples: readonly PixelSample[]): Float32Array {
    const rows = {
      ...joinRows(samples.map(({ pixels }) => toUnits(pixels))),
      labels: Int32Array.from(samples, ({ label }) => label),
    };
    return scoreRows(this.inUse(this.discriminator), rows);
  }

  parameters(samples: readonly PixelSample[]): ParameterTable {
    const { values, width, parts } = columns(
      { place: 1, latent: this.shape.latent },
      { place: 'position in its drawing block', latent: 'latent vector z' },
      samples.map(({ place, source }) => ({ place: [place], latent: source.z })),
    );
    return { values, width, layout: { parts } };
  }

  sourceOf(row: ParameterRow): { source: PixelSource; place: number } {
    return {
      source: { label: this.labelOf(row.spaceGroup), z: row.part('latent') },
      place: row.part('place')[0]! % PIXEL_BLOCK,
    };
  }

  private inUse(flat: Tensor1D) {
    return { shape: this.shape, flat, codes: this.codes };
  }

  save(path: string): void {
    const { shape, classes, lineage, weights, discriminator } = this.parts;
    writeTensorFile(path, {
      arrays: { 'generator/weights': weights, 'discriminator/weights': discriminator },
      description: { format: FORMAT, shape, classes, lineage, digest: this.digest },
    });
  }

  /** @throws input error where the file is no generator on pixels or was changed. */
  static load(path: string): PixelGenerator {
    const { arrays, description } = readTensorFile(path);
    if (description.format !== FORMAT) {
      throw inputError(
        `${path} is no generator on pixels of this version`,
        'train one: gan train --generator pixel',
      );
    }
    const { shape, classes, lineage } = description as unknown as PixelParts;
    const weights = arrays['generator/weights'] as Float32Array;
    const discriminator = arrays['discriminator/weights'] as Float32Array;
    const model = new PixelGenerator({ shape, classes, lineage, weights, discriminator });
    if (model.digest === description.digest && weights.length === pixelLayout(shape).size) {
      return model;
    }
    model.dispose();
    throw inputError(`${path} was changed after it was written`);
  }

  dispose(): void {
    tf.dispose([this.generator, this.discriminator, this.codes]);
  }
}
