import type { Stream, StreamState } from '../../src/common/stream.ts';
import type { AdamState } from '../../src/engine/adam.ts';
import type { LabelledRows, VectorRows } from './batches.ts';
import type { NoiseState } from './noise.ts';

/** What one step minimised. */
export interface StepLosses {
  discriminator: number;
  generator: number;
  /** Mean score of the real and of the generated examples. */
  real: number;
  fake: number;
}

/** Everything that the next step depends on, as plain numbers. */
export interface TrainerState {
  step: number;
  generator: Float32Array;
  generatorAdam: AdamState;
  discriminator: Float32Array;
  discriminatorAdam: AdamState;
  average: Float32Array;
  draws: StreamState;
  noise: NoiseState;
  /** Standard deviation of the noise on what the discriminator sees. */
  inputNoise: number;
  /** Singular vectors of a discriminator with spectral normalisation. */
  singular?: Float32Array;
}

/** A GAN in training, as the loop, its watchdog and its checkpoints see it. */
export interface Trainee {
  /** Updates done so far. */
  readonly step: number;
  /** Standard deviation of the noise on what the discriminator sees. */
  inputNoise: number;
  /** One update of each network. */
  update(): StepLosses;
  /** Rows that the averaged generator makes under class labels. */
  imagine(labels: ArrayLike<number>, stream: Stream): VectorRows;
  /** How real the discriminator finds the rows of each set under their classes. */
  opinions(sets: readonly LabelledRows[]): Float32Array[];
  state(): TrainerState;
  restore(state: TrainerState): void;
  dispose(): void;
}
