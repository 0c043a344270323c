import type { StreamState } from '../../src/common/stream.ts';
import type { AdamState } from '../../src/engine/adam.ts';
import type { NoiseState } from '../training/noise.ts';

/** A network with its optimiser. */
export interface SideState {
  values: Float32Array;
  adam: AdamState;
  /** Of the discriminator its singular vectors, of the refiner its moving average. */
  beside: Float32Array;
}

/** Everything that the next look at rendered pixels depends on, as plain numbers. */
export interface RenderedState {
  draws: StreamState;
  noise: NoiseState;
  judge?: SideState;
  refiner?: SideState;
}
