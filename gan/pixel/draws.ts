import { Stream } from '../../src/common/stream.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { BatchSampler } from '../codec/batches.ts';
import { NoiseSource } from '../training/noise.ts';
import type { TrainerState } from '../training/trainee.ts';
import { drawViews } from './augment.ts';
import type { PixelData } from './data.ts';
import { unitTensor } from './networks.ts';
import type { PixelShape } from './shape.ts';
import type { PixelDraws, Sight } from './steps.ts';

/** What both updates of a step share. */
export type Given = Pick<PixelDraws, 'codes' | 'real'>;

/** Frees what a step was given. */
export const freeGiven = ({ codes, real }: Given): void => tf.dispose([codes, real]);

/** Draws how a batch is seen; the caller disposes of the noise. */
export function drawSight(
  stream: Stream,
  noise: NoiseSource,
  { count, size, inputNoise }: { count: number; size: number; inputNoise: number },
): Sight {
  const views = drawViews(stream, { count, size });
  if (inputNoise === 0) return { views, noise: null };
  return {
    views,
    noise: tf.tidy(() => noise.normal([count, size, size, 3]).mul(inputNoise) as Tensor4D),
  };
}

/**
 * What the steps of a training draw: classes, real triplets of them, latent vectors,
 * and how triplets are seen. Tensors are the caller's.
 */
export class StepDraws {
  private readonly data: PixelData;
  private readonly shape: PixelShape;
  /** (K, code); not owned. */
  private readonly codes: Tensor2D;
  private sampler: BatchSampler;
  private noise: NoiseSource;

  constructor(of: { data: PixelData; shape: PixelShape; codes: Tensor2D }, stream: Stream) {
    this.data = of.data;
    this.shape = of.shape;
    this.codes = of.codes;
    this.sampler = this.samplerFrom(stream.split('batches'));
    this.noise = new NoiseSource(stream.split('noise'));
  }

  private samplerFrom(stream: Stream): BatchSampler {
    const { examples, attention } = this.data;
    const { labels, classes } = examples;
    return new BatchSampler({ labels, classes: classes.length, attention, stream });
  }

  /** Classes, and real triplets of them. */
  given(count: number): Given {
    const labels = this.sampler.labels(count);
    return {
      codes: tf.tidy(() => tf.gather(this.codes, tf.tensor1d(Array.from(labels), 'int32'))),
      real: this.triplets(this.sampler.members(labels)),
    };
  }

  private triplets(rows: ArrayLike<number>): Tensor4D {
    const { examples } = this.data;
    return unitTensor(examples.images(rows), examples.size);
  }

  /**
   * Runs an update on fresh draws and frees them. `both`: whether real triplets are looked at;
   * `inputNoise`: standard deviation of the noise on what is seen.
   */
  drawing<T>(
    given: Given,
    { both, inputNoise }: { both: boolean; inputNoise: number },
    update: (draws: PixelDraws) => T,
  ): T {
    const [count] = given.codes.shape;
    const z = this.noise.normal<Tensor2D>([count, this.shape.latent]);
    const real = both ? this.sight(count, inputNoise) : null;
    const fake = this.sight(count, inputNoise);
    const result = update({ ...given, z, sights: { real, fake } });
    tf.dispose([z, real?.noise ?? [], fake.noise ?? []]);
    return result;
  }

  private sight(count: number, inputNoise: number): Sight {
    const { size } = this.shape;
    return drawSight(this.sampler.source, this.noise, { count, size, inputNoise });
  }

  state(): Pick<TrainerState, 'draws' | 'noise'> {
    return { draws: this.sampler.source.state(), noise: this.noise.state() };
  }

  restore({ draws, noise }: Pick<TrainerState, 'draws' | 'noise'>): void {
    this.sampler = this.samplerFrom(Stream.restore(draws));
    this.noise = new NoiseSource(noise);
  }
}
