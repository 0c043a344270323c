import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNear, pairView, rivalOf, sidedView } from '../../classifier/boundary/margin.ts';
import type { PathGenerator, Scorer, Toward } from '../../gan/boundary/candidate.ts';
import { findCrossings } from '../../gan/boundary/crossing.ts';
import { approachBoundary } from '../../gan/boundary/path.ts';
import { boundaryReasons } from '../../gan/boundary/search.ts';
import { Stream } from '../../src/common/stream.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';

/**
 * A linear generator x = A z + (1 - t) u + t v + B offset, with a v for each other class, and a
 * logistic classifier of three classes on it: every crossing is known in closed form.
 */
const WIDTH = 5;
const CLASSES = 3;
const pair = { label: 0, partner: 1 };
const sides = { ...pair, classes: CLASSES };
/** Each candidate against its own strongest rival. */
const rivals = { label: 0, partner: null, classes: CLASSES };

function toy(seed: number, third = -20, spread = 0.3) {
  const stream = new Stream(seed, 'linear toy');
  const matrix = (name: string, rows: number, columns: number, scale: number): Tensor2D =>
    tf.tensor2d(stream.split(name).normals(rows * columns, scale), [rows, columns]);
  const [a, b] = [matrix('A', 3, WIDTH, spread), matrix('B', 2, WIDTH, spread)];
  const ends = ['u', 'v', 'third'].map((name) => matrix(name, 1, WIDTH, 1));
  const weights = matrix('w', WIDTH, CLASSES, 1);
  const bias = tf.tensor1d([0, 0, third]);
  const generator: PathGenerator = {
    latent: 3,
    embedding: 2,
    images(z, offset, toward) {
      const share = tf.tensor2d(toward.map(({ t }) => [t]));
      const others = tf.concat(toward.map(({ partner }) => ends[partner]!));
      const along = ends[0]!.mul(tf.sub(1, share)).add(others.mul(share));
      return z.matMul(a).add(offset.matMul(b)).add(along);
    },
  };
  const score: Scorer = (x) => (x as Tensor2D).matMul(weights).add(bias) as Tensor2D;
  /** Margin to a class at t = 0 and t = 1 of a path, from which the crossing follows. */
  const margins = (z: Float32Array, other = 1, partner = other): [number, number] =>
    tf.tidy(() => {
      const zero: Tensor2D = tf.zeros([2, 2]);
      const both = tf.tensor2d([Array.from(z), Array.from(z)]);
      const toward = [0, 1].map((t) => ({ partner, t }));
      const logits = score(generator.images(both, zero, toward)).arraySync();
      return logits.map((row) => row[0]! - row[other]!) as [number, number];
    });
  return { generator, score, margins };
}

const atStart = ({ partner }: Toward): Toward => ({ partner, t: 0 });

const latentsOf = (seed: number, count: number): Float32Array[] =>
  Array.from({ length: count }, (_, i) => new Stream(seed, `z ${i}`).normals(3));

describe('crossings of known functions', () => {
  it('finds the root of a cubic to the tolerance, from the side above', () => {
    const roots = [0.1234, 0.5, 0.87];
    const f = (rows: readonly number[], at: readonly number[]): number[] =>
      rows.map((row, i) => {
        const x = at[i]! - roots[row]!;
        return -(x + 4 * x ** 3);
      });
    const found = findCrossings({
      count: 3,
      f,
      target: 0,
      grid: [0, 0.3, 0.6, 1],
      tolerance: 1e-5,
    });
    found.forEach(({ t, width }, row) => {
      expect(width).toBeLessThanOrEqual(1e-5);
      expect(Math.abs(t! - roots[row]!)).toBeLessThanOrEqual(1e-5);
      expect(t!).toBeLessThanOrEqual(roots[row]!); // f >= 0 there
    });
  });

  it('says so where nothing crosses, and where the function comes nearest', () => {
    const f = (rows: readonly number[], at: readonly number[]): number[] =>
      rows.map((_, i) => 1 + (at[i]! - 0.5) ** 2);
    const [found] = findCrossings({ count: 1, f, target: 0, grid: [0, 0.5, 1], tolerance: 1e-4 });
    expect(found).toMatchObject({ t: null, nearest: 0.5, evaluations: 3 });
  });

  it('steps over a jump without getting stuck', () => {
    const f = (rows: readonly number[], at: readonly number[]): number[] =>
      rows.map((_, i) => (at[i]! < 0.7 ? 100 : -0.001));
    const [found] = findCrossings({
      count: 1,
      f,
      target: 0,
      grid: [0, 1],
      tolerance: 1e-4,
      steps: 60,
    });
    expect(Math.abs(found!.t! - 0.7)).toBeLessThan(1e-4);
    expect(found!.t!).toBeLessThan(0.7);
  });
});

describe('the acceptance rule', () => {
  const tenths = fc.integer({ min: -15, max: 15 }).map((value) => value / 10);
  const logits = fc.array(tenths, { minLength: 6, maxLength: 6 });
  const label = fc.integer({ min: 0, max: 5 });
  const epsilon = fc.integer({ min: 1, max: 1000 }).map((value) => value / 1000);

  it('never lets a third class through, nor the side of the partner', () => {
    let accepted = 0;
    const partner = fc.option(fc.integer({ min: 1, max: 5 }));
    fc.assert(
      fc.property(logits, label, partner, epsilon, (row, own, shift, width) => {
        const other = shift === null ? null : (own + shift) % 6;
        const view = sidedView(row, 0, { label: own, partner: other, classes: 6 });
        if (other !== null) expect(view.partner).toBe(other);
        if (boundaryReasons(view, width).length > 0) return;
        accepted++;
        const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
        expect(row[own]!).toBeGreaterThanOrEqual(row[view.partner]!);
        expect([row[order[0]!], row[order[1]!]]).toEqual([row[own], row[view.partner]]);
        expect(row[view.partner]!).toBeGreaterThan(row[order[2]!]!);
        const p = row.map((value) => Math.exp(value));
        const total = p.reduce((sum, value) => sum + value, 0);
        const gap = (p[own]! - p[view.partner]!) / total;
        expect(gap).toBeGreaterThanOrEqual(0);
        expect(gap).toBeLessThan(width + 1e-12);
      }),
      { numRuns: 3000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('takes for the rival the strongest class that is allowed, and refuses where another is stronger', () => {
    fc.assert(
      fc.property(
        logits,
        label,
        fc.integer({ min: 1, max: 5 }),
        epsilon,
        (row, own, hole, width) => {
          const shut = (own + hole) % 6;
          const allowed = (c: number) => c !== shut;
          const rival = rivalOf(row, 0, { label: own, allowed, classes: 6 });
          expect(rival).not.toBe(own);
          expect(rival).not.toBe(shut);
          const others = row.filter((_, c) => c !== own && c !== shut);
          expect(row[rival]).toBe(Math.max(...others));
          const view = sidedView(row, 0, { label: own, partner: null, allowed, classes: 6 });
          expect(view.partner).toBe(rival);
          if (row[shut]! > Math.min(row[own]!, row[rival]!)) {
            expect(boundaryReasons(view, width)).toContain('a third class');
          }
        },
      ),
      { numRuns: 500, seed: 1 },
    );
    const alone = { label: 2, allowed: (c: number) => c === 2, classes: 6 };
    expect(() => rivalOf([0, 0, 1, 0, 0, 0], 0, alone)).toThrow('class 2 has no rival');
  });
});

describe('boundary search on a linear generator and a logistic classifier', () => {
  it('finds t* to 1e-4, always on the side of the label', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (seed) => {
        const { generator, score, margins } = toy(seed);
        const latents = latentsOf(seed, 6);
        const epsilon = 1e-3;
        const options = { generator, score, sides, latents, epsilon };
        const found = approachBoundary({ ...options, tolerance: 1e-5, gradientSteps: 0 });
        found.forEach(({ t, view }, row) => {
          const [at0, at1] = margins(latents[row]!);
          const exact = (at0 - epsilon / 2) / (at0 - at1); // margin epsilon / 2
          if (exact > 1e-3 && exact < 1 - 1e-3) {
            expect(Math.abs(t - exact)).toBeLessThan(1e-4);
            expect(view.gap).toBeGreaterThanOrEqual(0);
            const crossing = at0 / (at0 - at1);
            expect(Math.abs(t - crossing)).toBeLessThan(1e-4 + epsilon / Math.abs(at0 - at1));
          }
        });
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  it('finds where the label meets its own strongest rival, whichever class that is', () => {
    const met = new Set<number>();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (seed) => {
        const { generator, score, margins } = toy(seed, 0);
        const latents = latentsOf(seed, 6);
        const epsilon = 1e-3;
        const options = { generator, score, sides: rivals, latents, epsilon };
        const found = approachBoundary({ ...options, tolerance: 1e-5, gradientSteps: 0 });
        found.forEach(({ t, partner, view }, row) => {
          const lines = [1, 2].map((other) => margins(latents[row]!, other, partner));
          const first = lines[0]![0] < lines[1]![0] ? 1 : 2;
          expect(partner).toBe(first); // the path leads to the rival at its start
          const roots = lines.map(([at0, at1]) => (at0 - epsilon / 2) / (at0 - at1));
          const [own, other] = [...roots.keys()].sort((a, b) => roots[a]! - roots[b]!);
          const within = (root: number) => root > 1e-3 && root < 1 - 1e-3;
          const starts = lines.every(([at0]) => at0 > epsilon / 2);
          if (!starts || !roots.some((root) => within(root))) return;
          const nearest = within(roots[own!]!) ? own! : other!;
          if (roots.every(within) && Math.abs(roots[0]! - roots[1]!) < 1e-3) return;
          expect(Math.abs(t - roots[nearest]!)).toBeLessThan(1e-4);
          expect(view.partner).toBe(nearest + 1);
          expect(view.topTwo).toBe(true);
          expect(isNear(view, epsilon)).toBe(true);
          met.add(Number(view.partner === partner));
        });
      }),
      { numRuns: 40, seed: 1 },
    );
    expect(met.size).toBe(2); // the rival stayed the same, and it changed on the way
  });

  it('leads candidates to their rivals by gradient, with the label always on its side', () => {
    const { generator, score } = toy(11, 2, 1);
    const latents = latentsOf(11, 16);
    const options = { generator, score, sides: rivals, latents, epsilon: 0.1 };
    const found = approachBoundary({ ...options, gradientSteps: 60 });
    expect(found.some(({ method }) => method === 'gradient')).toBe(true);
    for (const { view } of found) {
      expect(boundaryReasons(view, 0.1)).toEqual([]);
      expect(view.topTwo).toBe(true);
    }
  });

  it('reaches the boundary by gradient where the path does not cross', () => {
    const far = toy(11, -20, 1);
    const latents = latentsOf(11, 8);
    const fixed: PathGenerator = {
      ...far.generator,
      images: (z, offset, toward) => far.generator.images(z, offset, toward.map(atStart)),
    };
    const options = { score: far.score, sides, latents, epsilon: 0.1 };
    const still = approachBoundary({ ...options, generator: fixed, gradientSteps: 0 });
    expect(still.every(({ view }) => !isNear(view, 0.1))).toBe(true);
    const moved = approachBoundary({ ...options, generator: fixed, gradientSteps: 60 });
    for (const { view, method } of moved) {
      expect(method).toBe('gradient');
      expect(isNear(view, 0.1)).toBe(true);
      expect(view.topTwo).toBe(true);
    }
  });

  it('draws only the candidates that are still on their way, once a step', () => {
    const far = toy(11, -20, 1);
    const drawn: number[] = [];
    const generator: PathGenerator = {
      ...far.generator,
      images(z, offset, toward) {
        drawn.push(toward.length);
        return far.generator.images(z, offset, toward.map(atStart));
      },
    };
    const options = { score: far.score, sides, generator, epsilon: 0.1 };
    const latents = latentsOf(11, 8);
    approachBoundary({ ...options, latents, gradientSteps: 0 });
    const path = drawn.splice(0).length;
    const found = approachBoundary({ ...options, latents, gradientSteps: 60 });
    const pulled = drawn.slice(path);
    expect(pulled.length).toBeLessThanOrEqual(61);
    pulled.slice(1).forEach((count, i) => {
      expect(count).toBeLessThanOrEqual(pulled[i]!);
    });
    expect(pulled.at(-1)).toBeLessThan(pulled[0]!);
    const all = found.reduce((sum, { evaluations }) => sum + evaluations, 0);
    expect(all).toBe(drawn.reduce((sum, count) => sum + count, 0));
    // Each candidate alone comes to the same place.
    const [alone] = approachBoundary({ ...options, latents: [latents[5]!], gradientSteps: 60 });
    expect(alone!.z.every((value, i) => Math.abs(value - found[5]!.z[i]!) < 1e-5)).toBe(true);
    expect(alone!.evaluations).toBe(found[5]!.evaluations);
  });

  it('keeps offsets bounded and says the truth about where candidates stand', () => {
    const { generator, score } = toy(4, 1.5);
    const latents = latentsOf(4, 8);
    const options = { generator, score, sides, latents, epsilon: 0.1 };
    for (const { z, offset, t, view } of approachBoundary({ ...options, gradientSteps: 20 })) {
      expect(Math.hypot(...offset)).toBeLessThanOrEqual(0.25 * Math.sqrt(4) + 1e-5);
      const logits = tf.tidy(() =>
        score(
          generator.images(tf.tensor2d(z, [1, 3]), tf.tensor2d(offset, [1, 2]), [
            { partner: 1, t },
          ]),
        ).dataSync(),
      );
      const again = pairView(logits, 0, { ...pair, classes: CLASSES });
      expect(again.margin).toBeCloseTo(view.margin, 4);
      expect(again.topTwo).toBe(view.topTwo);
    }
  });

  it('leaves no tensor behind', () => {
    const { generator, score } = toy(5);
    const latents = latentsOf(5, 4);
    const before = tf.memory().numTensors;
    approachBoundary({
      generator,
      score,
      sides,
      latents,
      epsilon: 0.05,
      gradientSteps: 5,
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
