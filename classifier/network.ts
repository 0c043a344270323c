import { ParameterLayout, type WeightSpec, type Weights } from '../src/engine/parameters.ts';
import { relu } from '../src/engine/relu.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../src/engine/tf.ts';
import {
  convBlock,
  convStatistics,
  convWeights,
  cosineHead,
  denseLayer,
  denseWeights,
  foldConv,
  type LayerShape,
  meanPool,
  type NamedSink,
  type Pass,
  residualBlock,
} from './layers.ts';
import { HEAD_NAMES, HEAD_SIZES, type TaskOutputs } from './multitask.ts';
import type { ClassifierSpec, NetworkKind } from './spec.ts';

/** What a pass gives: logits (N, K) of the space groups and the penultimate layer (N, D). */
export interface Forward {
  logits: Tensor2D;
  features: Tensor2D;
  /** Present in multitask networks. */
  tasks?: TaskOutputs;
}

/** A body turns inputs (N, size, size, 3) into features; `convs` and `denses` list its layers. */
interface Body {
  convs: LayerShape[];
  denses: LayerShape[];
  featureCount: number;
  run(pass: Pass, x: Tensor4D): Tensor2D;
}

/** Stages of a body; stage n has n times the channels of the first. */
export const STAGES = [1, 2, 3, 4] as const;

/** Four stride-2 convolutions of w, 2w, 3w, 4w channels. */
const ladder = (from: number, width: number): LayerShape[] =>
  STAGES.map((stage) => ({
    name: `conv${stage}`,
    from: stage === 1 ? from : (stage - 1) * width,
    to: stage * width,
  }));

const climb = (pass: Pass, x: Tensor4D): Tensor4D =>
  STAGES.reduce(
    (maps, stage) => convBlock(pass, `conv${stage}`, maps, { stride: 2, first: stage === 1 }),
    x,
  );

const stackBody = (width: number): Body => ({
  convs: ladder(3, width),
  denses: [],
  featureCount: 4 * width,
  run: (pass, x) => meanPool(climb(pass, x)),
});

/** Stages that carry a residual block: the finer maps would cost more time than they give. */
export const RESIDUAL_STAGES: readonly number[] = [3, 4];

const residualBody = (width: number): Body => ({
  convs: [
    ...ladder(3, width),
    ...RESIDUAL_STAGES.flatMap((stage) =>
      ['a', 'b'].map((part) => ({
        name: `block${stage}/${part}`,
        from: stage * width,
        to: stage * width,
      })),
    ),
  ],
  denses: [],
  featureCount: 4 * width,
  run: (pass, x) =>
    meanPool(
      STAGES.reduce((maps, stage) => {
        const down = convBlock(pass, `conv${stage}`, maps, { stride: 2, first: stage === 1 });
        return RESIDUAL_STAGES.includes(stage) ? residualBlock(pass, `block${stage}`, down) : down;
      }, x),
    ),
});

const SHARED_FEATURES = 128;

const sharedBody = (width: number): Body => ({
  convs: ladder(1, width),
  denses: [{ name: 'join', from: 12 * width, to: SHARED_FEATURES }],
  featureCount: SHARED_FEATURES,
  run(pass, x) {
    const [count, rows, columns] = x.shape;
    const single = x.transpose([0, 3, 1, 2]).reshape([count * 3, rows, columns, 1]) as Tensor4D;
    const joined = meanPool(climb(pass, single)).reshape([count, 12 * width]) as Tensor2D;
    return relu(denseLayer(pass, 'join', joined));
  },
});

const BODIES: Record<NetworkKind, (width: number) => Body> = {
  stack: stackBody,
  residual: residualBody,
  shared: sharedBody,
};

/** A network as the layouts of its flat vectors and a pure function of them. */
export class ClassifierNetwork {
  readonly spec: ClassifierSpec;
  readonly parameters: ParameterLayout;
  /** Running means and variances of the batch normalisations. */
  readonly statistics: ParameterLayout;
  readonly featureCount: number;
  private readonly body: Body;

  constructor(spec: ClassifierSpec) {
    this.spec = spec;
    this.body = BODIES[spec.network](spec.width);
    this.featureCount = this.body.featureCount;
    this.parameters = new ParameterLayout([
      ...this.body.convs.flatMap(convWeights),
      ...this.body.denses.flatMap(denseWeights),
      ...this.headWeights(),
    ]);
    this.statistics = new ParameterLayout(this.body.convs.flatMap(convStatistics));
  }

  private headWeights(): WeightSpec[] {
    const from = this.featureCount;
    const head = denseWeights({ name: 'head', from, to: this.spec.classes.length });
    if (!this.spec.multitask) return head;
    return [
      ...head,
      ...HEAD_NAMES.flatMap((task) =>
        denseWeights({ name: `task/${task}`, from, to: HEAD_SIZES[task] }),
      ),
      { name: 'logVariances', shape: [1 + HEAD_NAMES.length], start: 'zeros' },
    ];
  }

  /**
   * A training pass over inputs (N, size, size, 3) = pixel * PIXEL_SCALE: the batch's own
   * statistics normalise, and the running ones go to the sink. Call inside `tf.tidy`.
   */
  train(weights: Weights, statistics: Tensor1D, x: Tensor4D, sink: NamedSink): Forward {
    const training = { statistics: this.statistics.named(statistics), sink };
    return this.run({ weights, training }, x);
  }

  /** The weights for use, normalisations folded in. The caller disposes them. */
  fold(parameters: Float32Array, statistics: Float32Array): Weights {
    return tf.tidy(() => {
      const weights = this.parameters.unpack(tf.tensor1d(parameters));
      const running = this.statistics.unpack(tf.tensor1d(statistics));
      const convs = this.body.convs.map(({ name }) => foldConv(weights, running, name));
      const isDense = (name: string) =>
        !convs.some((conv) => `${name.replace(/[^/]*$/, '')}bias` in conv);
      const denseLayer = Object.entries(weights).filter(([name]) => isDense(name));
      return Object.assign(Object.fromEntries(denseLayer), ...convs) as Weights;
    });
  }

  /** A pass in use, with the weights that `fold` gave; differentiable in the input. */
  use(folded: Weights, x: Tensor4D): Forward {
    return this.run({ weights: folded }, x);
  }

  private run(pass: Pass, x: Tensor4D): Forward {
    const features = this.body.run(pass, x);
    const head = this.spec.head === 'cosine' ? cosineHead : denseLayer;
    const logits = head(pass, 'head', features);
    if (!this.spec.multitask) return { features, logits };
    const outputs = HEAD_NAMES.map((task) => [task, denseLayer(pass, `task/${task}`, features)]);
    return { features, logits, tasks: Object.fromEntries(outputs) as TaskOutputs };
  }
}
