import { usageError } from '../../src/common/errors.ts';
import { Stream } from '../../src/common/stream.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { type BatchSampler, batchSampler, type TrainingVectors } from '../codec/batches.ts';
import { type SpaceContext, spaceTensors } from '../codec/decode.ts';
import type { GanConfig } from '../config.ts';
import { drawSight } from '../pixel/draws.ts';
import type { Judge } from '../pixel/steps.ts';
import { NoiseSource } from '../training/noise.ts';
import { DrawnRows, type PatternsBehind, storedTensor } from './data.ts';
import type { RefinerParts } from './refiner.ts';
import { JudgeSide, RefinerSide } from './sides.ts';
import type { RenderedState } from './state.ts';
import {
  descendLeash,
  descendMakers,
  descendPixelJudge,
  type Flat,
  type GivenPatterns,
  judgedSize,
  type LookDraws,
  type LookNetworks,
} from './steps.ts';

/** Weight gamma of the penalty of the discriminator, and looks between two of them. */
const PENALTY = 0.5;
const PENALTY_EVERY = 4;
/** Standard deviation of the noise on pixels, of a range of 2. */
const PIXEL_NOISE = 0.05;

/** The generator of vectors at a step, and what a look takes from its training. */
export interface LookedAt {
  maker: Flat;
  step: number;
  /** (K, code): the code of each class; not owned. */
  codes: Tensor2D;
  /** Standard deviation of the noise on vectors: that on pixels grows as it does. */
  inputNoise: number;
}

/** Whether a training looks at pixels. */
export const looksAtPixels = ({ pixelJudge, refiner }: GanConfig): boolean =>
  pixelJudge > 0 || refiner > 0;

function judgeSide(
  { code, behind }: TrainingVectors,
  width: number,
  stream: Stream,
): JudgeSide | null {
  if (width === 0) return null;
  const full = behind!.space.camera.size;
  const size = judgedSize(full);
  if (size !== null) return new JudgeSide({ size, width, code }, stream);
  throw usageError(
    `--pixel-judge: the store has ${full} pixels a side, and that discriminator knows 16, 32, 64 and multiples of 64`,
    'prepare a store of 64 pixels a side: gan data prepare --size 64',
  );
}

/**
 * The part of a training on codec vectors that looks at the pixels they are drawn as: a
 * discriminator on pixels, a refiner, or both, with all that they draw from streams of their own.
 * Free it with `dispose`.
 */
export class PixelLooks {
  private readonly config: GanConfig;
  private readonly data: TrainingVectors;
  private readonly behind: PatternsBehind;
  private readonly context: SpaceContext;
  private readonly drawn: DrawnRows;
  private readonly judge: JudgeSide | null;
  private readonly refiner: RefinerSide | null;
  private sampler: BatchSampler;
  private noise: NoiseSource;

  /** @throws usage error where the discriminator does not know the size of the patterns. */
  constructor(data: TrainingVectors, config: GanConfig, stream: Stream) {
    if (!data.behind) throw new RangeError('a look at pixels needs the patterns behind vectors');
    this.config = config;
    this.data = data;
    this.behind = data.behind;
    this.judge = judgeSide(data, config.pixelJudge, stream);
    const most = config.average ** config.pixelEvery;
    this.refiner = config.refiner
      ? new RefinerSide(config.refiner, most, stream.split('refiner'))
      : null;
    const { space } = data.behind;
    this.context = { space, tensors: spaceTensors(space) };
    this.drawn = new DrawnRows(this.context, data);
    this.sampler = batchSampler(data, stream.split('batches'));
    this.noise = new NoiseSource(stream.split('noise'));
  }

  /** Whether a look is due before update `step`. */
  isDue(step: number): boolean {
    return step % this.config.pixelEvery === 0;
  }

  /**
   * Moves discriminator and refiner, and gives the gradient in the weights of the generator, which
   * is the caller's; null where no discriminator has a say.
   *
   * @throws Error where a loss stops being a number.
   */
  look(at: LookedAt): Tensor1D | null {
    const given = this.given(at.codes);
    const gradient = this.judge ? this.judged(this.judge, given, at) : this.leashed(given, at);
    tf.dispose([given.codes, given.real, given.drawn]);
    return gradient;
  }

  /** Updates of the discriminator, then of generator and refiner. */
  private judged(side: JudgeSide, given: GivenPatterns, at: LookedAt): Tensor1D {
    const singular = side.iterated();
    const networks = (): LookNetworks & { judge: Judge } => ({
      context: this.context,
      maker: at.maker,
      judge: side.now(singular),
      refiner: this.refiner?.now() ?? null,
    });
    const due = this.looksBefore(at) % PENALTY_EVERY === 0;
    const noise = PIXEL_NOISE * (at.inputNoise / this.config.inputNoise || 1);
    const seen = this.drawing(given, noise, (draws) =>
      descendPixelJudge(networks(), draws, due ? PENALTY * PENALTY_EVERY : 0),
    );
    checked(seen.loss, at.step);
    side.descend(seen.gradient);
    const { pixelWeight, leash } = this.config;
    const made = this.drawing(given, noise, (draws) =>
      descendMakers(networks(), draws, { judged: pixelWeight, leash }),
    );
    tf.dispose(singular);
    checked(made.loss, at.step);
    if (made.refiner) this.refiner!.descend(made.refiner, this.looksBefore(at));
    return made.maker;
  }

  /** The update of a refiner that learns from pairs alone. */
  private leashed(given: GivenPatterns, at: LookedAt): null {
    const { loss, gradient } = descendLeash(this.refiner!.now(), given, this.config.leash);
    checked(loss, at.step);
    this.refiner!.descend(gradient, this.looksBefore(at));
    return null;
  }

  private looksBefore({ step }: LookedAt): number {
    return step / this.config.pixelEvery;
  }

  /** Classes, and real triplets of them with their drawings. */
  private given(codes: Tensor2D): GivenPatterns {
    const { size } = this.context.space.camera;
    const labels = this.sampler.labels(this.config.pixelBatch);
    const rows = this.sampler.members(labels);
    return {
      labels,
      codes: tf.tidy(() => tf.gather(codes, tf.tensor1d(labels, 'int32'))),
      real: storedTensor(this.behind.images(rows), size),
      drawn: storedTensor(this.drawn.images(rows), size),
    };
  }

  /** Runs an update on fresh latent vectors and sights, and frees them. */
  private drawing<T>(given: GivenPatterns, inputNoise: number, update: (draws: LookDraws) => T): T {
    const count = given.labels.length;
    const size = judgedSize(this.context.space.camera.size)!;
    const z = this.noise.normal<Tensor2D>([count, this.config.latent]);
    const sight = () => drawSight(this.sampler.source, this.noise, { count, size, inputNoise });
    const sights = { real: sight(), fake: sight() };
    const result = update({ ...given, z, sights });
    tf.dispose([z, sights.real.noise ?? [], sights.fake.noise ?? []]);
    return result;
  }

  /** The averaged refiner; null where there is none. */
  averaged(): RefinerParts | null {
    if (!this.refiner) return null;
    return { channels: this.config.refiner, weights: this.refiner.averaged() };
  }

  state(): RenderedState {
    const { judge, refiner } = this;
    return {
      draws: this.sampler.source.state(),
      noise: this.noise.state(),
      ...(judge && { judge: judge.state() }),
      ...(refiner && { refiner: refiner.state() }),
    };
  }

  restore(state: RenderedState): void {
    this.sampler = batchSampler(this.data, Stream.restore(state.draws));
    this.noise = new NoiseSource(state.noise);
    if (state.judge) this.judge?.restore(state.judge);
    if (state.refiner) this.refiner?.restore(state.refiner);
  }

  dispose(): void {
    const { axes, mean, weights } = this.context.tensors;
    tf.dispose([axes, mean, weights]);
    this.judge?.dispose();
    this.refiner?.dispose();
  }
}

function checked(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new Error(
    `GAN training: the loss on rendered pixels is ${loss} at step ${step}; lower pixelWeight in the settings file (--config)`,
  );
}
