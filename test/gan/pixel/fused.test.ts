import { describe, expect, it } from 'vitest';
import { modulated, modulationSpecs } from '../../../gan/pixel/networks.ts';
import { powerIteration, spectrallyNormalised } from '../../../gan/pixel/spectral.ts';
import { biasedLeaky } from '../../../gan/training/layers.ts';
import { Stream } from '../../../src/common/stream.ts';
import { withoutKernels } from '../../../src/engine/kernels.ts';
import { ParameterLayout } from '../../../src/engine/parameters.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../../src/engine/tf.ts';
import { normalTensors } from '../../support/normal-tensor.ts';

const stream = new Stream(9, 'fused layers');

const normals = normalTensors(stream);
const normal = (name: string, shape: number[], middle = 0): Tensor =>
  normals(name, shape, 1, middle);

/** Value and all gradients, weighed by a fixed upstream, of a layer. */
function valueAndSlopes(layer: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]): Tensor[] {
  const value = layer(...inputs);
  const up = normal('upstream', value.shape);
  return [value, ...tf.grads((...given) => layer(...given).mul(up))(inputs)];
}

/** What the fused kernels give is what TensorFlow's own give, to rounding. */
function sameOnBoth(made: () => Tensor[], tolerance = 3e-6): void {
  const ours = made();
  withoutKernels(made).forEach((tensor, i) => {
    expect(ours[i]!.shape).toEqual(tensor.shape);
    const most = tensor.abs().max().dataSync()[0]!;
    const off = tensor.sub(ours[i]!).abs().max().dataSync()[0]!;
    expect(off / most, `result ${i}`).toBeLessThan(tolerance);
  });
}

describe('fused layers give what composed ones give', () => {
  // 16 and 20 channels: eight at a time, and what is left; 17 x 15 places: more than one tile.
  it.each([16, 20, 3])('conditional normalisation of %i channels', (channels) => {
    const layout = new ParameterLayout(modulationSpecs('m', 6, channels));
    const start = layout.initial(stream.split('modulation'));
    // Far from where the ReLU bends: rounding must not decide a slope.
    const [first, to] = layout.rangeOf('m/style/bias');
    for (let i = first + channels; i < to; i++) start[i] = i % 2 ? 40 : -40;
    const layer = (x: Tensor, condition: Tensor, flat: Tensor) =>
      modulated(layout.unpack(flat as Tensor1D), 'm', x as never, condition as Tensor2D);
    const inputs = [
      normal('maps', [5, 17, 15, channels], 3),
      normal('c', [5, 6]),
      tf.tensor1d(start),
    ];
    sameOnBoth(() => valueAndSlopes(layer as never, inputs));
  });

  it('bias and leaky ReLU of maps and of rows', () => {
    for (const shape of [
      [3, 7, 7, 12],
      [6, 12],
    ]) {
      const layer = (x: Tensor, bias: Tensor) => biasedLeaky(x, bias as Tensor1D);
      const inputs = [normal('x', shape), normal('bias', [12])];
      sameOnBoth(() => valueAndSlopes(layer as never, inputs));
      const twice = valueAndSlopes(
        ((x: Tensor, bias: Tensor) => biasedLeaky(x, bias as Tensor1D, true)) as never,
        inputs,
      );
      valueAndSlopes(layer as never, inputs).forEach((one, i) => {
        expect(one.sub(twice[i]!).abs().max().dataSync()[0]).toBeLessThan(1e-5);
      });
    }
  });

  it('spectral normalisation, its vectors and its gradient', () => {
    const layout = new ParameterLayout([
      { name: 'a/kernel', shape: [3, 3, 5, 13], start: { normal: 1 } },
      { name: 'b/kernel', shape: [40, 1], start: { normal: 1 } },
      { name: 'b/bias', shape: [1], start: 'ones' },
    ]);
    const flat = tf.tensor1d(layout.initial(stream.split('spectral')));
    const u = normal('u', [14]) as Tensor1D;
    sameOnBoth(() => {
      const { left, right } = powerIteration(layout, layout.unpack(flat), u);
      return [...Object.values(left), ...Object.values(right)];
    });
    const vectors = powerIteration(layout, layout.unpack(flat), u);
    const layer = (given: Tensor) => {
      const weights = spectrallyNormalised(layout.unpack(given as Tensor1D), vectors);
      return tf.concat(layout.specs.map(({ name }) => weights[name]!.reshape([-1])));
    };
    sameOnBoth(() => valueAndSlopes(layer as never, [flat]));
  });
});
