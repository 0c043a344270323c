import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { inputError } from './errors.ts';
import { existingFile, writeAtomic } from './files.ts';

/** Named arrays of 32-bit numbers, and a description as plain JSON values. */
export interface TensorFile {
  arrays: Record<string, Float32Array | Int32Array>;
  description: Record<string, unknown>;
}

interface Entry {
  dtype: 'F32' | 'I32';
  shape: number[];
  data_offsets: [number, number];
}

const KEY = 'description';

/**
 * Writes arrays as a safetensors file (https://huggingface.co/docs/safetensors): a length, a JSON
 * header and raw little-endian numbers. Plain data: reading one runs no code, and other languages
 * read it too. The file appears whole or not at all.
 */
export function writeTensorFile(path: string, { arrays, description }: TensorFile): void {
  if (endianness() !== 'LE') throw new Error('safetensors files need a little-endian machine');
  const header: Record<string, unknown> = { __metadata__: { [KEY]: JSON.stringify(description) } };
  let at = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const dtype = array instanceof Float32Array ? 'F32' : 'I32';
    header[name] = { dtype, shape: [array.length], data_offsets: [at, at + array.byteLength] };
    at += array.byteLength;
  }
  const text = JSON.stringify(header);
  const head = Buffer.from(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  const bodies = Object.values(arrays).map((a) =>
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
  );
  writeAtomic(path, Buffer.concat([length, head, ...bodies]));
}

function parseHeader(bytes: Buffer): { header: Record<string, unknown>; start: number } | null {
  if (bytes.length < 8) return null;
  const length = Number(bytes.readBigUInt64LE());
  if (length > bytes.length - 8) return null;
  try {
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as unknown;
    if (header === null || typeof header !== 'object' || Array.isArray(header)) return null;
    return { header: header as Record<string, unknown>, start: 8 + length };
  } catch {
    return null;
  }
}

function readArray(body: Buffer, entry: Entry): Float32Array | Int32Array | null {
  const [from, to] = entry.data_offsets ?? [];
  const count = entry.shape?.reduce((a, b) => a * b, 1);
  const whole = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to <= body.length;
  if (!whole || to - from !== 4 * count || !['F32', 'I32'].includes(entry.dtype)) return null;
  const copy = new Uint8Array(body.subarray(from, to)).buffer;
  return entry.dtype === 'F32' ? new Float32Array(copy) : new Int32Array(copy);
}

/**
 * Reads a file of `writeTensorFile`, checking every bound before it is used.
 *
 * @throws input error that names the file where it is missing, cut short or of another kind.
 */
export function readTensorFile(path: string): TensorFile {
  const bytes = readFileSync(existingFile(path));
  const parsed = parseHeader(bytes);
  if (!parsed) throw inputError(`${path} is no safetensors file, or was cut short`);
  const body = bytes.subarray(parsed.start);
  const arrays: TensorFile['arrays'] = {};
  let description: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(parsed.header)) {
    if (name === '__metadata__') {
      const text = (entry as Record<string, string> | null)?.[KEY];
      description = text ? (JSON.parse(text) as Record<string, unknown>) : {};
      continue;
    }
    const array = readArray(body, entry as Entry);
    if (!array) throw inputError(`${path}: array '${name}' was cut short or is of another kind`);
    arrays[name] = array;
  }
  return { arrays, description };
}
