import type { Examples } from '../dataset/examples.ts';
import type { Vectors } from './neighbours.ts';
import type { Interpolation } from './smote.ts';

const SIDE = 16;

/**
 * Patterns averaged to 16 x 16 as vectors (N, 768): the space in which pixel neighbours are sought,
 * small enough for large sets and blind to noise of single pixels.
 */
export function pooledPixels(examples: Examples): Vectors {
  const side = Math.min(SIDE, examples.size);
  const dimension = side * side * 3;
  const values = new Float32Array(examples.count * dimension);
  const step = examples.size / side;
  for (let i = 0; i < examples.count; i++) {
    const pixels = examples.images([i]);
    for (let at = 0; at < pixels.length; at++) {
      const pixel = Math.floor(at / 3);
      const row = Math.floor(Math.floor(pixel / examples.size) / step);
      const column = Math.floor((pixel % examples.size) / step);
      values[i * dimension + (row * side + column) * 3 + (at % 3)]! += pixels[at]! / (step * step);
    }
  }
  return { count: examples.count, dimension, values };
}

function blend(a: Uint8Array, b: Uint8Array, share: number): Uint8Array {
  const out = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) out[i] = Math.round((1 - share) * a[i]! + share * b[i]!);
  return out;
}

const extended = <T extends Float32Array | Uint8Array | Int32Array>(
  values: T | undefined,
  count: number,
  extra: readonly number[],
  missing = 0,
): T => {
  const make = (values?.constructor ?? Uint8Array) as new (length: number) => T;
  const out = new make(count + extra.length);
  if (values) out.set(values);
  else out.fill(missing, 0, count);
  out.set(extra, count);
  return out;
};

/** The examples followed by interpolated ones, which are marked synthetic; pixels are blended when read. */
export function withInterpolations(examples: Examples, added: readonly Interpolation[]): Examples {
  const { count, size, weights, partners, properties } = examples;
  const each = size * size * 3;
  const labels = added.map(({ label }) => label);
  return {
    count: count + added.length,
    size,
    classes: examples.classes,
    labels: extended(examples.labels, count, labels),
    materials: [...examples.materials, ...added.map(({ from }) => examples.materials[from]!)],
    synthetic: extended(
      examples.synthetic,
      count,
      labels.map(() => 1),
    ),
    ...(weights && {
      weights: extended(
        weights,
        count,
        labels.map(() => 1),
      ),
    }),
    ...(partners && {
      partners: {
        label: extended(partners.label, count, labels),
        share: extended(
          partners.share,
          count,
          labels.map(() => 0),
        ),
      },
    }),
    ...(properties && { properties: (i: number) => (i < count ? properties(i) : null) }),
    images(rows) {
      const out = new Uint8Array(rows.length * each);
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]!;
        const source = added[row - count];
        const pixels = source
          ? blend(examples.images([source.from]), examples.images([source.to]), source.share)
          : examples.images([row]);
        out.set(pixels, i * each);
      }
      return out;
    },
  };
}
