import { afterAll, describe, expect, it } from 'vitest';
import { classCodes } from '../../gan/classes.ts';
import { decodedTriplets } from '../../gan/codec/decode.ts';
import { CodecGenerator } from '../../gan/codec/model.ts';
import { generatorLayout } from '../../gan/codec/networks.ts';
import { principalComponents } from '../../gan/codec/principal.ts';
import { fitSpace, packSpace, unpackSpace, vectorWidth } from '../../gan/codec/space.ts';
import { SlotTable, slotsOf } from '../../gan/codec/tables.ts';
import { renderTriplets } from '../../src/codec/render.ts';

import { extinction, patternSymmetry, symmetryResidual } from '../../src/codec/symmetry.ts';
import { Stream } from '../../src/common/stream.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import { toySet } from '../support/toy-discs.ts';

const set = toySet();
const { space, vectors, used } = fitSpace(set, { components: 12, stream: new Stream(1, 'space') });
const width = vectorWidth(space);
const { code } = classCodes(space.classes);
const shape = { latent: 4, embedding: 4, hidden: 8, vector: width, code };
const weights = generatorLayout(shape).initial(new Stream(2, 'weights'));
const lineage = { store: 'toy', materials: ['a'], counts: [1, 1, 1] };
const model = new CodecGenerator({ shape, space, weights, lineage });
afterAll(() => model.dispose());

const labels = Array.from(used, (i) => set.triplets[i]!.label);
const decodings = labels.map((label) => ({ label }));

describe('principal components', () => {
  it('are those of a known covariance', () => {
    const stream = new Stream(4, 'known');
    const [rows, columns, sigma] = [400, 6, [5, 2, 1, 0.1, 0.1, 0.1]];
    const values = new Float32Array(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = sigma[i % columns]! * stream.normal() + 7;
    const found = principalComponents({ rows: values, width: columns, rank: 3, stream });
    expect(found.rank).toBe(3);
    for (let axis = 0; axis < 3; axis++) {
      expect(found.deviations[axis]! / sigma[axis]!).toBeCloseTo(1, 0.5);
      expect(Math.abs(found.axes[axis * columns + axis]!)).toBeGreaterThan(0.95);
    }
    expect(found.mean[0]).toBeCloseTo(7, 0);
    expect(found.kept).toBeGreaterThan(0.98);
  });

  it('have orthonormal axes, also with fewer rows than columns, and cut the rank', () => {
    const stream = new Stream(4, 'wide');
    const rows = stream.normals(9 * 40);
    const {
      axes,
      rank,
      width: columns,
    } = principalComponents({ rows, width: 40, rank: 30, stream });
    expect(rank).toBe(8);
    const gram = tf.tidy(() => {
      const a = tf.tensor2d(axes, [rank, columns]);
      return a.matMul(a, false, true).sub(tf.eye(rank)).abs().max().dataSync()[0]!;
    });
    expect(gram).toBeLessThan(1e-3);
  });
});

describe('slots', () => {
  it('are found where they are, nowhere else', () => {
    const slots = new SlotTable(Int16Array.from([0, 0, 0, 0, -3, 7, 2, 26, -26]));
    expect([0, 1, 2].map((i) => slots.find(...slots.at(i)))).toEqual([0, 1, 2]);
    expect(slots.find(1, -3, 7)).toBe(-1);
  });

  it('leave out what too few triplets show', () => {
    const pattern = (h: number[]) => ({
      geometry: { h: Int16Array.from(h), k: Int16Array.from(h.map(() => 0)) },
    });
    const slots = slotsOf([[pattern([0, 1])], [pattern([0, 1, 2])]], 2);
    expect([...slots.slots]).toEqual([0, 0, 0, 0, 1, 0]);
  });
});

describe('codec space', () => {
  it('gives vectors of about unit variance around zero', () => {
    const x = tf.tensor2d(vectors, [labels.length, width]);
    const { mean, variance } = tf.moments(x, 0);
    expect(mean.abs().max().dataSync()[0]).toBeLessThan(0.05);
    expect(variance.max().dataSync()[0]).toBeLessThan(1.6);
  });

  it('measures cells by how far those of their own class differ', () => {
    const narrow = structuredClone(set.triplets);
    // Class 0 keeps one length of a, the others keep theirs.
    const first = narrow.find(({ label }) => label === 0)!.cell;
    for (const triplet of narrow.filter(({ label }) => label === 0)) {
      const [, ...others] = triplet.cell;
      triplet.cell = [first[0], ...others];
    }
    const stream = new Stream(1, 'space');
    const fitted = fitSpace({ ...set, triplets: narrow }, { components: 12, stream }).space;
    const spreadOfA = (label: number) => fitted.cellScales[label * 6]!;
    expect(fitted.cellScales).toHaveLength(6 * set.classes.length);
    expect(spreadOfA(0)).toBeLessThan(0.8 * spreadOfA(1));
    // Few triplets that are all alike do not say that a cell cannot move.
    expect(spreadOfA(0)).toBeGreaterThan(0.2 * spreadOfA(1));
  });

  it('draws training triplets again from their vectors', () => {
    const all = labels.map((_, i) => i);
    const plan = model.planOf(vectors, decodings);
    const drawn = tf.tidy(() => model.render(tf.tensor2d(vectors, [labels.length, width]), plan));
    const real = renderTriplets(all.map((i) => set.triplets[used[i]!]!.discs));
    const error = drawn.sub(real).abs().mean().div(real.mean()).dataSync()[0]!;
    expect(error).toBeLessThan(0.12);
    plan.cells.forEach((cell, i) => {
      cell.forEach((value, n) => {
        expect(value).toBeCloseTo(set.triplets[used[i]!]!.cell[n]!, 2);
      });
    });
  });

  it('keeps the symmetry and the extinctions of the space group, whatever the vector', () => {
    const wild = new Stream(6, 'wild').normals(labels.length * width, 1.5);
    const plan = model.planOf(wild, decodings);
    const triplets = decodedTriplets(
      plan,
      model.coefficients(tf.tensor2d(wild, [labels.length, width]), plan),
    );
    triplets.forEach((triplet, i) => {
      const spaceGroup = space.classes[labels[i]!]!;
      for (const pattern of triplet) {
        const operations = patternSymmetry(spaceGroup, pattern.geometry.zone);
        expect(symmetryResidual(pattern, operations)).toBeLessThan(1e-4);
        pattern.geometry.h.forEach((h, disc) => {
          const index = [h, pattern.geometry.k[disc]!] as const;
          if (extinction(spaceGroup, pattern.geometry.zone, index) === 'none') return;
          expect(pattern.coefficients[disc * 6]).toBeLessThan(0.5);
        });
      }
    });
  });

  it('moves the means of a pair that shares its axes, and holds the lattice of the class', () => {
    const still = new Float32Array(width);
    const at = (t: number) => [{ label: 1, partner: 0, t }];
    const levels = (t: number): Float32Array => {
      const plan = model.planOf(still, at(t));
      expect(plan.cells[0]!.slice(3)).toEqual([90, 90, 90]); // orthorhombic, though 14 is not
      const x = tf.tensor2d(still, [1, width]);
      return decodedTriplets(plan, model.coefficients(x, plan))[0]![0].coefficients;
    };
    expect(levels(0)).not.toEqual(levels(0.5));
    expect(() => model.planOf(still, [{ label: 1, partner: 2, t: 0.5 }])).not.toThrow();
  });

  it('is differentiable in the scores: the gradient agrees with differences', () => {
    const plan = model.planOf(vectors, decodings);
    const start = tf.tensor2d(vectors, [labels.length, width]);
    const direction = tf.tensor2d(new Stream(8, 'd').normals(vectors.length), [
      labels.length,
      width,
    ]);
    const mask = tf.range(0, width).less(space.principal.rank).cast('float32');
    const along = direction.mul(mask) as Tensor2D;
    const loss = (x: Tensor2D) => model.render(x, plan).square().mean();
    const gradient = tf.grad((x) => loss(x as Tensor2D))(start);
    const exact = gradient.mul(along).sum().dataSync()[0]!;
    const step = 1e-2;
    const at = (s: number): number => loss(start.add(along.mul(s)) as Tensor2D).dataSync()[0]!;
    expect(exact / ((at(step) - at(-step)) / (2 * step))).toBeCloseTo(1, 1);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    const plan = model.planOf(vectors, decodings);
    const x = tf.tensor2d(vectors, [labels.length, width]);
    const drawn = model.render(x, plan);
    model.coefficients(x, plan);
    const embeddings = model.embeddings([{ label: 0, partner: 1, t: 0.3 }]);
    tf.dispose([x, drawn, embeddings]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('survives being written down', () => {
    const { arrays, description } = packSpace(space);
    const again = unpackSpace(arrays, JSON.parse(JSON.stringify(description)));
    expect(packSpace(again)).toEqual({ arrays, description });
  });

  it('takes a class with one triplet, and leaves out foreign zone axes', () => {
    const one = toySet([6, 5, 1]);
    const odd = { ...one.triplets[0]!, zones: one.triplets[11]!.zones };
    const fitted = fitSpace(
      { ...one, triplets: [...one.triplets, odd] },
      { components: 5, stream: new Stream(1, 's') },
    );
    expect(fitted.used.length).toBe(12);
    expect(fitted.vectors.every(Number.isFinite)).toBe(true);
  });
});
