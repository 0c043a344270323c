import { join } from 'node:path';
import { writeCard } from '../src/common/card.ts';
import { digestOf } from '../src/common/digest.ts';
import { writeTensorFile } from '../src/common/tensorfile.ts';
import { numbersOf } from '../src/engine/numbers.ts';
import type { Weights } from '../src/engine/parameters.ts';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../src/engine/tf.ts';
import type { Camera } from '../src/simulate/camera.ts';
import { inputOf } from './batches.ts';
import { classifierCard } from './card.ts';
import type { TrainedClassifier, TrainingRecord, TripletInput } from './classifier.ts';
import {
  type CellScale,
  consistent,
  HEAD_NAMES,
  type Properties,
  readProperties,
} from './multitask.ts';
import { ClassifierNetwork, type Forward } from './network.ts';
import type { ClassifierSpec } from './spec.ts';

/** Name of the classifier's file in its folder. */
export const CLASSIFIER_FILE = 'classifier.safetensors';

/** Everything a trained network consists of, as plain data. */
export interface ClassifierData {
  spec: ClassifierSpec;
  parameters: Float32Array;
  statistics: Float32Array;
  /** Logits are divided by it; fitted on validation examples. */
  temperature: number;
  /** Materials of the training examples, ascending, each once. */
  materials: readonly string[];
  /** How the patterns were sampled, where known. */
  camera?: Camera;
  /** Scale of the cell numbers of a multitask network. */
  scale?: CellScale;
  /** How it came about. */
  training?: TrainingRecord;
}

const BLOCK = 128;

/** One trained network. */
export class SingleClassifier implements TrainedClassifier {
  readonly data: ClassifierData;
  readonly digest: string;
  readonly seen: TrainedClassifier['seen'];
  private readonly network: ClassifierNetwork;
  /** Kernels and biases in use, normalisations folded in. */
  readonly foldedWeights: Weights;

  constructor(data: ClassifierData) {
    this.data = data;
    this.network = new ClassifierNetwork(data.spec);
    this.foldedWeights = this.network.fold(data.parameters, data.statistics);
    this.seen = { materials: data.materials, digest: digestOf(data.materials) };
    this.digest = digestOf({
      spec: data.spec,
      temperature: data.temperature,
      materials: data.materials,
      camera: data.camera ?? null,
      scale: data.scale ?? null,
      parameters: digestOf(data.parameters),
      statistics: digestOf(data.statistics),
    });
  }

  get classes(): readonly number[] {
    return this.data.spec.classes;
  }

  get size(): number {
    return this.data.spec.size;
  }

  get camera(): Camera | undefined {
    return this.data.camera;
  }

  get training(): TrainingRecord | undefined {
    return this.data.training;
  }

  get featureCount(): number {
    return this.network.featureCount;
  }

  /** One pass in inference, crystal systems made consistent; differentiable in the input. */
  forward(input: Tensor4D): Forward {
    const pass = this.network.use(this.foldedWeights, input);
    const { consistency, classes } = this.data.spec;
    if (!pass.tasks || consistency === 'none') return pass;
    return {
      ...pass,
      logits: consistent(pass.logits, pass.tasks.system, { consistency, classes }),
    };
  }

  /** What a multitask network says of the crystals; null for other networks. */
  properties(patterns: TripletInput): Properties | null {
    const { scale, spec } = this.data;
    if (!spec.multitask || !scale) return null;
    const raw = this.inBlocks(patterns, (x) => {
      const tasks = this.forward(x).tasks!;
      return tf.concat(
        HEAD_NAMES.map((name) => tasks[name]),
        1,
      );
    });
    return readProperties(raw, scale);
  }

  logitsOf(input: Tensor4D): Tensor2D {
    return tf.tidy(() => this.forward(input).logits.div(this.data.temperature) as Tensor2D);
  }

  featuresOf(input: Tensor4D): Tensor2D {
    return tf.tidy(() => this.forward(input).features);
  }

  predict(patterns: TripletInput): Float32Array {
    return this.inBlocks(patterns, (x) => tf.softmax(this.logitsOf(x)));
  }

  logits(patterns: TripletInput): Float32Array {
    return this.inBlocks(patterns, (x) => this.forward(x).logits);
  }

  features(patterns: TripletInput): Float32Array {
    return this.inBlocks(patterns, (x) => this.featuresOf(x));
  }

  private inBlocks(patterns: TripletInput, run: (x: Tensor4D) => Tensor): Float32Array {
    return mapBlocks(patterns, this.size, run);
  }

  async save(folder: string): Promise<void> {
    const { parameters, statistics, ...description } = this.data;
    writeTensorFile(join(folder, CLASSIFIER_FILE), {
      arrays: { parameters, statistics },
      description: { kind: 'classifier', ...description },
    });
    writeCard(join(folder, 'README.md'), classifierCard(this, this.data.spec.network));
  }

  dispose(): void {
    tf.dispose(this.foldedWeights);
  }
}

/** Runs blocks of patterns through `run` and joins the rows it gives, flat. */
export function mapBlocks(
  patterns: TripletInput,
  size: number,
  run: (x: Tensor4D) => Tensor,
): Float32Array {
  const each = size * size * 3;
  const count = patterns instanceof Uint8Array ? patterns.length / each : patterns.count;
  const blocks: Float32Array[] = [];
  for (let from = 0; from < count; from += BLOCK) {
    const to = Math.min(count, from + BLOCK);
    const pixels =
      patterns instanceof Uint8Array
        ? patterns.subarray(from * each, to * each)
        : patterns.images(Int32Array.from({ length: to - from }, (_, i) => from + i));
    blocks.push(numbersOf(() => run(inputOf(pixels, size))));
  }
  const out = new Float32Array(blocks.reduce((total, block) => total + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return out;
}
