/** The compiled `blocks.wat`. */
const PROGRAM = `
AGFzbQEAAAABCAFgBH9/f38AAwIBAAUDAQABBxQCBm1lbW9yeQIAB2F2ZXJhZ2UAAAqXAgGUAgMGfwR7AXwgASACbEEC
dCEJRAAAAAAAAPA/IAIgAmy4oyEOQwAAgH/9EyEMQwAAgP/9EyENA0BBACEFA0BEAAAAAAAAAAD9FCELQQAhBgNAIAQg
AmwgBmogCWwgBSACbEECdGohByAHIAJBAnRqIQgDQCAH/QAEACEKIAwgCv3qASEMIA0gCv3rASENIAsgCv1fIAogCv0N
CAkKCwwNDg8ICQoLDA0OD/1f/fAB/fABIQsgB0EQaiIHIAhJDQALIAZBAWoiBiACSQ0ACyADIA4gC/0hACAL/SEBoKI5
AwAgA0EIaiEDIAVBAWoiBSABSQ0ACyAEQQFqIgQgAEkNAAsgAyAM/QsEACADQRBqIA39CwQACw==`;

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
// A float64 for every 4 x 4 pixels at most.
const OUT_SHARE = 8 / 16;
let loaded: Kernel | null = null;

function kernelFor(count: number): Kernel {
  const module = (): WebAssembly.Module => new WebAssembly.Module(Buffer.from(PROGRAM, 'base64'));
  loaded ??= new WebAssembly.Instance(module()).exports as unknown as Kernel;
  const lacking = count * (4 + OUT_SHARE) + RANGE_BYTES - loaded.memory.buffer.byteLength;
  if (lacking > 0) loaded.memory.grow(Math.ceil(lacking / PAGE));
  return loaded;
}

/** True where `blockAverages` serves: vectors of four pixels fill a block's row. */
export const areBlocks = (ratio: number): boolean => Number.isInteger(ratio) && ratio % 4 === 0;

/**
 * Averages of a (3, size ratio, size ratio) stack over blocks of ratio x ratio pixels: the inner
 * loop of preparing a dataset, in vector instructions. A NaN makes its block NaN; the range is that of the other pixels.
 */
export function blockAverages(stack: Float32Array, size: number, ratio: number): Averages {
  const { memory, average } = kernelFor(stack.length);
  const count = 3 * size * size;
  const out = stack.byteLength;
  new Float32Array(memory.buffer, 0, stack.length).set(stack);
  average(3 * size, size, ratio, out);
  const values = new Float64Array(memory.buffer, out, count);
  const ends = new Float32Array(memory.buffer, out + 8 * count, RANGE_BYTES / 4);
  return {
    values,
    minimum: Math.min(...ends.subarray(0, 4)),
    maximum: Math.max(...ends.subarray(4)),
  };
}
