import type { TripletDiscs } from '../../src/codec/discs.ts';
import { MODES } from '../../src/codec/discs.ts';
import { storedPixels } from '../../src/codec/render.ts';
import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
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
  type SearchSpace,
} from '../generator.ts';
import { knownLabel, type Lineage } from '../lineage.ts';
import { joinRows } from '../training/batches.ts';
import { codecSearchSpace } from './boundary.ts';
import {
  decodedTriplets,
  decodeTensors,
  drawVectors,
  type SpaceContext,
  spaceTensors,
} from './decode.ts';
import {
  type Discriminator,
  discriminatorScores,
  embed,
  type GanShape,
  generator,
  generatorLayout,
} from './networks.ts';
import { type CodecSource, type Decoding, type DecodingPlan, planDecoding } from './plan.ts';
import { type CodecSpace, packSpace, unpackSpace, vectorWidth } from './space.ts';

export interface GanParts {
  shape: GanShape;
  space: CodecSpace;
  /** Flat weights of the averaged generator. */
  weights: Float32Array;
  /** The discriminator that the generator learned from; without it nothing is scored. */
  discriminator?: Discriminator;
  lineage: Lineage;
}

/** A drawn triplet in the codec's terms. */
export interface CodecSample extends GeneratorSample {
  source: CodecSource;
  cell: Cell;
  /** (S slots) level of each slot's disc, ln above the floor; NaN where there is no such disc. */
  levels: Float32Array;
  /** (width) the codec vector. */
  vector: Float32Array;
}

const FORMAT = 'cbed-gan codec generator 2';

/**
 * Triplets are drawn in blocks of this many, short ones padded: the engine's products round
 * differently for other numbers of rows, and a triplet drawn again must be the same to the bit.
 */
const BLOCK = 32;

const MEANINGS = {
  place: 'position in its drawing block',
  latent: 'latent vector z',
  offset: 'offset of the class embedding',
  toward: 'space group that the path between class embeddings leads to; 0 where there is no path',
  vector: 'codec vector: scores of the table, then of the cell',
  cell: 'a, b, c in angstrom; alpha, beta, gamma in degrees',
  intensities: 'ln of each disc above the floor of a stored pixel; NaN where there is no such disc',
} as const;

/**
 * A trained conditional GAN in the codec's terms: class and latent vector to codec vector to
 * triplet. Tensors in and out are the caller's; free the model with `dispose`.
 */
export class CodecGenerator implements Generator<CodecSample> {
  readonly kind = 'codec';
  readonly classes: readonly number[];
  readonly size: number;
  readonly shape: GanShape;
  readonly codecSpace: CodecSpace;
  readonly lineage: Lineage;
  /** SHA-256 of the weights of both networks and the space. */
  readonly digest: string;
  readonly scaled = true;
  readonly parts: GanParts;
  readonly space: SearchSpace<CodecSource>;
  private readonly flat: Tensor1D;
  private readonly codes: Tensor2D;
  private readonly context: SpaceContext;

  constructor(parts: GanParts) {
    const { values, code } = classCodes(parts.space.classes);
    this.parts = parts;
    this.classes = parts.space.classes;
    this.size = parts.space.camera.size;
    this.shape = parts.shape;
    this.codecSpace = parts.space;
    this.lineage = parts.lineage;
    this.flat = tf.tensor1d(parts.weights);
    this.codes = tf.tensor2d(values, [this.classes.length, code]);
    this.context = { space: parts.space, tensors: spaceTensors(parts.space) };
    const arrays = Object.values(packSpace(parts.space).arrays);
    const scorer = parts.discriminator ? [parts.discriminator.weights] : [];
    this.digest = digestOf([parts.weights, ...arrays, ...scorer].map((array) => digestOf(array)));
    this.space = codecSearchSpace(this);
  }

  labelOf(spaceGroup: number): number {
    return knownLabel(this.classes, (label) => this.knows(label), spaceGroup);
  }

  /** Whether a class (by index) had a training triplet, whose zone axes new triplets take. */
  knows(label: number): boolean {
    return this.codecSpace.zones[label] !== null;
  }

  /** Class embeddings (B, embedding) between label and partner: (1 - t) e_label + t e_partner. */
  embeddings(decodings: readonly Decoding[]): Tensor2D {
    return tf.tidy(() => {
      const rows = (labels: number[]): Tensor2D =>
        tf.gather(this.codes, tf.tensor1d(labels, 'int32'));
      const own = rows(decodings.map(({ label }) => label));
      const other = rows(decodings.map(({ label, partner = label }) => partner));
      const share = tf.tensor2d(decodings.map(({ t = 0 }) => [t]));
      const mixed = own.mul(tf.sub(1, share)).add(other.mul(share)) as Tensor2D;
      return embed(generatorLayout(this.shape).unpack(this.flat), mixed);
    });
  }

  /** Codec vectors (B, width) of latent vectors and embeddings; differentiable in both. */
  vectors(z: Tensor2D, embeddings: Tensor2D): Tensor2D {
    return tf.tidy(() => generator(generatorLayout(this.shape).unpack(this.flat), z, embeddings));
  }

  /** Codec vectors of sources, (B, width). */
  vectorsOf(sources: readonly CodecSource[]): Tensor2D {
    return tf.tidy(() => {
      const { latent, embedding } = this.shape;
      const count = sources.length;
      const z = tf.tensor2d(joinRows(sources.map((one) => one.z)).values, [count, latent]);
      const still = new Float32Array(embedding);
      const offsets = joinRows(sources.map(({ offset = still }) => offset)).values;
      const moved = this.embeddings(sources).add(tf.tensor2d(offsets, [count, embedding]));
      return this.vectors(z, moved as Tensor2D);
    });
  }

  /** Plans the drawing of vectors (B, width) given as numbers. */
  planOf(vectors: Float32Array, decodings: readonly Decoding[]): DecodingPlan {
    return planDecoding(this.codecSpace, vectors, decodings);
  }

  /** Renders vectors, (B, S, S, 3) in network units; differentiable in the table scores. */
  render(vectors: Tensor2D, plan: DecodingPlan): Tensor4D {
    return drawVectors(vectors, plan, this.context);
  }

  /** Coefficients (discs, MODES) of the discs of vectors, in detector axes. */
  coefficients(vectors: Tensor2D, plan: DecodingPlan): Float32Array {
    return numbersOf(() => decodeTensors(vectors, plan, this.context).coefficients);
  }

  async sample({ wanted, seed, truncation, progress }: SampleRequest) {
    const sources = [...wanted].flatMap(([spaceGroup, count]): CodecSource[] => {
      if (count <= 0) return [];
      const label = this.labelOf(spaceGroup);
      const { latent } = this.shape;
      return Array.from({ length: count }, (_, index) => ({
        label,
        z: latentOf({ latent, seed, spaceGroup, index, truncation }),
      }));
    });
    const samples = await this.draw(sources, progress);
    return { samples, proposed: sources.length, refused: {} } satisfies SampleBatch<CodecSample>;
  }

  async draw(
    sources: readonly CodecSource[],
    progress: ProgressFactory = silentProgress,
  ): Promise<CodecSample[]> {
    const bar = progress('drawing triplets', sources.length);
    const drawn: CodecSample[] = [];
    for (let from = 0; from < sources.length; from += BLOCK) {
      const block = sources.slice(from, from + BLOCK);
      drawn.push(...(await this.drawBlock(block)));
      bar.advance(block.length);
    }
    bar.done();
    return drawn;
  }

  async redraw(source: CodecSource, place: number): Promise<CodecSample> {
    const block = await this.drawBlock(Array(BLOCK).fill(source));
    return block[place]!;
  }

  /** Draws at most `BLOCK` triplets. */
  private async drawBlock(sources: readonly CodecSource[]): Promise<CodecSample[]> {
    const padded = [...sources];
    while (padded.length < BLOCK) padded.push(sources[0]!);
    const vectors = this.vectorsOf(padded);
    const values = (await vectors.data()) as Float32Array;
    const plan = this.planOf(values, padded);
    const images = this.render(vectors, plan);
    const pixels = await storedPixels(images);
    const levels = this.slotLevels(plan, this.coefficients(vectors, plan));
    tf.dispose([vectors, images]);
    const each = pixels.length / padded.length;
    const width = this.shape.vector;
    return sources.map((source, place) => ({
      pixels: pixels.slice(place * each, (place + 1) * each),
      label: source.label,
      source,
      place,
      parents: [],
      cif: null,
      cell: plan.cells[place]!,
      levels: levels[place]!,
      vector: values.slice(place * width, (place + 1) * width),
    }));
  }

  /** Level of every slot of each planned triplet. */
  private slotLevels(plan: DecodingPlan, coefficients: Float32Array): Float32Array[] {
    const { count } = this.codecSpace.frame.slots;
    const levels = Array.from({ length: plan.count }, () => new Float32Array(count).fill(NaN));
    plan.source.forEach((source, disc) => {
      const row = Math.floor(source / count);
      if (row < plan.count) levels[row]![source % count] = coefficients[disc * MODES]!;
    });
    return levels;
  }

  describe(samples: readonly CodecSample[]): { cell: Cell; discs: TripletDiscs }[] {
    const described: { cell: Cell; discs: TripletDiscs }[] = [];
    const sources = samples.map(({ source }) => source);
    for (let from = 0; from < sources.length; from += BLOCK) {
      const block = sources.slice(from, from + BLOCK);
      const vectors = this.vectorsOf(block);
      const plan = this.planOf(vectors.dataSync<'float32'>(), block);
      const triplets = decodedTriplets(plan, this.coefficients(vectors, plan));
      vectors.dispose();
      described.push(...triplets.map((discs, i) => ({ cell: plan.cells[i]!, discs })));
    }
    return described;
  }

  scores(samples: readonly CodecSample[]): Float32Array | null {
    const { discriminator } = this.parts;
    if (!discriminator) return null;
    return discriminatorScores(discriminator, this.shape, {
      vectors: joinRows(samples.map(({ vector }) => vector)),
      labels: samples.map(({ label }) => label),
      codes: this.codes,
    });
  }

  parameters(samples: readonly CodecSample[]): ParameterTable {
    const { latent, embedding, vector } = this.shape;
    const slots = shownSlots(samples);
    const still = new Float32Array(embedding);
    const { values, width, parts } = columns(
      {
        place: 1,
        latent,
        offset: embedding,
        toward: 1,
        vector,
        cell: 6,
        intensities: slots.length,
      },
      MEANINGS,
      samples.map(({ source, place, vector: own, cell, levels }) => ({
        place: [place],
        latent: source.z,
        offset: source.offset ?? still,
        toward: [source.partner === undefined ? 0 : this.classes[source.partner]!],
        vector: own,
        cell,
        intensities: slots.map((slot) => levels[slot]!),
      })),
    );
    // Pattern, h and k of each column of `intensities`.
    const discs = slots.map((slot) => [...this.codecSpace.frame.slots.at(slot)]);
    return { values, width, layout: { parts, discs } };
  }

  sourceOf(row: ParameterRow): { source: CodecSource; place: number } {
    // Archives of before paths could lead elsewhere have no such part.
    const toward = row.has('toward') ? row.part('toward')[0]! : (row.partner ?? 0);
    return {
      source: {
        label: this.labelOf(row.spaceGroup),
        ...(toward === 0 ? {} : { partner: this.labelOf(toward) }),
        ...(row.position === null ? {} : { t: row.position }),
        z: row.part('latent'),
        offset: row.part('offset'),
      },
      place: row.part('place')[0]! % BLOCK,
    };
  }

  save(path: string): void {
    const { arrays, description } = packSpace(this.codecSpace);
    const { weights, discriminator } = this.parts;
    writeTensorFile(path, {
      arrays: {
        ...arrays,
        'generator/weights': weights,
        ...(discriminator && { 'discriminator/weights': discriminator.weights }),
      },
      description: {
        format: FORMAT,
        shape: this.shape,
        space: description,
        lineage: this.lineage,
        digest: this.digest,
        ...(discriminator && { spread: discriminator.spread }),
      },
    });
  }

  /** @throws input error where the file is no generator or does not have the digest it says. */
  static load(path: string): CodecGenerator {
    const { arrays, description } = readTensorFile(path);
    if (description.format !== FORMAT) {
      throw inputError(`${path} is no codec generator of this version`, 'train one: gan train');
    }
    const scorer = arrays['discriminator/weights'] as Float32Array | undefined;
    const model = new CodecGenerator({
      ...(scorer && { discriminator: { weights: scorer, spread: description.spread as number } }),
      shape: description.shape as GanShape,
      space: unpackSpace(arrays, description.space as Record<string, unknown>),
      weights: arrays['generator/weights'] as Float32Array,
      lineage: description.lineage as Lineage,
    });
    if (
      model.digest === description.digest &&
      model.shape.vector === vectorWidth(model.codecSpace)
    ) {
      return model;
    }
    model.dispose();
    throw inputError(`${path} was changed after it was written`);
  }

  dispose(): void {
    const { axes, mean, weights } = this.context.tensors;
    tf.dispose([this.flat, this.codes, axes, mean, weights]);
  }
}

/** Slots that at least one sample shows. */
function shownSlots(samples: readonly CodecSample[]): number[] {
  return [...(samples[0]?.levels ?? []).keys()].filter((slot) =>
    samples.some(({ levels }) => !Number.isNaN(levels[slot])),
  );
}
