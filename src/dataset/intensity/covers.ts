import type { Averages } from './blocks.ts';

/** How output pixel i covers input pixels: from `first[i]`, `span` weights that sum to 1. */
interface Cover {
  span: number;
  first: Int32Array;
  weights: Float64Array;
}

function coverOf(from: number, to: number): Cover {
  const ratio = from / to;
  const span = Math.min(from, Math.ceil(ratio - 1e-9) + (Number.isInteger(ratio) ? 0 : 1));
  const first = new Int32Array(to);
  const weights = new Float64Array(to * span);
  for (let i = 0; i < to; i++) {
    const low = i * ratio;
    first[i] = Math.min(Math.floor(low + 1e-9), from - span);
    for (let k = 0; k < span; k++) {
      const at = first[i]! + k;
      const overlap = Math.min(at + 1, low + ratio) - Math.max(at, low);
      weights[i * span + k] = Math.max(0, overlap) / ratio;
    }
  }
  return { span, first, weights };
}

const covers = new Map<string, Cover>();

function coverFor(from: number, to: number): Cover {
  const key = `${from}>${to}`;
  const cover = covers.get(key) ?? coverOf(from, to);
  covers.set(key, cover);
  return cover;
}

/** Averages of a (3, from, from) stack over areas of any size: rows first, then columns. */
export function coverAverages(stack: Float32Array, from: number, size: number): Averages {
  const { span, first, weights } = coverFor(from, size);
  const values = new Float64Array(3 * size * size);
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < stack.length; n++) {
    const value = stack[n]!;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  for (let row = 0; row < 3 * size; row++) {
    const [pattern, y] = [Math.floor(row / size), row % size];
    for (let k = 0; k < span; k++) {
      const weight = weights[y * span + k]!;
      const start = (pattern * from + first[y]! + k) * from;
      for (let x = 0; weight !== 0 && x < size; x++) {
        let sum = 0;
        const left = start + first[x]!;
        for (let j = 0; j < span; j++) sum += stack[left + j]! * weights[x * span + j]!;
        values[row * size + x]! += sum * weight;
      }
    }
  }
  return { values, minimum, maximum };
}
