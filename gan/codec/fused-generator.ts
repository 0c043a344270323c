import type { Kernels } from '../../src/engine/kernels.ts';
import type { Weights } from '../../src/engine/parameters.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { EMBEDDING_NORM } from './networks.ts';
import { product } from './products.ts';

/** What one hidden layer leaves for the way back. */
interface Layer {
  x: Tensor;
  y: Tensor;
  /** Normalised rows, and one over the deviation of each. */
  normal: Tensor;
  rate: Tensor;
}

/** What a pass through the generator leaves for the way back. */
export interface GeneratorPass {
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

function hidden(run: Kernels, weights: Weights, x: Tensor, name: string): Layer {
  const part = (key: string): Tensor => weights[`${name}/${key}`]!;
  const inputs = [product(x, part('kernel')), part('bias'), part('gain'), part('shift')];
  const [y, normal, rate] = run('CbedNormLeaky', inputs, 3);
  return { x, y: y!, normal: normal!, rate: rate! };
}

/** The generator of `networks.ts` under class codes (B, code), on fused kernels. */
export function generatorPass(
  run: Kernels,
  weights: Weights,
  { codes, z }: { codes: Tensor2D; z: Tensor2D },
): GeneratorPass {
  const embedding = product(codes, weights['class/embedding']!);
  const [input, rates] = run('CbedCondition', [z, embedding, norm()], 2);
  const first = hidden(run, weights, input!, 'first');
  const second = hidden(run, weights, first.y, 'second');
  const output = product(second.y, weights['out/kernel']!);
  return { weights, codes, rates: rates!, first, second, output };
}

/** Gradients of a hidden layer's weights, by name, and in the product of input and kernel. */
function hiddenSlopes(run: Kernels, pass: GeneratorPass, name: 'first' | 'second', dy: Tensor) {
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
export function generatorSlopes(run: Kernels, pass: GeneratorPass, dOutput: Tensor): Weights {
  const { weights, codes, rates, first } = pass;
  const latent = weights['first/kernel']!.shape[0]! - weights['class/embedding']!.shape[1]!;
  const back = (dy: Tensor, name: string) => product(dy, weights[`${name}/kernel`]!, 'right');
  const two = hiddenSlopes(run, pass, 'second', back(dOutput, 'out'));
  const one = hiddenSlopes(run, pass, 'first', back(two.dx, 'second'));
  const inputs = [back(one.dx, 'first'), first.x, rates, norm(), tf.scalar(latent)];
  const [dEmbedding] = run('CbedConditionGrad', inputs, 1);
  return {
    'class/embedding': product(codes, dEmbedding!, 'left'),
    ...one.slopes,
    ...two.slopes,
    'out/kernel': product(pass.second.y, dOutput, 'left'),
  };
}
