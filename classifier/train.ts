import type { Examples } from '../src/dataset/examples.ts';
import type { ProgressFactory } from '../src/ground/progress.ts';
import type { ClassifierSpec } from './spec.ts';

/** One training run of a classifier. */
export interface TrainOptions {
  examples: Examples;
  /** Chooses the best weights and the temperature. */
  validation: Examples;
  spec: ClassifierSpec;
  /** Technique words such as `logit-adjustment:tau=1.2`; none is the plain classifier. */
  techniques?: readonly string[];
  /** Optimiser updates. */
  updates: number;
  batch?: number;
  seed: number;
  progress?: ProgressFactory;
  /** Where to keep the state, so that an interrupted run goes on exactly where it stood. */
  checkpoint?: { file: string; every: number };
}
