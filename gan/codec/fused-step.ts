import type { Kernels } from '../../src/engine/kernels.ts';
import { runOperation } from '../../src/engine/operation.ts';
import type { Weights } from '../../src/engine/parameters.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { GROUP } from '../training/batches.ts';
import { hinge } from '../training/losses.ts';
import { EMBEDDING_NORM } from './networks.ts';
import type { DiscriminatorDraws, Draws, Gradients, Networks } from './step.ts';

/** Matrix product of a and b, of which one may be transposed. Not differentiable. */
const product = (a: Tensor, b: Tensor, transposed?: 'left' | 'right'): Tensor =>
  runOperation('MatMul', [a, b], {
    types: { T: 'float' },
    flags: { transpose_a: transposed === 'left', transpose_b: transposed === 'right' },
  });

/** Activations of a hidden layer kept for the backward pass. */
interface Layer {
  x: Tensor;
  y: Tensor;
  /** Normalised rows, and one over the deviation of each. */
  normal: Tensor;
  rate: Tensor;
}

/** Activations of the generator kept for the backward pass. */
interface GeneratorPass {
  weights: Weights;
  codes: Tensor2D;
  /** One over the length of each embedding, times the length it is given. */
  rates: Tensor;
  first: Layer;
  second: Layer;
  /** The output (B, vector) before its bias. */
  output: Tensor;
}

const norm = (): Tensor => tf.scalar(EMBEDDING_NORM);

function generatorLayer(run: Kernels, weights: Weights, x: Tensor, name: string): Layer {
  const part = (key: string): Tensor => weights[`${name}/${key}`]!;
  const inputs = [product(x, part('kernel')), part('bias'), part('gain'), part('shift')];
  const [y, normal, rate] = run('CbedNormLeaky', inputs, 3);
  return { x, y: y!, normal: normal!, rate: rate! };
}

/** The generator of `networks.ts` under class codes (B, code), on fused kernels. */
function generatorPass(
  run: Kernels,
  weights: Weights,
  { codes, z }: { codes: Tensor2D; z: Tensor2D },
): GeneratorPass {
  const embedding = product(codes, weights['class/embedding']!);
  const [input, rates] = run('CbedCondition', [z, embedding, norm()], 2);
  const first = generatorLayer(run, weights, input!, 'first');
  const second = generatorLayer(run, weights, first.y, 'second');
  const output = product(second.y, weights['out/kernel']!);
  return { weights, codes, rates: rates!, first, second, output };
}

/** Gradients of a hidden layer's weights, by name, and in the product of input and kernel. */
function generatorLayerSlopes(
  run: Kernels,
  pass: GeneratorPass,
  name: 'first' | 'second',
  dy: Tensor,
) {
  const { x, y, normal, rate } = pass[name];
  const gain = pass.weights[`${name}/gain`]!;
  const [dx, bias, dGain, shift] = run('CbedNormLeakyGrad', [dy, y, normal, rate, gain], 4);
  const slopes: Weights = {
    [`${name}/kernel`]: product(x, dx!, 'left'),
    [`${name}/bias`]: bias!,
    [`${name}/gain`]: dGain!,
    [`${name}/shift`]: shift!,
  };
  return { dx: dx!, slopes };
}

/** Gradients in every weight but the bias of the output, of a gradient in the output. */
function generatorSlopes(run: Kernels, pass: GeneratorPass, dOutput: Tensor): Weights {
  const { weights, codes, rates, first } = pass;
  const latent = weights['first/kernel']!.shape[0]! - weights['class/embedding']!.shape[1]!;
  const back = (dy: Tensor, name: string) => product(dy, weights[`${name}/kernel`]!, 'right');
  const two = generatorLayerSlopes(run, pass, 'second', back(dOutput, 'out'));
  const one = generatorLayerSlopes(run, pass, 'first', back(two.dx, 'second'));
  const inputs = [back(one.dx, 'first'), first.x, rates, norm(), tf.scalar(latent)];
  const [dEmbedding] = run('CbedConditionGrad', inputs, 1);
  return {
    'class/embedding': product(codes, dEmbedding!, 'left'),
    ...one.slopes,
    ...two.slopes,
    'out/kernel': product(pass.second.y, dOutput, 'left'),
  };
}

/** A batch as the discriminator sees it. */
interface Seen {
  /** Vectors with noise, then how far the batch spreads: (B, vector + 1). */
  seen: Tensor;
  /** Slope of the spread at each number, (B, vector). */
  pull: Tensor;
}

/** Activations of the discriminator kept for the backward pass. */
interface DiscriminatorPass {
  weights: Weights;
  codes: Tensor2D;
  seen: Tensor;
  /** Outputs of the hidden layers. */
  first: Tensor;
  second: Tensor;
  /** What the features of a row are multiplied with, (B, hidden). */
  direction: Tensor;
  scores: Float32Array;
}

function discriminatorLayer(run: Kernels, weights: Weights, x: Tensor, name: string): Tensor {
  const inputs = [product(x, weights[`${name}/kernel`]!), weights[`${name}/bias`]!];
  return run('CbedBiasLeaky', inputs, 1)[0]!;
}

/** The discriminator of `networks.ts` on batches that are seen under the same codes (B, code). */
function discriminatorPass(
  run: Kernels,
  weights: Weights,
  { seen, codes }: { seen: Tensor; codes: Tensor2D },
): DiscriminatorPass {
  const first = discriminatorLayer(run, weights, seen, 'first');
  const second = discriminatorLayer(run, weights, first, 'second');
  const projection = product(codes, weights['class/projection']!);
  const inputs = [second, projection, weights['out/kernel']!, weights['out/bias']!];
  const [scores, direction] = run('CbedScores', inputs, 2);
  return {
    weights,
    codes,
    seen,
    first,
    second,
    direction: direction!,
    scores: scores!.dataSync() as Float32Array,
  };
}

/** Gradient before and after the slope of a leaky ReLU with output y, and in its bias. */
function throughLeaky(run: Kernels, dy: Tensor, y: Tensor): { dx: Tensor; bias: Tensor } {
  const [dx, bias] = run('CbedLeakyGrad', [dy, y], 2);
  return { dx: dx!, bias: bias! };
}

/** Gradients of scores, given (batches x B), on their way down to what was seen. */
interface Descending {
  /** In the direction, (B, hidden). */
  direction: Tensor;
  /** In the products of input and kernel of both layers, and in their biases. */
  second: { dx: Tensor; bias: Tensor };
  first: { dx: Tensor; bias: Tensor };
}

function descending(run: Kernels, pass: DiscriminatorPass, dScores: Float32Array): Descending {
  const inputs = [tf.tensor1d(dScores), pass.second, pass.direction];
  const [features, direction] = run('CbedScoresGrad', inputs, 2);
  const second = throughLeaky(run, features!, pass.second);
  const back = product(second.dx, pass.weights['second/kernel']!, 'right');
  return { direction: direction!, second, first: throughLeaky(run, back, pass.first) };
}

/** Gradient in what was seen. */
const seenSlope = ({ weights }: DiscriminatorPass, { first }: Descending): Tensor =>
  product(first.dx, weights['first/kernel']!, 'right');

/** The part of the gradients that the penalty adds to. */
interface Slopes {
  direction: Tensor;
  'first/kernel': Tensor;
  'second/kernel': Tensor;
}

const kernelSlopes = (pass: DiscriminatorPass, down: Descending): Slopes => ({
  direction: down.direction,
  'first/kernel': product(pass.seen, down.first.dx, 'left'),
  'second/kernel': product(pass.first, down.second.dx, 'left'),
});

/** All weights' gradients by name. */
function discriminatorSlopes(
  run: Kernels,
  { pass, down, slopes }: { pass: DiscriminatorPass; down: Descending; slopes: Slopes },
  dScores: Float32Array,
): Weights {
  const { direction, ...kernels } = slopes;
  const [projection, out] = run('CbedDirectionGrad', [direction], 2);
  return {
    ...kernels,
    'class/projection': product(pass.codes, projection!, 'left'),
    'first/bias': down.first.bias,
    'second/bias': down.second.bias,
    'out/kernel': out!,
    'out/bias': tf.scalar(dScores.reduce((a, b) => a + b, 0)),
  };
}

/**
 * R1 at real vectors, gamma / 2 E |grad_x D|^2, and its gradient added to the slopes. Between the
 * kinks of the leaky ReLUs the slope of a score is a product of matrices, linear in each of them:
 * down with s_2 = m_2 direction, s_1 = m_1 (s_2 W_2^T), s_0 = s_1 W_1^T, where m are the slopes of
 * the ReLUs; and the gradient of its square goes up again through the same matrices.
 */
function addPenalty(
  run: Kernels,
  { pass, pull, gamma }: { pass: DiscriminatorPass; pull: Tensor; gamma: number },
  slopes: Slopes,
): { penalty: number; slopes: Slopes } {
  const [count] = pull.shape as [number];
  const part = (y: Tensor) => tf.slice(y, [0, 0], [count, y.shape[1]!]);
  const [first, second] = [part(pass.first), part(pass.second)];
  const [w1, w2] = [pass.weights['first/kernel']!, pass.weights['second/kernel']!];
  const s2 = throughLeaky(run, pass.direction, second).dx;
  const s1 = throughLeaky(run, product(s2, w2, 'right'), first).dx;
  const [slope] = run('CbedSeeGrad', [product(s1, w1, 'right'), pull, tf.scalar(GROUP)], 2);
  const [penalty, up0] = run(
    'CbedPenalty',
    [slope!, pull, tf.scalar(gamma / count), tf.scalar(GROUP)],
    2,
  );
  const up1 = throughLeaky(run, product(up0!, w1), first).dx;
  const up2 = throughLeaky(run, product(up1, w2), second).dx;
  return {
    penalty: penalty!.dataSync()[0]!,
    slopes: {
      direction: slopes.direction.add(up2),
      'first/kernel': slopes['first/kernel'].add(product(up0!, s1, 'left')),
      'second/kernel': slopes['second/kernel'].add(product(up1, s2, 'left')),
    },
  };
}

const generate = (run: Kernels, { layouts, generator }: Networks, draws: Draws): GeneratorPass =>
  generatorPass(run, layouts.generator.cut(run, generator), draws);

/** What the discriminator sees of generated vectors. */
function seeFake(run: Kernels, pass: GeneratorPass, draws: Draws): Seen {
  const bias = pass.weights['out/bias']!;
  const inputs = [
    pass.output,
    bias,
    draws.fakeNoise,
    tf.scalar(draws.inputNoise),
    tf.scalar(GROUP),
  ];
  const [seen, pull] = run('CbedSee', inputs, 2);
  return { seen: seen!, pull: pull! };
}

/** What it sees of real vectors and then of generated ones; the slope is of the real ones. */
function seeBoth(run: Kernels, pass: GeneratorPass, draws: DiscriminatorDraws): Seen {
  const { real, realNoise, fakeNoise, inputNoise } = draws;
  const fake = [pass.output, pass.weights['out/bias']!, fakeNoise];
  const numbers = [tf.scalar(inputNoise), tf.scalar(GROUP)];
  const [seen, pull] = run('CbedSeeBoth', [real, realNoise, ...fake, ...numbers], 2);
  return { seen: seen!, pull: pull! };
}

/**
 * The gradients written out on fused kernels: some eighty operations a step, where automatic
 * differentiation takes over four hundred. `composedGradients` says what they must equal.
 */
export const fusedGradients = (run: Kernels): Gradients => ({
  discriminator(networks, draws) {
    const { layouts, discriminator } = networks;
    const { codes, penalty: gamma } = draws;
    let loss = 0;
    const scores: [number, number] = [0, 0];
    const gradient = tf.tidy(() => {
      const weights = layouts.discriminator.cut(run, discriminator);
      const { seen, pull } = seeBoth(run, generate(run, networks, draws), draws);
      const pass = discriminatorPass(run, weights, { seen, codes });
      const { slopes: dScores, ...means } = hinge(pass.scores);
      const down = descending(run, pass, dScores);
      const hinged = kernelSlopes(pass, down);
      const { penalty, slopes } =
        gamma > 0 ? addPenalty(run, { pass, pull, gamma }, hinged) : { penalty: 0, slopes: hinged };
      loss = means.loss + penalty;
      scores[0] = means.real;
      scores[1] = means.fake;
      const parts = discriminatorSlopes(run, { pass, down, slopes }, dScores);
      return layouts.discriminator.join(run, parts);
    });
    return { loss, scores, gradient };
  },
  generator(networks, draws) {
    const { layouts, discriminator } = networks;
    let loss = 0;
    const gradient = tf.tidy(() => {
      const weights = layouts.discriminator.cut(run, discriminator);
      const maker = generate(run, networks, draws);
      const fake = seeFake(run, maker, draws);
      const pass = discriminatorPass(run, weights, { seen: fake.seen, codes: draws.codes });
      const count = pass.scores.length;
      loss = -pass.scores.reduce((a, b) => a + b, 0) / count;
      const down = descending(run, pass, new Float32Array(count).fill(-1 / count));
      const [dOutput, dBias] = run(
        'CbedSeeGrad',
        [seenSlope(pass, down), fake.pull, tf.scalar(GROUP)],
        2,
      );
      const slopes = generatorSlopes(run, maker, dOutput!);
      return layouts.generator.join(run, { ...slopes, 'out/bias': dBias! });
    });
    return { loss, gradient };
  },
});
