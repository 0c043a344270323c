import { Stream } from '../../src/common/stream.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, type Tensor3D, tf } from '../../src/engine/tf.ts';
import { classCodes, kinOf } from '../classes.ts';
import { groupSpread } from '../codec/networks.ts';
import type { LabelledRows, VectorRows } from '../training/batches.ts';
import { BatchSampler } from '../training/batches.ts';
import { NetworkPair } from '../training/network-pair.ts';
import { NoiseSource } from '../training/noise.ts';
import type { StepLosses, Trainee, TrainerState } from '../training/trainer.ts';
import { type CrystalBatch, disposeBatch, elementTables, encodeCrystals, MOST } from './codec.ts';
import type { CrystalConfig } from './config.ts';
import { type ElementTensors, elementTensors, type OpenTensors } from './features.ts';
import { type Appearance, appearance } from './look.ts';
import {
  type CrystalShape,
  crystalDiscriminatorLayout,
  crystalGeneratorLayout,
  discriminatorFeatures,
  generateOpen,
  scoreCrystals,
} from './networks.ts';
import { type CrystalSources, substituted } from './skeleton-sources.ts';
import type { SkeletonCrystal } from './skeletons.ts';
import { drawLatents, updateBoth } from './step.ts';

/** Real crystals of a training with their classes. */
export interface CrystalRows {
  crystals: readonly SkeletonCrystal[];
  labels: Int32Array;
}

/** Sizes of the networks. */
export function crystalShape(
  config: CrystalConfig,
  { classes, elements }: { classes: readonly number[]; elements: readonly number[] },
): CrystalShape {
  return {
    latent: config.latent,
    siteLatent: config.siteLatent,
    embedding: config.embedding,
    tokens: config.tokens,
    hidden: config.hidden,
    elements: elements.length,
    code: classCodes(classes).code,
  };
}

/** Crystals whose appearance is computed at once. */
const LOOKED_AT_ONCE = 64;
/** Steps until the moving average keeps half of what it was. */
const SETTLING = 50;

/** An appearance as one row of numbers: sites, which there are, crystal. */
function flatAppearance({ sites, crystal }: Appearance, mask: Tensor3D): Tensor2D {
  const [b] = mask.shape;
  return tf.concat([sites.reshape([b, -1]), mask.reshape([b, -1]), crystal], 1) as Tensor2D;
}

/**
 * The crystal GAN in training: networks, optimisers, moving average, and the draws of a step, which
 * itself stands whole in `step.ts`. Free it with `dispose`.
 */
export class CrystalTrainer implements Trainee {
  readonly shape: CrystalShape;
  /** Jitter of coordinates on both sides, angstrom. */
  inputNoise: number;
  private readonly config: CrystalConfig;
  private readonly sources: CrystalSources;
  private readonly classes: readonly number[];
  private readonly rows: CrystalRows;
  private readonly attention: ReadonlySet<number>;
  private readonly codes: Tensor2D;
  private readonly elements: ElementTensors;
  private readonly pair: NetworkPair;
  private sampler: BatchSampler;
  private noise: NoiseSource;

  constructor(
    data: {
      sources: CrystalSources;
      /** Space groups in label order. */
      classes: readonly number[];
      rows: CrystalRows;
      attention: ReadonlySet<number>;
    },
    config: CrystalConfig,
    stream: Stream,
  ) {
    const { sources, classes, rows, attention } = data;
    this.config = config;
    this.sources = sources;
    this.classes = classes;
    this.rows = rows;
    this.attention = attention;
    this.inputNoise = config.jitter;
    this.shape = crystalShape(config, { classes, elements: sources.elements });
    const { values, code } = classCodes(classes);
    this.codes = tf.tensor2d(values, [classes.length, code]);
    this.elements = elementTensors(elementTables(sources.elements, sources.distances));
    const layouts = {
      generator: crystalGeneratorLayout(this.shape),
      discriminator: crystalDiscriminatorLayout(this.shape),
    };
    this.pair = new NetworkPair(layouts, { ...config, settling: SETTLING }, stream);
    this.sampler = this.samplerFrom(stream.split('batches'));
    this.noise = new NoiseSource(stream.split('noise'));
  }

  private samplerFrom(stream: Stream): BatchSampler {
    const { rows, classes, attention } = this;
    const { values, code } = classCodes(classes);
    const kin = kinOf({ codes: values, code });
    return new BatchSampler({
      labels: rows.labels,
      classes: classes.length,
      attention,
      kin,
      stream,
    });
  }

  get step(): number {
    return this.pair.step;
  }

  private encode(crystals: readonly SkeletonCrystal[]): CrystalBatch {
    return encodeCrystals(crystals, this.sources.elements);
  }

  private codesOf(labels: ArrayLike<number>): Tensor2D {
    return tf.tidy(() => tf.gather(this.codes, tf.tensor1d(Array.from(labels), 'int32')));
  }

  /** Real crystals of classes; a share of their elements is borrowed from like ones. */
  private drawReal(labels: Int32Array): SkeletonCrystal[] {
    const { borrow } = this.config;
    const stream = this.sampler.source;
    return Array.from(this.sampler.members(labels), (row) =>
      substituted(this.rows.crystals[row]!, {
        among: this.sources.elements,
        share: borrow,
        stream,
      }),
    );
  }

  private drawReferences(labels: ArrayLike<number>, stream: Stream): SkeletonCrystal[] {
    const { known, broken, fresh, seed } = this.config;
    const shares = { known, broken, new: fresh };
    return Array.from(labels, (label) => {
      const group = this.classes[label]!;
      const found = this.sources.drawPooled(group, { shares, seed, stream });
      return found ?? stream.pick(this.sources.known(group)).sited;
    });
  }

  update(): StepLosses {
    return this.pair.update(() => {
      const { config, shape, elements, noise, pair } = this;
      const labels = this.sampler.labels(config.batch);
      const real = this.encode(this.drawReal(labels));
      const references = this.encode(this.drawReferences(labels, this.sampler.source));
      const codes = this.codesOf(labels);
      const due = pair.step % config.penaltyEvery === 0;
      try {
        return updateBoth({
          pair,
          shape,
          elements,
          noise,
          real,
          references,
          codes,
          jitter: this.inputNoise,
          penalty: due ? config.penalty * config.penaltyEvery : 0,
          clash: config.clash,
          frequency: config.frequency,
          rates: { generator: config.generatorRate, discriminator: config.discriminatorRate },
        });
      } finally {
        disposeBatch(real);
        disposeBatch(references);
        codes.dispose();
      }
    });
  }

  /** Appearances of crystals as they are, one row each. */
  appearanceRows(crystals: readonly SkeletonCrystal[]): VectorRows {
    const blocks: Float32Array[] = [];
    for (let from = 0; from < crystals.length; from += LOOKED_AT_ONCE) {
      const batch = this.encode(crystals.slice(from, from + LOOKED_AT_ONCE));
      blocks.push(
        numbersOf(() => flatAppearance(appearance(batch, batch, this.elements), batch.mask)),
      );
      disposeBatch(batch);
    }
    const length = blocks.reduce((sum, block) => sum + block.length, 0);
    const values = new Float32Array(length);
    blocks.reduce((at, block) => {
      values.set(block, at);
      return at + block.length;
    }, 0);
    return { count: crystals.length, width: length / crystals.length, values };
  }

  /** Mean spread of groups of real crystals of a class, as the discriminator sees them. */
  realSpread(): number {
    const stream = new Stream(0, 'spread of real crystals');
    const sampler = this.samplerFrom(stream);
    const labels = sampler.labels(128);
    const batch = this.encode(
      Array.from(sampler.members(labels), (row) => this.rows.crystals[row]!),
    );
    const [spread] = numbersOf(() => {
      const weights = this.pair.layouts.discriminator.named(this.pair.discriminator);
      const seen = appearance(batch, batch, this.elements);
      return groupSpread(discriminatorFeatures(weights, seen, { mask: batch.mask })).mean();
    });
    disposeBatch(batch);
    return spread!;
  }

  imagine(labels: ArrayLike<number>, stream: Stream): VectorRows {
    const references = this.encode(this.drawReferences(labels, stream));
    const codes = this.codesOf(labels);
    const noise = new NoiseSource(stream.split('latents'));
    const latents = drawLatents(noise, this.shape, references.count);
    const values = numbersOf(() => {
      const weights = this.pair.layouts.generator.named(this.pair.average);
      const open: OpenTensors = generateOpen(weights, references, codes, {
        latents,
        elements: this.elements,
      });
      return flatAppearance(appearance(references, open, this.elements), references.mask);
    });
    disposeBatch(references);
    tf.dispose([codes, ...Object.values(latents)]);
    return { count: labels.length, width: values.length / labels.length, values };
  }

  opinions(sets: readonly LabelledRows[]): Float32Array[] {
    const spread = this.realSpread();
    return sets.map(({ count, width, values, labels }) => {
      if (count === 0) return new Float32Array(0);
      return numbersOf(() => {
        const weights = this.pair.layouts.discriminator.named(this.pair.discriminator);
        const { sites: S } = MOST;
        const all = tf.tensor2d(values, [count, width]);
        const tokens = this.tokenWidth();
        const sites = all.slice([0, 0], [-1, S * tokens]).reshape([count * S, tokens]) as Tensor2D;
        const mask = all.slice([0, S * tokens], [-1, S]).reshape([count, S, 1]) as Tensor3D;
        const crystal = all.slice([0, S * tokens + S], [-1, -1]) as Tensor2D;
        const codes = tf.gather(this.codes, tf.tensor1d(labels, 'int32')) as Tensor2D;
        return scoreCrystals(weights, { sites, crystal }, { mask, codes, spread });
      });
    });
  }

  private tokenWidth(): number {
    const kernel = this.pair.layouts.discriminator.specs.find(
      ({ name }) => name === 'sites/kernel',
    )!;
    return kernel.shape[0]!;
  }

  /** Weights of the averaged generator and of the discriminator. */
  weights(): { generator: Float32Array; discriminator: Float32Array } {
    return {
      generator: this.pair.averaged(),
      discriminator: this.pair.discriminator.dataSync() as Float32Array,
    };
  }

  state(): TrainerState {
    return {
      ...this.pair.state(),
      draws: this.sampler.source.state(),
      noise: this.noise.state(),
      inputNoise: this.inputNoise,
    };
  }

  restore(state: TrainerState): void {
    this.pair.restore(state);
    this.inputNoise = state.inputNoise;
    this.sampler = this.samplerFrom(Stream.restore(state.draws));
    this.noise = new NoiseSource(state.noise);
  }

  dispose(): void {
    this.pair.dispose();
    tf.dispose([this.codes, this.elements]);
  }
}
