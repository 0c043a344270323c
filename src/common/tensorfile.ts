import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { inputError } from './errors.ts';
import { existingFile, writeAtomic } from './files.ts';
import { isTable } from './table.ts';

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
const DIGEST = 'digest';

/** Digest of everything in a file: what it says of itself, the shapes, and every number. */
function contentDigest(
  description: string,
  entries: Record<string, unknown>,
  bodies: readonly Uint8Array[],
): string {
  const hash = createHash('sha256').update(description).update(JSON.stringify(entries));
  for (const body of bodies) hash.update(body);
  return hash.digest('hex');
}

/**
 * Writes arrays as a safetensors file (https://huggingface.co/docs/safetensors): a length, a JSON
 * header and raw little-endian numbers. Plain data: reading one runs no code, and other languages
 * read it too. The file appears whole or not at all.
 */
export function writeTensorFile(path: string, { arrays, description }: TensorFile): void {
  if (endianness() !== 'LE') throw new Error('safetensors files need a little-endian machine');
  const entries: Record<string, unknown> = {};
  let at = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const dtype = array instanceof Float32Array ? 'F32' : 'I32';
    entries[name] = { dtype, shape: [array.length], data_offsets: [at, at + array.byteLength] };
    at += array.byteLength;
  }
  const bodies = Object.values(arrays).map((a) =>
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
  );
  const about = JSON.stringify(description);
  const metadata = { [KEY]: about, [DIGEST]: contentDigest(about, entries, bodies) };
  const text = JSON.stringify({ __metadata__: metadata, ...entries });
  const head = Buffer.from(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  writeAtomic(path, Buffer.concat([length, head, ...bodies]));
}

function parseHeader(bytes: Buffer): { header: Record<string, unknown>; start: number } | null {
  if (bytes.length < 8) return null;
  const length = Number(bytes.readBigUInt64LE());
  if (length > bytes.length - 8) return null;
  try {
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as unknown;
    if (!isTable(header)) return null;
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
 * Reads a file of `writeTensorFile`, checking its digest, and every bound before it is used.
 *
 * @throws input error that names the file where it is missing, cut short, of another kind, or not
 * as it was written.
 */
export function readTensorFile(path: string): TensorFile {
  const bytes = readFileSync(existingFile(path));
  const parsed = parseHeader(bytes);
  if (!parsed) throw inputError(`${path} is no safetensors file, or was cut short`);
  const body = bytes.subarray(parsed.start);
  const { __metadata__: metadata, ...entries } = parsed.header;
  const { [KEY]: about, [DIGEST]: digest } = (metadata ?? {}) as Record<string, unknown>;
  if (typeof about !== 'string' || digest !== contentDigest(about, entries, [body])) {
    throw inputError(
      `${path} is damaged, was changed, or is of an earlier version: its digest is not that of its content`,
      'make it again',
    );
  }
  const description = JSON.parse(about) as Record<string, unknown>;
  const arrays: TensorFile['arrays'] = {};
  for (const [name, entry] of Object.entries(entries)) {
    const array = readArray(body, entry as Entry);
    if (!array) throw inputError(`${path}: array '${name}' was cut short or is of another kind`);
    arrays[name] = array;
  }
  return { arrays, description };
}
