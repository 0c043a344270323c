import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Progress } from '../src/common/progress.ts';
import type { Stream } from '../src/common/stream.ts';
import type { Examples } from '../src/dataset/examples.ts';
import { explainStepError } from '../src/engine/explain.ts';
import { type Scalar, type Tensor1D, tf } from '../src/engine/tf.ts';
import { type Batch, batchRows, classFacts, makeBatch } from './batches.ts';
import { weightedMean } from './losses.ts';
import { meanNegativeLogLikelihood, report } from './metrics.ts';
import {
  type CellScale,
  cellScale,
  type TaskTable,
  taskBatch,
  taskLosses,
  taskTable,
  uncertaintyWeighted,
} from './multitask.ts';
import type { ClassifierNetwork } from './network.ts';
import { identityOf, type ResolvedOptions } from './options.ts';
import type { Facts, Loss, Recipe } from './recipe.ts';
import { RunState } from './run-state.ts';
import { oneCycleRate } from './schedule.ts';
import { SingleClassifier } from './single.ts';

function tasksOf(examples: Examples) {
  const table = taskTable(examples);
  return { table, scale: cellScale(table) };
}

/** How often the loss is read back from the engine and the event loop gets a turn. */
const READ_EVERY = 10;

/** The training of one network by a resolved recipe. */
export class TrainingLoop {
  readonly state: RunState;
  private readonly options: ResolvedOptions;
  private readonly recipe: Recipe;
  private readonly facts: Facts;
  private readonly loss: Loss;
  private readonly stream: Stream;
  private readonly tasks: { table: TaskTable; scale: CellScale } | null;
  private misses = 0;

  constructor(options: ResolvedOptions, recipe: Recipe, stream: Stream) {
    this.options = options;
    this.recipe = recipe;
    this.stream = stream;
    this.facts = classFacts(options.examples);
    this.loss = recipe.loss(this.facts);
    const spec = { ...options.spec, head: recipe.head };
    this.tasks = spec.multitask ? tasksOf(options.examples) : null;
    const { weightDecay, start } = options;
    this.state = new RunState({ spec, stream, weightDecay, start });
  }

  /** Runs to the end, or until patience is over. */
  async run(progress: Progress): Promise<void> {
    const { updates, checkpoint, patience } = this.options;
    const identity = checkpoint ? identityOf(this.options) : '';
    if (checkpoint && this.state.resume(checkpoint.file, identity)) {
      progress.advance(this.state.update);
    }
    const start = this.state.update;
    while (this.state.update < updates && this.misses < (patience ?? Infinity)) {
      this.advance(progress);
      if (this.state.update === start + 1) progress.warmed?.();
      if (checkpoint && this.state.update % checkpoint.every === 0) {
        this.state.save(checkpoint.file, identity);
      }
      if (this.state.update % READ_EVERY === 0) await nextTurn();
    }
    if (checkpoint) this.state.save(checkpoint.file, identity);
  }

  private advance(progress: Progress): void {
    const { state, options } = this;
    const { updates } = options;
    const rate = oneCycleRate(state.update, { peak: options.rate, updates });
    const loss = this.explained(() => this.step(rate));
    state.update++;
    if (loss !== null) state.history.losses.push({ update: state.update, loss, rate });
    if (this.isEvaluation()) this.evaluate();
    const score = state.history.validation.at(-1)?.macroF1;
    const last = state.history.losses.at(-1)?.loss.toFixed(3) ?? '';
    progress.advance(1, `loss ${last}${score === undefined ? '' : `, F1 ${score.toFixed(3)}`}`);
  }

  /** One update; gives the loss when it is one of those that are read. */
  private step(rate: number): number | null {
    const { state, options, recipe, stream } = this;
    const { examples, batch: size, updates } = options;
    const update = state.update;
    const batch = makeBatch({
      examples,
      rows: batchRows(examples.count, { update, batch: size, stream: stream.split('batches') }),
      recipe,
      classWeights: recipe.classWeights(this.facts, update / updates),
      stream: stream.split(`update ${update}`),
      ...(this.tasks && { tasksOf: this.taskRows }),
    });
    const value = trainStep(state, this.loss, batch, rate);
    batch.dispose();
    const loss = (update + 1) % READ_EVERY === 0 ? value.dataSync()[0]! : null;
    value.dispose();
    if (loss !== null && !Number.isFinite(loss)) {
      throw new Error(`the training loss is ${loss} at update ${update + 1}; lower --rate`);
    }
    return loss;
  }

  /** What a step gives; where memory runs out, the error names a smaller batch. */
  private explained<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw explainStepError(error, this.options.batch);
    }
  }

  private readonly taskRows = (rows: Int32Array) => {
    const { table, scale } = this.tasks!;
    return taskBatch(table, scale, rows);
  };

  /** Whether this update ends one of the equal parts of the run. */
  private isEvaluation(): boolean {
    const { updates, evaluations } = this.options;
    const part = (update: number) => Math.floor((update * evaluations) / updates);
    return part(this.state.update) > part(this.state.update - 1);
  }

  private evaluate(): void {
    const { state, options } = this;
    const { validation } = options;
    const classifier = this.classifierOf(state.weights());
    const logits = classifier.logits(validation);
    classifier.dispose();
    const { macroF1 } = report(logits, validation.labels, { classes: validation.classes });
    const loss = meanNegativeLogLikelihood(logits, validation.labels, 1);
    state.history.validation.push({ update: state.update, macroF1, loss });
    const standardError = Math.sqrt((macroF1 * (1 - macroF1)) / validation.count);
    this.misses = state.consider(macroF1, standardError) ? 0 : this.misses + 1;
  }

  /** A classifier of some weights, its temperature not yet fitted. */
  classifierOf(weights: { parameters: Float32Array; statistics: Float32Array }): SingleClassifier {
    const materials = [...new Set(this.options.examples.materials)].sort();
    const { spec } = this.state.network;
    const { camera } = this.options;
    const scale = this.tasks?.scale;
    return new SingleClassifier({ ...weights, spec, temperature: 1, materials, camera, scale });
  }
}

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
