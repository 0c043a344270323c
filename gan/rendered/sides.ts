import type { Stream } from '../../src/common/stream.ts';
import { Adam } from '../../src/engine/adam.ts';
import type { ParameterLayout } from '../../src/engine/parameters.ts';
import type { Tensor1D } from '../../src/engine/tf.ts';
import { discriminatorLayout } from '../pixel/discriminator.ts';
import { OBJECTIVES } from '../pixel/losses.ts';
import { SpectralNorm } from '../pixel/spectral.ts';
import type { Judge } from '../pixel/steps.ts';
import { MovingAverage } from '../training/average.ts';
import { GAN_BETAS } from '../training/network-pair.ts';
import { refinerLayout } from './refiner.ts';
import type { SideState } from './state.ts';
import type { Flat } from './steps.ts';

const JUDGE_RATE = 8e-4;
const REFINER_RATE = 1e-3;
/** Looks until the refiner's moving average keeps half of what it was. */
const SETTLING = 20;

const sideState = (adam: Adam, beside: Float32Array): SideState => ({
  values: adam.values.dataSync() as Float32Array,
  adam: adam.state(),
  beside,
});

/** The discriminator on rendered pixels in training. */
export class JudgeSide {
  private readonly layout: ParameterLayout;
  private readonly adam: Adam;
  private readonly spectral: SpectralNorm;

  constructor(shape: { size: number; width: number; code: number }, stream: Stream) {
    this.layout = discriminatorLayout(shape);
    this.adam = new Adam(this.layout.initial(stream.split('judge')), GAN_BETAS);
    this.spectral = new SpectralNorm(this.layout, stream.split('singular vectors'));
  }

  /** The singular vectors of a look, the caller's. */
  iterated(): Judge['singular'] {
    return this.spectral.iterated(this.adam.values);
  }

  /** As it stands, with the singular vectors of the look. */
  now(singular: Judge['singular']): Judge {
    const { layout, adam } = this;
    return { layout, flat: adam.values, singular, objective: OBJECTIVES.hinge };
  }

  /** Moves down a gradient, which is disposed of. */
  descend(gradient: Tensor1D): void {
    this.adam.apply(gradient, JUDGE_RATE);
    gradient.dispose();
  }

  state(): SideState {
    return sideState(this.adam, this.spectral.state());
  }

  restore({ values, adam, beside }: SideState): void {
    this.adam.restore(values, adam);
    this.spectral.restore(beside);
  }

  dispose(): void {
    this.adam.dispose();
    this.spectral.dispose();
  }
}

/** The refiner in training, and its moving average. */
export class RefinerSide {
  private readonly layout: ParameterLayout;
  private readonly adam: Adam;
  private readonly average: MovingAverage;

  /** @param most largest decay of the moving average, from look to look. */
  constructor(channels: number, most: number, stream: Stream) {
    this.layout = refinerLayout(channels);
    const start = this.layout.initial(stream);
    this.adam = new Adam(start, GAN_BETAS);
    this.average = new MovingAverage(start, { most, settling: SETTLING });
  }

  now(): Flat {
    return { layout: this.layout, flat: this.adam.values };
  }

  /** Moves down a gradient, which is disposed of; the average follows and forgets its start fast. */
  descend(gradient: Tensor1D, looks: number): void {
    this.adam.apply(gradient, REFINER_RATE);
    gradient.dispose();
    this.average.follow(this.adam.values, looks);
  }

  averaged(): Float32Array {
    return this.average.numbers();
  }

  state(): SideState {
    return sideState(this.adam, this.averaged());
  }

  restore({ values, adam, beside }: SideState): void {
    this.adam.restore(values, adam);
    this.average.restore(beside);
  }

  dispose(): void {
    this.adam.dispose();
    this.average.dispose();
  }
}
