import { describe, expect, it } from 'vitest';
import { nearestVectors, type Vectors } from '../../src/balance/neighbours.ts';
import { pooledPixels, smote, withInterpolations } from '../../src/balance/smote.ts';
import { Stream } from '../../src/common/stream.ts';
import { selectExamples } from '../../src/dataset/examples.ts';
import { tf } from '../../src/engine/tf.ts';
import { toyExamples } from '../support/toy-examples.ts';

const vectorsOf = (rows: number[][]): Vectors => ({
  count: rows.length,
  dimension: rows[0]!.length,
  values: Float32Array.from(rows.flat()),
});

function bruteForce(vectors: Vectors, query: number, k: number): number[] {
  const { dimension, values, count } = vectors;
  const distance = (i: number) => {
    let sum = 0;
    for (let d = 0; d < dimension; d++) {
      sum += (values[i * dimension + d]! - values[query * dimension + d]!) ** 2;
    }
    return sum;
  };
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => i !== query)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, k);
}

describe('nearest', () => {
  it('finds what a search by hand finds, over several blocks', () => {
    const values = new Stream(4, 'points').normals(600 * 3);
    const vectors: Vectors = { count: 600, dimension: 3, values };
    const before = tf.memory().numTensors;
    const found = nearestVectors(vectors, vectors, { k: 4, self: (i) => i });
    expect(tf.memory().numTensors).toBe(before);
    for (const query of [0, 255, 256, 599]) {
      expect([...found.subarray(query * 4, query * 4 + 4)]).toEqual(bruteForce(vectors, query, 4));
    }
  });

  it('says -1 where there are too few', () => {
    const two = vectorsOf([[0], [1]]);
    expect([...nearestVectors(two, two, { k: 3, self: (i) => i })]).toEqual([1, -1, -1, 0, -1, -1]);
  });
});

/** Two clouds on a line: class 0 at 0..9, class 1 at 9.5 (in danger), 11.5, 13, 14. */
const line = vectorsOf([...Array(10).keys(), 9.5, 11.5, 13, 14].map((x) => [x]));
const labels = [...Array(10).fill(0), 1, 1, 1, 1] as number[];
const data = { labels, classCount: 2 };

describe('SMOTE', () => {
  it('fills rare classes to the target between neighbours of the class', () => {
    const made = smote({ data, vectors: line, strategy: 'auto', stream: new Stream(1, 's'), k: 2 });
    expect(made).toHaveLength(6);
    for (const { label, from, to, share } of made) {
      expect(label).toBe(1);
      expect(labels[from]).toBe(1);
      expect(labels[to]).toBe(1);
      expect(to).not.toBe(from);
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThan(1);
      const others = bruteForce(line, from, 13).filter((i) => labels[i] === 1);
      expect(others.slice(0, 2)).toContain(to);
    }
  });

  it('starts from rows in danger only when it is borderline', () => {
    const stream = new Stream(1, 's');
    const made = smote({ data, vectors: line, strategy: 'auto', stream, k: 3, m: 3 });
    // Of three neighbours of 9.5, two are of class 0; all others of class 1 have two of class 1.
    expect(new Set(made.map(({ from }) => from))).toEqual(new Set([10]));
  });

  it('copies the only member of a class', () => {
    const lone = { labels: [0, 0, 0, 1], classCount: 2 };
    const vectors = vectorsOf([[0], [1], [2], [9]]);
    const made = smote({ data: lone, vectors, strategy: 'auto', stream: new Stream(1, 's'), k: 5 });
    expect(made.map(({ from, to }) => [from, to])).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });
});

describe('interpolated examples', () => {
  const examples = toyExamples({ counts: [6, 2], size: 16 });
  const added = [{ label: 1, from: 6, to: 7, share: 0.25 }];
  const grown = withInterpolations(examples, added);

  it('blend the pixels, mark them synthetic and keep the real rows', () => {
    expect(grown.count).toBe(9);
    expect([...grown.synthetic!]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(grown.labels[8]).toBe(1);
    const [a, b] = [examples.images([6]), examples.images([7])];
    grown.images([8]).forEach((value, i) => {
      expect(Math.abs(value - (0.75 * a[i]! + 0.25 * b[i]!))).toBeLessThanOrEqual(0.5);
    });
    expect(grown.images([2])).toEqual(examples.images([2]));
  });

  it('can be selected from, with their marks', () => {
    const some = selectExamples(grown, [8, 0, 8]);
    expect([...some.labels]).toEqual([1, 0, 1]);
    expect([...some.synthetic!]).toEqual([1, 0, 1]);
    expect(some.materials).toEqual(['toy-6', 'toy-0', 'toy-6']);
    expect(some.images([1])).toEqual(examples.images([0]));
  });

  it('pool to 16 x 16 means', () => {
    const large = toyExamples({ counts: [1], size: 32 });
    const vectors = pooledPixels(large);
    const pixels = large.images([0]);
    expect(vectors.dimension).toBe(768);
    const at = (row: number, column: number) => pixels[(row * 32 + column) * 3 + 1]!;
    const mean = (at(6, 10) + at(6, 11) + at(7, 10) + at(7, 11)) / 4;
    expect(vectors.values[(3 * 16 + 5) * 3 + 1]).toBeCloseTo(mean, 3);
  });
});
