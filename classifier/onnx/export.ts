import { hermannMauguin } from '../../src/crystal/spacegroup.ts';
import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { LEVEL_FLOOR, LEVEL_GAIN } from '../../src/dataset/intensity/transform.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import type { Tensor } from '../../src/engine/tf.ts';
import type { TrainedClassifier } from '../classifier.ts';
import { EnsembleClassifier } from '../ensemble.ts';
import { HEAD_SCALE } from '../layers.ts';
import { EXCLUDED_LOGIT, systemTable } from '../multitask.ts';
import { RESIDUAL_STAGES, STAGES } from '../network.ts';
import { SingleClassifier } from '../single.ts';
import type { ClassifierSpec } from '../spec.ts';
import { ONNX_OPSET, OnnxGraph } from './graph.ts';

/** Values of a network in the graph. */
interface Values {
  logits: string;
  features: string;
}

/** Lays one network in use into a graph: the same operators as `ClassifierNetwork.use`. */
class NetworkGraph {
  private readonly graph: OnnxGraph;
  private readonly weights: Readonly<Record<string, Tensor>>;
  private readonly spec: ClassifierSpec;

  constructor(graph: OnnxGraph, { foldedWeights, data }: SingleClassifier) {
    this.graph = graph;
    this.weights = foldedWeights;
    this.spec = data.spec;
  }

  /** Numbers of a weight, its axes in another order where one is given. */
  private weight(name: string, order?: readonly number[]): string {
    const tensor = this.weights[name]!;
    const turned = order ? order.map((axis) => tensor.shape[axis]!) : tensor.shape;
    const values = numbersOf(() => (order ? tensor.transpose([...order]) : tensor.clone()));
    return this.graph.constant(values, turned);
  }

  private relu = (x: string): string => this.graph.add('Relu', [x]);

  /** A 3x3 convolution padded as TensorFlow's `same`: what is odd goes below and to the right. */
  private conv(name: string, x: string, stride: 1 | 2, side: number): string {
    const total = Math.max(0, (Math.ceil(side / stride) - 1) * stride + 3 - side);
    const [before, after] = [Math.floor(total / 2), Math.ceil(total / 2)];
    const kernel = this.weight(`${name}/kernel`, [3, 2, 0, 1]);
    return this.graph.add('Conv', [x, kernel, this.weight(`${name}/bias`)], {
      kernel_shape: [3, 3],
      strides: [stride, stride],
      pads: [before, before, after, after],
    });
  }

  /** Four stages and the mean over the last maps, (N, channels). */
  private climb(x: string): string {
    let maps = x;
    let side = this.spec.size;
    for (const stage of STAGES) {
      maps = this.relu(this.conv(`conv${stage}`, maps, 2, side));
      side = Math.ceil(side / 2);
      if (this.spec.network !== 'residual' || !RESIDUAL_STAGES.includes(stage)) continue;
      const inner = this.relu(this.conv(`block${stage}/a`, maps, 1, side));
      const outer = this.conv(`block${stage}/b`, inner, 1, side);
      maps = this.relu(this.graph.add('Add', [outer, maps]));
    }
    return this.graph.add('ReduceMean', [maps], { axes: [2, 3], keepdims: 0 });
  }

  private dense(name: string, x: string): string {
    const product = this.graph.add('MatMul', [x, this.weight(`${name}/kernel`)]);
    return this.graph.add('Add', [product, this.weight(`${name}/bias`)]);
  }

  private unit(x: string, axis: number): string {
    const { graph } = this;
    const squares = graph.add('ReduceSum', [graph.add('Mul', [x, x]), graph.integers(axis)]);
    const length = graph.add('Sqrt', [graph.add('Add', [squares, graph.scalar(1e-12)])]);
    return graph.add('Div', [x, length]);
  }

  private head(features: string): string {
    if (this.spec.head === 'linear') return this.dense('head', features);
    const kernel = this.unit(this.weight('head/kernel'), 0);
    const cosine = this.graph.add('MatMul', [this.unit(features, 1), kernel]);
    return this.graph.add('Mul', [cosine, this.graph.scalar(HEAD_SCALE)]);
  }

  private features(x: string): string {
    const { graph, spec } = this;
    if (spec.network !== 'shared') return this.climb(x);
    const single = graph.add('Reshape', [x, graph.integers(-1, 1, spec.size, spec.size)]);
    const joined = graph.add('Reshape', [this.climb(single), graph.integers(-1, 12 * spec.width)]);
    return this.relu(this.dense('join', joined));
  }

  /** Logits made consistent with the crystal systems, as `consistent` in multitask.ts. */
  private consistent(logits: string, features: string): string {
    const { graph } = this;
    const { multitask, consistency, classes } = this.spec;
    if (!multitask || consistency === 'none') return logits;
    const rows = systemTable(classes);
    const table = graph.constant(Float32Array.from(rows.flat()), [rows.length, classes.length]);
    const systems = this.dense('task/system', features);
    if (consistency === 'weight') {
      const evidence = graph.add('LogSoftmax', [systems], { axis: 1 });
      return graph.add('Add', [logits, graph.add('MatMul', [evidence, table])]);
    }
    const empty = Float32Array.from(rows, (row) => (row.includes(1) ? 0 : -1e9));
    const possible = graph.add('Add', [systems, graph.constant(empty, [rows.length])]);
    const likeliest = graph.add('ArgMax', [possible], { axis: 1, keepdims: 0 });
    const kept = graph.add('Gather', [table, likeliest]);
    const others = graph.add('Sub', [graph.scalar(1), kept]);
    const excluded = graph.add('Mul', [others, graph.scalar(EXCLUDED_LOGIT)]);
    return graph.add('Add', [graph.add('Mul', [logits, kept]), excluded]);
  }

  values(x: string, temperature: number): Values {
    const features = this.features(x);
    const logits = this.consistent(this.head(features), features);
    return { features, logits: this.graph.add('Div', [logits, this.graph.scalar(temperature)]) };
  }
}

/** Network inputs (N, 3, S, S) of intensities: stored grey levels times PIXEL_SCALE. */
function inputOf(graph: OnnxGraph, intensity: string): string {
  const least = graph.add('Max', [intensity, graph.scalar(Math.exp(LEVEL_FLOOR))]);
  const above = graph.add('Sub', [graph.add('Log', [least]), graph.scalar(LEVEL_FLOOR)]);
  const levels = graph.add('Mul', [above, graph.scalar(LEVEL_GAIN)]);
  const clipped = graph.add('Clip', [levels, graph.scalar(0), graph.scalar(255)]);
  return graph.add('Mul', [graph.add('Round', [clipped]), graph.scalar(PIXEL_SCALE)]);
}

function valuesOf(graph: OnnxGraph, classifier: TrainedClassifier, x: string): Values {
  if (classifier instanceof SingleClassifier) {
    return new NetworkGraph(graph, classifier).values(x, classifier.data.temperature);
  }
  if (!(classifier instanceof EnsembleClassifier)) throw new TypeError('a classifier of its own');
  const { members, temperature } = classifier;
  const each = members.map((one) => new NetworkGraph(graph, one).values(x, one.data.temperature));
  const softmax = each.map(({ logits }) => graph.add('Softmax', [logits], { axis: 1 }));
  const mean = graph.add('Mean', softmax);
  const log = graph.add('Log', [graph.add('Add', [mean, graph.scalar(1e-12)])]);
  const features = graph.add(
    'Concat',
    each.map((one) => one.features),
    { axis: 1 },
  );
  return { features, logits: graph.add('Div', [log, graph.scalar(temperature)]) };
}

/** What a user of the file must know, as text. */
function metadataOf(classifier: TrainedClassifier): Record<string, string> {
  const { classes, size, camera, digest, training } = classifier;
  return {
    input:
      'intensity (N, 3, size, size): fraction of the probe on (0.01 1/angstrom)^2, one pattern a zone axis, ' +
      'row 0 at the top; levels 10 (ln I + 17), clipped to 0..255 and rounded, are taken in the graph',
    output:
      'probabilities (N, K) of the space groups; logits, whose softmax they are; features (N, D) of the last layer',
    space_groups: JSON.stringify(classes),
    symbols: JSON.stringify(classes.map(hermannMauguin)),
    size: String(size),
    ...(camera && {
      pixel_inv_angstrom: String(camera.pixel),
      centre_pixel: String(camera.centre),
    }),
    ...(training && { techniques: training.techniques.join(', '), seed: String(training.seed) }),
    digest,
    opset: String(ONNX_OPSET),
    license: 'MIT',
  };
}

/**
 * A classifier, single or ensemble, as an ONNX model (opset 17).
 *
 * Input `intensity` (N, 3, S, S) float32, as `gan data export --format npz` writes it; outputs
 * `probabilities` and `logits` (N, K), `features` (N, D). Classes, camera and what else a user must
 * know stand in the model's metadata.
 *
 * @returns the bytes of the file.
 * @example
 * const classifier = await loadClassifier('workspace/runs/my-classifier');
 * writeFileSync('classifier.onnx', onnxOf(classifier));
 * @category Classifiers
 */
export function onnxOf(classifier: TrainedClassifier): Uint8Array {
  const { size, classes, featureCount } = classifier;
  const graph = new OnnxGraph();
  const { logits, features } = valuesOf(graph, classifier, inputOf(graph, 'intensity'));
  graph.add('Softmax', [logits], { axis: 1 }, 'probabilities');
  graph.add('Identity', [logits], {}, 'logits');
  graph.add('Identity', [features], {}, 'features');
  return graph.encode({
    inputs: [{ name: 'intensity', shape: ['N', 3, size, size] }],
    outputs: [
      { name: 'probabilities', shape: ['N', classes.length] },
      { name: 'logits', shape: ['N', classes.length] },
      { name: 'features', shape: ['N', featureCount] },
    ],
    metadata: metadataOf(classifier),
  });
}
