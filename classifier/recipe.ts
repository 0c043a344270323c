import type { Strategy } from '../src/balance/strategy.ts';
import type { Stream } from '../src/common/stream.ts';
import type { Examples } from '../src/dataset/examples.ts';
import type { Tensor1D, Tensor2D, Tensor4D } from '../src/engine/tf.ts';
import type { Classifier } from './classifier.ts';
import type { Report } from './metrics.ts';
import type { Placement } from './placement.ts';

/** What losses may know: class counts of the data that are trained on. */
export interface Facts {
  classes: readonly number[];
  /** Real examples of each class. */
  real: Int32Array;
  /** Synthetic examples of each class. */
  synthetic: Int32Array;
}

/** One point of a curve that a technique recorded on the way. */
export type Trace = Record<string, number | string>;

/** What a technique that changes the training examples may use. */
export interface ResampleContext {
  stream: Stream;
  /** A short training on other examples with a plain recipe: for techniques that search. */
  trial(examples: Examples, stream: Stream): Promise<Classifier>;
  /** How a trial does on the validation examples. */
  score(classifier: Classifier): Report;
  record(point: Trace): void;
}

export type Resample = (examples: Examples, context: ResampleContext) => Promise<Examples>;

/**
 * A random change of the examples of a batch: of where their pixels are read, drawn example by
 * example, or of the inputs (N, size, size, 3) as they stand.
 */
export type Transform =
  | {
      on: 'placement';
      draw(placement: Placement, example: { spaceGroup: number; stream: Stream }): void;
    }
  | { on: 'input'; apply(x: Tensor4D, stream: Stream): Tensor4D };

/** Loss of each example, (N), for logits and targets (N, K). */
export type Loss = (logits: Tensor2D, targets: Tensor2D) => Tensor1D;

/** What happens to the head once the body is trained. */
export type Finish =
  | { kind: 'retrain'; smote?: { target: Strategy; k: number; m?: number }; updates: number }
  /** `tau` null: the best of 0, 0.1 … 1 on validation. */
  | { kind: 'tau-norm'; tau: number | null };

/** How several networks make one classifier. */
export interface EnsembleRule {
  /** One recipe change a member; the members differ in seed too. */
  members: readonly ((recipe: Recipe) => Recipe)[];
  /** Share of the run's updates that each member gets. */
  budget: number;
}

/** What a training run does, put together from techniques. */
export interface Recipe {
  resample: readonly Resample[];
  transforms: readonly Transform[];
  /** Loss for the data's class counts; tensors it makes belong to the caller's tidy. */
  loss: (facts: Facts) => Loss;
  /** Class weights at a share 0 to 1 of the training. */
  classWeights: (facts: Facts, share: number) => Float32Array | null;
  /** Pairs of a batch are mixed in proportions drawn from Beta(alpha, alpha). */
  mixup: { alpha: number } | null;
  head: 'linear' | 'cosine';
  finish: readonly Finish[];
  ensemble: EnsembleRule | null;
}
