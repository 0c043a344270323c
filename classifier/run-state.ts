import { existsSync } from 'node:fs';
import { inputError } from '../src/common/errors.ts';
import type { Stream } from '../src/common/stream.ts';
import { readTensorFile, writeTensorFile } from '../src/common/tensorfile.ts';
import { Adam } from '../src/engine/adam.ts';
import { type Tensor1D, tf } from '../src/engine/tf.ts';
import type { History } from './classifier.ts';
import { ClassifierNetwork } from './network.ts';
import type { ClassifierSpec } from './spec.ts';

/** Parameters and running statistics as plain numbers. */
export interface TrainedWeights {
  parameters: Float32Array;
  statistics: Float32Array;
}

export interface RunOptions {
  spec: ClassifierSpec;
  stream: Stream;
  weightDecay: number;
  start?: TrainedWeights;
}

/**
 * A network in training: parameters, optimiser, running statistics, the best weights so far and
 * the curves. Everything the next update depends on goes into a checkpoint.
 */
export class RunState {
  readonly network: ClassifierNetwork;
  readonly adam: Adam;
  statistics: Tensor1D;
  update = 0;
  history: History = { losses: [], validation: [] };
  best: { score: number; highest: number; update: number; weights: TrainedWeights } | null = null;

  constructor({ spec, stream, weightDecay, start }: RunOptions) {
    this.network = new ClassifierNetwork(spec);
    const { parameters, statistics } = this.network;
    this.adam = new Adam(start?.parameters ?? parameters.initial(stream.split('weights')), {
      weightDecay,
      decayMask: parameters.decayMask(),
    });
    this.statistics = tf.tensor1d(start?.statistics ?? statistics.initial(stream));
  }

  weights(): TrainedWeights {
    return {
      parameters: this.adam.values.dataSync() as Float32Array,
      statistics: this.statistics.dataSync() as Float32Array,
    };
  }

  /**
   * Keeps the present weights when their validation score is within `tolerance` of the highest so
   * far: among scores that cannot be told apart, longer training wins (the one-standard-error rule
   * of Breiman et al. 1984). Says whether the score is a new highest.
   */
  consider(score: number, tolerance: number): boolean {
    const highest = this.best?.highest ?? Number.NEGATIVE_INFINITY;
    const record = Math.max(highest, score);
    if (score >= record - tolerance) {
      this.best = { score, highest: record, update: this.update, weights: this.weights() };
    }
    return score > highest;
  }

  /** Writes all of it; `identity` names the run that may go on from it. */
  save(file: string, identity: string): void {
    const { step, mean, square } = this.adam.state();
    const best = this.best;
    writeTensorFile(file, {
      arrays: {
        ...this.weights(),
        mean,
        square,
        ...(best && {
          bestParameters: best.weights.parameters,
          bestStatistics: best.weights.statistics,
        }),
      },
      description: {
        kind: 'classifier checkpoint',
        identity,
        update: this.update,
        step,
        history: this.history,
        best: best && { score: best.score, highest: best.highest, update: best.update },
      },
    });
  }

  /** Goes on from a checkpoint, where there is one; refuses one of another run. */
  resume(file: string, identity: string): boolean {
    if (!existsSync(file)) return false;
    const { arrays, description } = readTensorFile(file);
    if (description.identity !== identity) {
      throw inputError(
        `${file} is the checkpoint of a training with other settings or data`,
        'delete it, or give the same settings',
      );
    }
    const array = (name: string) => arrays[name] as Float32Array;
    const { update, step, history, best } = description as unknown as {
      update: number;
      step: number;
      history: History;
      best: { score: number; highest: number; update: number } | null;
    };
    this.adam.restore(array('parameters'), { step, mean: array('mean'), square: array('square') });
    this.statistics.dispose();
    this.statistics = tf.tensor1d(array('statistics'));
    const bestWeights = {
      parameters: array('bestParameters'),
      statistics: array('bestStatistics'),
    };
    Object.assign(this, { update, history, best: best && { ...best, weights: bestWeights } });
    return true;
  }

  dispose(): void {
    this.adam.dispose();
    this.statistics.dispose();
  }
}
