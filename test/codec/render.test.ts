import { describe, expect, it } from 'vitest';
import { ABSENT_LEVEL, MODES, type PatternDiscs } from '../../src/codec/discs.ts';
import type { Aperture } from '../../src/codec/footprint.ts';
import { markList } from '../../src/codec/mark-list.ts';
import {
  type DiscTensors,
  discTensors,
  drawIntensities,
  renderPatterns,
  renderTriplets,
  storedPixels,
} from '../../src/codec/render.ts';
import { Stream } from '../../src/common/stream.ts';
import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor, tf } from '../../src/engine/tf.ts';
import { randomDiscs } from './random-discs.ts';

const patterns = (count: number, options = {}): PatternDiscs[] => {
  const stream = new Stream(5, 'render');
  return Array.from({ length: count }, (_, i) => randomDiscs(stream.split(i), options));
};

/** Intensities of a pattern, disc by disc and pixel by pixel, in plain numbers. */
function drawPlainly({ geometry, coefficients: c }: PatternDiscs): Float64Array {
  const marks = markList(geometry);
  const image = new Float64Array(geometry.size ** 2);
  for (let disc = 0; disc < geometry.h.length; disc++) {
    const [level, cx, cy, ring, fork, shear] = c.subarray(disc * MODES, (disc + 1) * MODES);
    for (let i = marks.start[disc]!; i < marks.start[disc + 1]!; i++) {
      const [x, y] = [marks.x[i]!, marks.y[i]!];
      const modes =
        cx! * x +
        cy! * y +
        ring! * (2 * (x * x + y * y) - 1) +
        fork! * (x * x - y * y) +
        shear! * 2 * x * y;
      image[marks.pixel[i]!]! += marks.footprint[i]! * Math.exp(level! + modes);
    }
  }
  return image;
}

describe('rendering', () => {
  it.each(['smooth', 'mesh'] as Aperture[])('draws what its marks say, %s', (aperture) => {
    const own = patterns(3, { aperture });
    const drawn = tf.tidy(() => drawIntensities(discTensors(own)).arraySync());
    own.forEach((pattern, n) => {
      const plain = drawPlainly(pattern);
      // Lattices are drawn in single precision: a millionth of a pixel moves light of bright discs.
      const faint = 1e-6 * Math.max(...plain);
      plain.forEach((value, at) => {
        const got = drawn[n]![Math.floor(at / 64)]![at % 64]!;
        expect(Math.abs(got - value)).toBeLessThan(1e-4 * value + faint);
      });
    });
  });

  it.each([16, 64, 96, 128])('fills a detector of %i pixels', (size) => {
    const own = patterns(1, { size });
    const image = tf.tidy(() => renderPatterns(discTensors(own)));
    expect(image.shape).toEqual([1, size, size]);
    expect(image.max().dataSync()[0]).toBeGreaterThan(100 * PIXEL_SCALE);
    image.dispose();
  });

  it('holds dark where there is nothing and clips at the top', async () => {
    const [pattern] = patterns(1) as [PatternDiscs];
    const dark = { ...pattern, coefficients: pattern.coefficients.slice() };
    dark.coefficients.fill(0);
    for (let i = 0; i < dark.coefficients.length; i += MODES) dark.coefficients[i] = ABSENT_LEVEL;
    const bright = { ...dark, coefficients: dark.coefficients.map(() => 27) };
    const drawn = renderTriplets([[dark, bright, pattern]]);
    const pixels = await storedPixels(drawn);
    drawn.dispose();
    expect(Math.max(...pixels.filter((_, at) => at % 3 === 0))).toBe(0);
    expect(Math.max(...pixels.filter((_, at) => at % 3 === 1))).toBe(255);
  });

  it('adds a background to the patterns that have one', () => {
    const [a, b] = patterns(2) as [PatternDiscs, PatternDiscs];
    const lit: PatternDiscs = { ...b, background: [5, -1, -0.5] };
    const [plain, with_] = tf.tidy(() =>
      [discTensors([a, b]), discTensors([a, lit])].map((t) => drawIntensities(t).arraySync()),
    ) as [number[][][], number[][][]];
    expect(with_[0]![3]![3]).toBeCloseTo(plain[0]![3]![3]!, 3);
    const s = Math.hypot(3 - 31.5, 10 - 31.5) / 32;
    const expected = Math.exp(5 - s - 0.5 * s * s);
    const added = with_[1]![10]![3]! - plain[1]![10]![3]!;
    expect(added / expected).toBeCloseTo(1, 3);
  });

  it('refuses patterns of different cameras in one batch', () => {
    const own = [...patterns(1), ...patterns(1, { size: 32 })];
    expect(() => discTensors(own)).toThrow(/one batch/);
    expect(() => discTensors([])).toThrow(/no pattern/);
  });
});

type Input = 'basis' | 'radius' | 'coefficients' | 'background';

describe('gradients of rendering', () => {
  const lit = patterns(2, { fill: 0.52, spacing: 6.3 }).map(
    (pattern): PatternDiscs => ({ ...pattern, background: [4, -0.5, -0.4] }),
  );
  const { basis, radius, ...others } = discTensors(lit) as Required<DiscTensors>;
  const tensors = {
    ...others,
    basis: tf.tensor2d(basis as Float32Array, [2, 4]),
    radius: tf.tensor1d(radius as Float32Array),
  };
  const weights = tf.tensor(new Stream(2, 'weights').normals(2 * 64 * 64), [2, 64, 64]);
  const factors = weights.dataSync();

  const loss = (changed: Partial<Record<Input, Tensor>>): Tensor =>
    renderPatterns({ ...tensors, ...changed } as DiscTensors)
      .mul(weights)
      .sum();

  /** The loss as a sum of doubles: single precision would drown the smallest steps. */
  const measure = (changed: Partial<Record<Input, Tensor>>): number => {
    const values = numbersOf(() => renderPatterns({ ...tensors, ...changed } as DiscTensors));
    return values.reduce((sum, value, i) => sum + value * factors[i]!, 0);
  };

  // Footprints are linear between quarter pixels. Where the rim of a bright disc enters a dark pixel
  // the logarithm makes that a sharp bend, so that steps of the lattice must be small: with 1e-4 the
  // slopes agree to 0.2 %, with ten times that the difference straddles bends.
  it.each([
    ['basis', 5e-5, 0.03],
    ['radius', 1e-3, 0.05],
    ['coefficients', 1e-2, 0.01],
    ['background', 1e-2, 0.01],
  ] as [Input, number, number][])('in %s agree with finite differences', (name, step, bound) => {
    const value = tensors[name] as Tensor;
    const gradient = tf.tidy(() => tf.grad((t: Tensor) => loss({ [name]: t }))(value));
    const stream = new Stream(7, name);
    const [slopes, differences]: [number[], number[]] = [[], []];
    for (let n = 0; n < 12; n++) {
      const direction = tf.tensor(stream.normals(value.size), value.shape);
      const at = (t: number): number => {
        const moved = tf.tidy(() => value.add(direction.mul(t)));
        const sum = measure({ [name]: moved });
        moved.dispose();
        return sum;
      };
      differences.push((at(step) - at(-step)) / (2 * step));
      slopes.push(tf.tidy(() => gradient.mul(direction).sum().dataSync()[0]!));
      direction.dispose();
    }
    gradient.dispose();
    const norm = (v: number[]): number => Math.hypot(...v);
    expect(norm(slopes.map((s, i) => s - differences[i]!)) / norm(differences)).toBeLessThan(bound);
  });

  it('leave no tensor behind', () => {
    const step = (): void => {
      tf.tidy(() => {
        const gradients = tf.grads((basis: Tensor, coefficients: Tensor) =>
          loss({ basis, coefficients }),
        )([tensors.basis, tensors.coefficients]);
        for (const gradient of gradients) gradient.dataSync();
      });
    };
    step();
    const before = tf.memory().numTensors;
    for (let n = 0; n < 3; n++) step();
    expect(tf.memory().numTensors).toBe(before);
  });
});
