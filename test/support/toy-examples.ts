import { Stream } from '../../src/common/stream.ts';
import type { CrystalProperties, RealExamples } from '../../src/dataset/examples.ts';

export interface ToyOptions {
  /** Examples of each class. */
  counts: readonly number[];
  size?: number;
  seed?: number;
  /** Prefix of the material names, so that two sets share none. */
  name?: string;
  /** Space groups; ascending from 3 unless told. */
  classes?: readonly number[];
  /** Cell and formula of an example, by its label. */
  properties?: (label: number) => CrystalProperties | null;
  /** Standard deviation of the noise on each pixel, of 255. */
  noise?: number;
}

/** A square net of discs: spacing and turn belong to the class, brightness to the example. */
function drawPattern(
  out: Uint8Array,
  facts: { at: number; size: number; label: number; channel: number; noise: number },
  stream: Stream,
): void {
  const { at, size, label, channel, noise } = facts;
  const spacing = (size / 4) * (1 + 0.25 * (label % 4)) * Math.exp(0.03 * stream.normal());
  const angle = 0.35 * (Math.floor(label / 2) % 3) + 0.1 * channel;
  const brightness = stream.between(120, 240);
  const centre = (size - 1) / 2;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [x, y] = [column - centre, centre - row];
      const u = (x * Math.cos(angle) + y * Math.sin(angle)) / spacing;
      const v = (y * Math.cos(angle) - x * Math.sin(angle)) / spacing;
      const wave = (Math.cos(2 * Math.PI * u) + Math.cos(2 * Math.PI * v)) / 2;
      const value = brightness * Math.max(0, wave) ** 2 + noise * stream.normal();
      out[at + (row * size + column) * 3 + channel] = Math.max(0, Math.min(255, Math.round(value)));
    }
  }
}

/** Triplets of nets that a small network can tell apart, with any class counts. */
export function toyExamples(options: ToyOptions): RealExamples {
  const { counts, size = 16, seed = 1, name = 'toy', noise = 20 } = options;
  const classes = options.classes ?? counts.map((_, label) => label + 3);
  const labels = Int32Array.from(counts.flatMap((n, label) => new Array<number>(n).fill(label)));
  const each = size * size * 3;
  const pixels = new Uint8Array(labels.length * each);
  labels.forEach((label, i) => {
    const stream = new Stream(seed, `${name} ${i}`);
    for (let channel = 0; channel < 3; channel++) {
      drawPattern(pixels, { at: i * each, size, label, channel, noise }, stream);
    }
  });
  return {
    count: labels.length,
    size,
    classes,
    labels,
    ...(options.properties && { properties: (i: number) => options.properties!(labels[i]!) }),
    materials: Array.from(labels, (_, i) => `${name}-${i}`),
    images(indices) {
      const out = new Uint8Array(indices.length * each);
      for (let i = 0; i < indices.length; i++) {
        out.set(pixels.subarray(indices[i]! * each, (indices[i]! + 1) * each), i * each);
      }
      return out;
    },
  };
}
