import { describe, expect, it } from 'vitest';
import { trainStep } from '../../classifier/loop.ts';
import { crossEntropy } from '../../classifier/losses.ts';
import { ClassifierNetwork } from '../../classifier/network.ts';
import { RunState } from '../../classifier/run-state.ts';
import { SingleClassifier } from '../../classifier/single.ts';
import { classifierSpec, NETWORKS } from '../../classifier/spec.ts';
import { Stream } from '../../src/common/stream.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { toyExamples } from '../support/toy-examples.ts';

const examples = toyExamples({ counts: [4, 4, 4], size: 16 });

describe.each(NETWORKS)('%s', (network) => {
  const spec = classifierSpec(examples, { network, width: 4 });
  const made = new ClassifierNetwork(spec);
  const stream = new Stream(1, network);
  // Statistics unlike those of a fresh network, so that folding has something to fold.
  const statistics = stream.uniforms(made.statistics.size, 0.5, 2);
  const data = {
    spec,
    parameters: made.parameters.initial(stream),
    statistics,
    temperature: 1.7,
    materials: [],
  };

  it('gives logits and features of its shapes', () => {
    const classifier = new SingleClassifier(data);
    expect(classifier.logits(examples)).toHaveLength(12 * 3);
    expect(classifier.features(examples)).toHaveLength(12 * classifier.featureCount);
    classifier.dispose();
  });

  /** Numbers that a layer's statistics are taken over: batch x rows x columns. */
  const populationOf = (layer: string, batch: number) =>
    batch * (network === 'shared' ? 3 : 1) * (16 / 2 ** Number(/\d/.exec(layer)![0])) ** 2;

  it('gives in use what it gave in training, once the batch is what the statistics say', () => {
    tf.tidy(() => {
      const x = tf.randomUniform([2, 16, 16, 3], 0, 2, 'float32', 3) as Tensor4D;
      const own = new Map<string, Float32Array>();
      const [flat, zeros] = [
        tf.tensor1d(data.parameters),
        tf.zeros([statistics.length]) as Tensor1D,
      ];
      const trained = made.train(
        made.parameters.unpack(flat),
        zeros,
        x,
        (layer, mean, variance) => {
          // From zero, the running statistics are a tenth of the batch's, the variance unbiased.
          const n = populationOf(layer, 2);
          own.set(`${layer}/mean`, mean.mul(10).dataSync() as Float32Array);
          own.set(`${layer}/variance`, variance.mul((10 * (n - 1)) / n).dataSync() as Float32Array);
        },
      );
      const joined = made.statistics.specs.flatMap(({ name }) => [...own.get(name)!]);
      const used = made.use(made.fold(data.parameters, Float32Array.from(joined)), x);
      expect(used.logits.sub(trained.logits).abs().max().dataSync()[0]).toBeLessThan(1e-3);
    });
  });

  it('has the gradient of finite differences in its input', () => {
    const classifier = new SingleClassifier(data);
    tf.tidy(() => {
      const x = tf.randomUniform([1, 16, 16, 3], 0, 2, 'float32', 5) as Tensor4D;
      const direction = tf.randomNormal([1, 16, 16, 3], 0, 1, 'float32', 6) as Tensor4D;
      const margin = (at: Tensor4D) => {
        const [a, b] = tf.split(classifier.logitsOf(at), [1, 2], 1) as [Tensor2D, Tensor2D];
        return a.sub(b.sum(1, true)).sum();
      };
      const slope = tf
        .grad((at) => margin(at as Tensor4D))(x)
        .mul(direction)
        .sum()
        .dataSync()[0]!;
      const h = 1e-3;
      const moved = (by: number) => margin(x.add(direction.mul(by)) as Tensor4D).dataSync()[0]!;
      const numeric = (moved(h) - moved(-h)) / (2 * h);
      expect(Math.abs(slope - numeric)).toBeLessThan(0.03 * Math.max(0.1, Math.abs(numeric)));
    });
    classifier.dispose();
  });

  it('leaves the number of tensors unchanged after training steps', () => {
    const state = new RunState({ spec, stream, weightDecay: 1e-3 });
    const batch = tf.tidy(() => ({
      x: tf.randomUniform([4, 16, 16, 3]) as Tensor4D,
      targets: tf.tensor2d([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0], [4, 3]),
      weights: tf.ones([4]) as Tensor1D,
    }));
    const step = () => {
      const value = trainStep(state, crossEntropy, { ...batch, dispose() {} }, 1e-2);
      const loss = value.dataSync()[0]!;
      value.dispose();
      return loss;
    };
    const first = step();
    const before = tf.memory().numTensors;
    let last = first;
    for (let i = 0; i < 25; i++) last = step();
    expect(tf.memory().numTensors).toBe(before);
    expect(last).toBeLessThan(first);
    state.dispose();
    tf.dispose(batch);
  });
});
