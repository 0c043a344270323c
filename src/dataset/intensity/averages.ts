/** The compiled `blocks.wat`. */
const PROGRAM = `
AGFzbQEAAAABCAFgBH9/f38AAwIBAAUDAQABBxQCBm1lbW9yeQIAB2F2ZXJhZ2UAAAq0AgGxAgMIfwR7AXwgAkECdCELRAAAAAAA
APA/IAIgAmy4oyEQQwAAgH/9EyEOQwAAgP/9EyEPIANBIGogACABbEEDdGohCCAIIAFBBHRqIQoDQCAIQQAgAUEEdPwLAEEAIQUD
QCAIIQkDQCAJ/QAEACENIAYgC2ohBwNAIAb9AAQAIQwgDiAM/eoBIQ4gDyAM/esBIQ8gDSAM/V8gDCAM/Q0ICQoLDA0ODwgJCgsM
DQ4P/V/98AH98AEhDSAGQRBqIgYgB0kNAAsgCSAN/QsEACAJQRBqIgkgCkkNAAsgBUEBaiIFIAJJDQALIAghCQNAIAMgECAJKwMA
IAkrAwigojkDACADQQhqIQMgCUEQaiIJIApJDQALIARBAWoiBCAASQ0ACyADIA79CwQAIAMgD/0LBBAL`;

interface Kernel {
  memory: WebAssembly.Memory;
  average: (rows: number, columns: number, side: number, out: number) => void;
}

/** Averages of a stack and the range of its values. */
export interface Averages {
  /** In rows from the top, pattern by pattern; a view that the next averaging overwrites. */
  values: Float64Array;
  minimum: number;
  maximum: number;
}

const PAGE = 1 << 16;
const RANGE_BYTES = 32;
// A float64 for every block of 4 x 4 pixels or more; the sums of a row of blocks.
const OUT_SHARE = 8 / 16;
const SUMS_BYTES = 16;
let loaded: Kernel | null = null;

/** The kernel, with memory for a stack of `count` pixels. */
function kernelFor(count: number): Kernel {
  const module = (): WebAssembly.Module => new WebAssembly.Module(Buffer.from(PROGRAM, 'base64'));
  loaded ??= new WebAssembly.Instance(module()).exports as unknown as Kernel;
  const sums = (SUMS_BYTES / 4) * count;
  const lacking = count * (4 + OUT_SHARE) + RANGE_BYTES + sums - loaded.memory.buffer.byteLength;
  if (lacking > 0) loaded.memory.grow(Math.ceil(lacking / PAGE));
  return loaded;
}

/**
 * Where `blockAverages` works: rows that are laid here are averaged where they lie. A view that
 * the next asking may overwrite.
 */
export const rowRoom = (count: number): Float32Array =>
  new Float32Array(kernelFor(count).memory.buffer, 0, count);

/** True where `blockAverages` serves: vectors of four pixels fill a block's row. */
export const areBlocks = (ratio: number): boolean => Number.isInteger(ratio) && ratio % 4 === 0;

/**
 * Averages of rows of `size` ratio pixels, as many as make whole blocks, over blocks of ratio x
 * ratio pixels: the inner loop of preparing a dataset, in vector instructions. A NaN makes its
 * block NaN; the range is that of the other pixels.
 */
export function blockAverages(stack: Float32Array, size: number, ratio: number): Averages {
  const { memory, average } = kernelFor(stack.length);
  const rows = stack.length / (size * ratio ** 2);
  const count = rows * size;
  const out = stack.byteLength;
  const lies = stack.buffer === memory.buffer && stack.byteOffset === 0;
  if (!lies) new Float32Array(memory.buffer, 0, stack.length).set(stack);
  average(rows, size, ratio, out);
  const values = new Float64Array(memory.buffer, out, count);
  const ends = new Float32Array(memory.buffer, out + 8 * count, RANGE_BYTES / 4);
  return {
    values,
    minimum: Math.min(...ends.subarray(0, 4)),
    maximum: Math.max(...ends.subarray(4)),
  };
}

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
