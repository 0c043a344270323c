import type { Vectors } from '../../src/balance/neighbours.ts';
import { rowsByClass } from '../../src/balance/sampling.ts';
import { type Interpolation, smote } from '../../src/balance/smote.ts';
import { parseStrategy } from '../../src/balance/strategy.ts';
import { usageError } from '../../src/common/errors.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { Examples, RealExamples } from '../../src/dataset/examples.ts';
import { Adam } from '../../src/engine/adam.ts';
import { ParameterLayout } from '../../src/engine/parameters.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { denseWeights } from '../layers.ts';
import { crossEntropy } from '../losses.ts';
import { report } from '../metrics.ts';
import { ClassifierNetwork } from '../network.ts';
import { type Finish, type Recipe, technique } from '../recipe.ts';
import { oneCycleRate } from '../schedule.ts';
import { type ClassifierData, SingleClassifier } from '../single.ts';

const adding = (recipe: Recipe, finish: Finish): Recipe => ({
  ...recipe,
  finish: [...recipe.finish, finish],
});

const HEAD_UPDATES = 600;

function parseTau(text: string): number | null {
  if (text === 'auto') return null;
  const tau = Number(text);
  if (!(tau >= 0 && tau <= 2)) throw usageError(`tau=${text} is neither auto nor between 0 and 2`);
  return tau;
}

export const HEAD_TECHNIQUES = [
  technique({
    name: 'crt',
    roles: ['head'],
    summary: 'decoupled: body frozen, a new head trained on class-balanced draws',
    source: 'Kang et al. 2020, arXiv:1910.09217',
    defaults: { updates: HEAD_UPDATES },
    apply: (recipe, { updates }) => adding(recipe, { kind: 'retrain', updates }),
  }),
  technique({
    name: 'tau-norm',
    roles: ['head'],
    summary: 'class vectors divided by their norm to the tau; auto: tau chosen on validation',
    source: 'Kang et al. 2020, arXiv:1910.09217',
    defaults: { tau: 'auto' },
    apply: (recipe, { tau }) => adding(recipe, { kind: 'tau-norm', tau: parseTau(tau) }),
  }),
  technique({
    name: 'smote-features',
    roles: ['head'],
    summary: 'body frozen, a new head trained with SMOTE in feature space',
    source: 'Chawla et al. 2002',
    defaults: { target: 'auto', k: 5, updates: HEAD_UPDATES },
    apply: (recipe, { target, k, updates }) =>
      adding(recipe, { kind: 'retrain', updates, smote: { target: parseStrategy(target), k } }),
  }),
  technique({
    name: 'borderline-smote-features',
    roles: ['head'],
    summary: 'the same with borderline-SMOTE',
    source: 'Han et al. 2005',
    defaults: { target: 'auto', k: 5, m: 10, updates: HEAD_UPDATES },
    apply: (recipe, { target, k, m, updates }) =>
      adding(recipe, { kind: 'retrain', updates, smote: { target: parseStrategy(target), k, m } }),
  }),
];

export interface FinishContext {
  examples: Examples;
  validation: RealExamples;
  stream: Stream;
}

const BATCH = 128;
const RATE = 1e-2;

/** Values of the head, (D, K) kernel by rows then (K) bias, and where they stand. */
function headRange(data: ClassifierData): [from: number, to: number] {
  const { parameters } = new ClassifierNetwork(data.spec);
  return [parameters.rangeOf('head/kernel')[0], parameters.rangeOf('head/bias')[1]];
}

/** The same classifier with another head. */
function withHead(data: ClassifierData, head: Float32Array): ClassifierData {
  const parameters = data.parameters.slice();
  parameters.set(head, headRange(data)[0]);
  return { ...data, parameters };
}

function featuresOf(data: ClassifierData, examples: Examples): Vectors {
  const classifier = new SingleClassifier(data);
  const values = classifier.features(examples);
  const dimension = classifier.featureCount;
  classifier.dispose();
  return { count: examples.count, dimension, values };
}

/** The vectors followed by interpolated ones, and the labels of all. */
function withInterpolated(vectors: Vectors, labels: Int32Array, added: readonly Interpolation[]) {
  const { count, dimension } = vectors;
  const values = new Float32Array((count + added.length) * dimension);
  values.set(vectors.values);
  added.forEach(({ from, to, share }, i) => {
    for (let d = 0; d < dimension; d++) {
      const [a, b] = [vectors.values[from * dimension + d]!, vectors.values[to * dimension + d]!];
      values[(count + i) * dimension + d] = (1 - share) * a + share * b;
    }
  });
  const all = new Int32Array(count + added.length);
  all.set(labels);
  added.forEach(({ label }, i) => {
    all[count + i] = label;
  });
  return { vectors: { count: all.length, dimension, values }, labels: all };
}

/** Trains a linear head on feature vectors with class-balanced draws; gives kernel and bias, flat. */
function trainHead(
  { vectors, labels }: { vectors: Vectors; labels: Int32Array },
  options: { classCount: number; updates: number; stream: Stream },
): Float32Array {
  const { classCount, updates, stream } = options;
  const layout = new ParameterLayout(
    denseWeights({ name: 'head', from: vectors.dimension, to: classCount }),
  );
  const present = rowsByClass({ labels, classCount }).filter((rows) => rows.length > 0);
  const adam = new Adam(layout.initial(stream.split('weights')));
  const table = tf.tensor2d(vectors.values, [vectors.count, vectors.dimension]);
  const draws = stream.split('draws');
  for (let update = 0; update < updates; update++) {
    const rows = Int32Array.from({ length: BATCH }, () => draws.pick(draws.pick(present)));
    const grad = tf.tidy(() => {
      const x = tf.gather(table, tf.tensor1d(rows, 'int32'));
      const drawn = tf.tensor1d(
        rows.map((row) => labels[row]!),
        'int32',
      );
      const t = tf.oneHot(drawn, classCount).cast('float32') as Tensor2D;
      return tf.grad((flat) => {
        const weights = layout.unpack(flat as Tensor1D);
        const z = x.matMul(weights['head/kernel'] as Tensor2D).add(weights['head/bias']!);
        return crossEntropy(z as Tensor2D, t).mean();
      })(adam.values);
    });
    adam.apply(grad as Tensor1D, oneCycleRate(update, { peak: RATE, updates }));
    grad.dispose();
  }
  const head = adam.values.dataSync() as Float32Array;
  adam.dispose();
  table.dispose();
  return head;
}

function retrain(
  data: ClassifierData,
  finish: Extract<Finish, { kind: 'retrain' }>,
  { examples, stream }: FinishContext,
): ClassifierData {
  const classCount = examples.classes.length;
  const vectors = featuresOf(data, examples);
  const { labels } = examples;
  const added = finish.smote
    ? smote({
        data: { labels, classCount },
        vectors,
        strategy: finish.smote.target,
        stream: stream.split('smote'),
        ...{ k: finish.smote.k, m: finish.smote.m },
      })
    : [];
  const rows = withInterpolated(vectors, labels, added);
  return withHead(data, trainHead(rows, { classCount, updates: finish.updates, stream }));
}

/** Divides each class vector by its norm to the `tau` and drops the bias (Kang et al. 2020). */
function normalised(data: ClassifierData, tau: number): ClassifierData {
  const classCount = data.spec.classes.length;
  const head = data.parameters.slice(...headRange(data));
  const kernelSize = head.length - classCount;
  for (let c = 0; c < classCount; c++) {
    let square = 0;
    for (let at = c; at < kernelSize; at += classCount) square += head[at]! ** 2;
    const scale = Math.sqrt(square) ** tau || 1;
    for (let at = c; at < kernelSize; at += classCount) head[at]! /= scale;
  }
  head.fill(0, kernelSize);
  return withHead(data, head);
}

function macroF1(data: ClassifierData, validation: RealExamples): number {
  const classifier = new SingleClassifier(data);
  const logits = classifier.logits(validation);
  classifier.dispose();
  return report(logits, validation.labels, { classes: validation.classes }).macroF1;
}

const TAUS = Array.from({ length: 11 }, (_, i) => i / 10);

function tauNormalise(
  data: ClassifierData,
  tau: number | null,
  { validation }: FinishContext,
): ClassifierData {
  if (tau !== null) return normalised(data, tau);
  const tried = TAUS.map((value) => normalised(data, value));
  const scores = tried.map((one) => macroF1(one, validation));
  return tried[scores.indexOf(Math.max(...scores))]!;
}

/** What a technique does to the head once the body is trained. */
export const applyFinish = (
  data: ClassifierData,
  finish: Finish,
  context: FinishContext,
): ClassifierData =>
  finish.kind === 'retrain'
    ? retrain(data, finish, context)
    : tauNormalise(data, finish.tau, context);
