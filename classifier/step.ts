import { type Scalar, type Tensor1D, tf } from '../src/engine/tf.ts';
import type { Batch } from './batches.ts';
import { weightedMean } from './losses.ts';
import type { ClassifierNetwork } from './network.ts';
import type { Loss } from './recipe.ts';
import type { RunState } from './run.ts';
import { taskLosses, uncertaintyWeighted } from './task-losses.ts';

/** Running statistics of the layers of one pass, joined in the order of the layout. */
class StatisticsCollector {
  private readonly kept = new Map<string, Tensor1D>();

  readonly sink = (name: string, mean: Tensor1D, variance: Tensor1D): void => {
    this.kept.set(`${name}/mean`, tf.keep(mean));
    this.kept.set(`${name}/variance`, tf.keep(variance));
  };

  join(network: ClassifierNetwork): Tensor1D {
    const parts = network.statistics.specs.map(({ name }) => this.kept.get(name)!);
    const joined = tf.concat(parts) as Tensor1D;
    tf.dispose(parts);
    return joined;
  }
}

/**
 * One update of the parameters and of the running statistics. Gives the loss, a scalar that the
 * caller disposes.
 */
export function trainStep(state: RunState, loss: Loss, batch: Batch, rate: number): Scalar {
  const { network, adam, statistics } = state;
  const collector = new StatisticsCollector();
  const { value, gradient } = network.parameters.slope(adam.values, (weights): Scalar => {
    const { logits, tasks } = network.train(weights, statistics, batch.x, collector.sink);
    const main = weightedMean(loss(logits, batch.targets), batch.weights);
    if (!tasks || !batch.tasks) return main as Scalar;
    const losses = taskLosses(tasks, batch.tasks);
    return uncertaintyWeighted(main, losses, weights.logVariances as Tensor1D) as Scalar;
  });
  adam.apply(gradient, rate);
  gradient.dispose();
  statistics.dispose();
  state.statistics = collector.join(network);
  return value;
}
