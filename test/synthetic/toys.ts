import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';

export interface ToyPattern {
  size: number;
  /** Net of the discs, in pixels. */
  a: readonly [number, number];
  b: readonly [number, number];
  radius: number;
  /** Level 0 to 255 of the disc at (x, y) pixels from the beam. */
  level: (x: number, y: number) => number;
}

/** One pattern of discs, (size, size), drawn pixel by pixel. */
export function toyPattern({ size, a, b, radius, level }: ToyPattern): Uint8Array {
  const out = new Uint8Array(size * size);
  const centre = (size - 1) / 2;
  for (let h = -12; h <= 12; h++) {
    for (let k = -12; k <= 12; k++) {
      const [x, y] = [h * a[0] + k * b[0], h * a[1] + k * b[1]];
      const value = Math.max(0, Math.min(255, Math.round(level(x, y))));
      for (let row = Math.ceil(centre - y - radius - 1); row <= centre - y + radius + 1; row++) {
        for (
          let column = Math.ceil(centre + x - radius - 1);
          column <= centre + x + radius + 1;
          column++
        ) {
          if (row < 0 || column < 0 || row >= size || column >= size) continue;
          const far = Math.hypot(column - centre - x, centre - row - y);
          const edge = Math.max(0, Math.min(1, radius + 0.5 - far));
          const at = row * size + column;
          out[at] = Math.max(out[at]!, Math.round(value * edge));
        }
      }
    }
  }
  return out;
}

/** Three patterns as one (size, size, 3) triplet. */
export function toyTriplet(patterns: readonly [Uint8Array, Uint8Array, Uint8Array]): Uint8Array {
  const out = new Uint8Array(patterns[0].length * 3);
  patterns.forEach((pattern, channel) => {
    for (let n = 0; n < pattern.length; n++) out[3 * n + channel] = pattern[n]!;
  });
  return out;
}

const SIZE = 32;

/** A class of square patterns: the class sets the spacing, the sample its falloff and one detail. */
export function toySample(label: number, stream: Stream): Uint8Array {
  const spacing = 5 + 1.5 * label + stream.between(-0.25, 0.25);
  const falloff = stream.between(4, 6);
  const detail = stream.between(5, 40);
  const pattern = (tilt: number) =>
    toyPattern({
      size: SIZE,
      a: [spacing, 0],
      b: [tilt, spacing],
      radius: 1.8,
      level: (x, y) => 230 - falloff * Math.hypot(x, y) - detail * Math.cos(x * y),
    });
  return toyTriplet([pattern(0), pattern(spacing / 2), pattern(1)]);
}

export interface ToySet {
  /** Samples of each class, and samples a material. */
  counts: readonly number[];
  perMaterial?: number;
  /** Materials are called `${name}${n}`. */
  name?: string;
  seed?: number;
}

/** Examples of classes 14, 62, 225, ... made of toy patterns. */
export function toyExamples({ counts, perMaterial = 1, name = 'm', seed = 1 }: ToySet): Examples {
  const classes = [14, 62, 139, 194, 225].slice(0, counts.length);
  const labels = Int32Array.from(counts.flatMap((count, label) => Array(count).fill(label)));
  const stream = new Stream(seed, `toys ${name}`);
  const triplets = Array.from(labels, (label) => toySample(label, stream));
  const row = SIZE * SIZE * 3;
  return {
    count: labels.length,
    size: SIZE,
    classes,
    labels,
    materials: Array.from(labels, (_, i) => `${name}${Math.floor(i / perMaterial)}`),
    images(indices) {
      const out = new Uint8Array(indices.length * row);
      for (let i = 0; i < indices.length; i++) out.set(triplets[indices[i]!]!, i * row);
      return out;
    },
  };
}
