import { describe, expect, it } from 'vitest';
import { classCodes } from '../../gan/classes.ts';
import { RealVectors, turned, widths } from '../../gan/codec/real-vectors.ts';
import { batchSampler, type TrainingVectors } from '../../gan/training/batches.ts';
import { Stream } from '../../src/common/stream.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';

const stream = new Stream(9, 'real vectors');
const normals = (rows: number, width: number): Tensor2D =>
  tf.tensor2d(stream.normals(rows * width), [rows, width]);

/** Mean square of every column. */
const variances = (x: Tensor2D): number[] => [...x.square().mean(0).dataSync()];

describe('turning deviations', () => {
  it('keeps their covariance at every angle, where a straight line would halve it', () => {
    tf.tidy(() => {
      const scale = tf.tensor1d([1, 3]);
      const [own, other] = [normals(40_000, 2).mul(scale), normals(40_000, 2).mul(scale)];
      for (const angle of [0, 0.3, Math.PI / 4, Math.PI / 2]) {
        const angles = new Float32Array(40_000).fill(angle);
        const [one, three] = variances(turned(own as Tensor2D, other as Tensor2D, angles));
        expect(one).toBeCloseTo(1, 1);
        expect(three! / 9).toBeCloseTo(1, 1);
      }
      expect(variances(own.add(other).div(2) as Tensor2D)[0]).toBeCloseTo(0.5, 1);
    });
  });

  it('leaves a vector where the angle is nothing, and arrives at a right angle', () => {
    tf.tidy(() => {
      const [own, other] = [normals(2, 5), normals(2, 5)];
      const at = turned(own, other, Float32Array.from([0, Math.PI / 2]));
      expect([...at.slice(0, 1).dataSync()]).toEqual([...own.slice(0, 1).dataSync()]);
      const [there, expected] = [at.slice(1).dataSync(), other.slice(1).dataSync()];
      expected.forEach((value, i) => {
        expect(there[i]).toBeCloseTo(value, 5);
      });
    });
  });
});

describe('the width of a class', () => {
  it('is what a further material deviates from a mean beyond those that made it', () => {
    const n = 5;
    let [within, further] = [0, 0];
    for (let draw = 0; draw < 20_000; draw++) {
      const sample = stream.normals(n + 1);
      const mean = sample.slice(0, n).reduce((a, b) => a + b, 0) / n;
      within += sample.slice(0, n).reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
      further += (sample[n]! - mean) ** 2;
    }
    expect(widths([n], 9)[0]! ** 2).toBeCloseTo(further / within, 1);
    expect(widths([n], 9)[0]! ** 2).toBeCloseTo(1.5, 6);
  });

  it('is bounded, and 1 for one material, for none and where it is switched off', () => {
    expect([...widths([0, 1, 2, 3], 1.5)]).toEqual([1, 1, 1.5, Math.fround(Math.SQRT2)]);
    expect([...widths([0, 1, 2, 100], 1)]).toEqual([1, 1, 1, 1]);
  });
});

/** Two classes of one crystal system, far apart; the second has one row. */
function twoClasses(): TrainingVectors {
  const { values: codes, code } = classCodes([11, 14]);
  const rows = [
    [10, 1],
    [10, -1],
    [10, 0],
    [-5, 7],
  ];
  const labels = Int32Array.from([0, 0, 0, 1]);
  return { values: Float32Array.from(rows.flat()), width: 2, labels, codes, code };
}

describe('real vectors', () => {
  const drawn = (variation: { between: number; borrow: number; widest: number }, label: number) => {
    const data = twoClasses();
    const vectors = new RealVectors(data, variation);
    const sampler = batchSampler(data, new Stream(1, 'draws'));
    const x = vectors.draw(new Int32Array(400).fill(label), sampler);
    const rows = x.arraySync();
    x.dispose();
    vectors.dispose();
    return { rows, spread: vectors.spread };
  };

  it('are the members themselves without variation', () => {
    const { rows } = drawn({ between: 0, borrow: 0, widest: 1 }, 0);
    expect(new Set(rows.map((row) => row.join()))).toEqual(new Set(['10,1', '10,-1', '10,0']));
  });

  it('vary around the mean of their own class, whoever is borrowed from', () => {
    const { rows } = drawn({ between: 1, borrow: 1, widest: 1.5 }, 1);
    expect(rows.some(([, y]) => Math.abs(y! - 7) > 0.3)).toBe(true);
    expect(rows.every(([x]) => Math.abs(x! + 5) < 1e-5)).toBe(true);
    expect(Math.abs(rows.reduce((sum, [, y]) => sum + y! - 7, 0) / rows.length)).toBeLessThan(0.2);
  });

  it('of one material alone stay where it is where nothing is borrowed', () => {
    const { rows } = drawn({ between: 1, borrow: 0, widest: 1.5 }, 1);
    expect(new Set(rows.map((row) => row.join()))).toEqual(new Set(['-5,7']));
  });

  it('are spread further by the width of their class, the measure of spread with them', () => {
    const [plain, wide] = [1, 1.2].map((widest) => drawn({ between: 0, borrow: 0, widest }, 0));
    expect(Math.max(...wide!.rows.map(([, y]) => y!))).toBeCloseTo(1.2, 5);
    // the measure has a small constant under its root
    expect(wide!.spread / plain!.spread).toBeCloseTo(1.2, 3);
  });

  it('leave no tensor behind', () => {
    const before = tf.memory().numTensors;
    drawn({ between: 0.5, borrow: 0.5, widest: 1.5 }, 0);
    expect(tf.memory().numTensors).toBe(before);
  });
});
