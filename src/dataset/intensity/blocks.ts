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
