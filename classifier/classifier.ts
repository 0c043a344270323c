import type { Examples } from '../src/dataset/examples.ts';
import type { Tensor2D, Tensor4D } from '../src/engine/tf.ts';
import type { Camera } from '../src/simulate/camera.ts';

/** Triplets to classify: examples, or stored pixels (N, size, size, 3) in NHWC order. */
export type TripletInput = Pick<Examples, 'count' | 'images'> | Uint8Array;

/**
 * A trained classifier of triplets, a single network or an ensemble. All outputs are flat arrays
 * in row-major order.
 */
export interface Classifier {
  /** Space groups in label order. */
  readonly classes: readonly number[];
  /** Pixels a side. */
  readonly size: number;
  /** Length of a feature vector. */
  readonly featureCount: number;
  /** SHA-256 of weights and spec. */
  readonly digest: string;
  /** Materials it was trained on: the leak guard. */
  readonly seen: { readonly materials: readonly string[]; readonly digest: string };
  /** Class probabilities, temperature-scaled, (N, K). */
  predict(patterns: TripletInput): Float32Array;
  /** Logits before the temperature, (N, K). */
  logits(patterns: TripletInput): Float32Array;
  /** Penultimate layer, (N, featureCount). */
  features(patterns: TripletInput): Float32Array;
  /**
   * Temperature-scaled logits of network inputs (N, size, size, 3) = pixel * PIXEL_SCALE;
   * differentiable with respect to the inputs. The softmax of it is what `predict` gives.
   */
  logitsOf(input: Tensor4D): Tensor2D;
  /** Penultimate layer of network inputs, differentiable, (N, featureCount). */
  featuresOf(input: Tensor4D): Tensor2D;
  /** Writes the classifier and its card into a folder; `loadClassifier` reads it. */
  save(folder: string): Promise<void>;
  /** Frees its tensors. */
  dispose(): void;
}

/** One reading of the training loss. */
export interface LossPoint {
  update: number;
  loss: number;
  rate: number;
}

/** One look at the validation examples. */
export interface ValidationPoint {
  update: number;
  macroF1: number;
  loss: number;
}

/** Learning curves of a run. */
export interface History {
  losses: LossPoint[];
  validation: ValidationPoint[];
}

/** One point of a curve that a technique recorded on the way. */
export type Trace = Record<string, number | string>;

/** What is kept of the training of a classifier. */
export interface TrainingRecord {
  techniques: readonly string[];
  updates: number;
  seed: number;
  /** Update whose weights were kept. */
  bestUpdate: number;
  history: History;
  /** Curves that techniques recorded while they searched. */
  traces: readonly Trace[];
}

/** A classifier with what is known of its making. */
export interface TrainedClassifier extends Classifier {
  /** How the patterns were sampled, where known. */
  readonly camera?: Camera;
  readonly training?: TrainingRecord;
}
