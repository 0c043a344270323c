import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { inputError } from '../common/errors.ts';

/** One file in a zip archive. */
export interface ZipEntry {
  name: string;
  /** 0 stored, 8 deflated. */
  method: number;
  packedBytes: number;
  bytes: number;
  /** Where the entry's local header starts in the archive. */
  offset: number;
}

const END_RECORD = 0x06054b50;
const END_RECORD_64 = 0x06064b50;
const CENTRAL_HEADER = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65535;
const OVERFLOW = 0xffffffff;
const LOCAL_BYTES = 30;
const STORED = 0;
const BLOCK = 1 << 20;

const damaged = (path: string, why: string): Error =>
  inputError(`${path} is no whole zip archive: ${why}`, 'delete it and try again');

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const block = Buffer.alloc(length);
  const { bytesRead } = await file.read(block, 0, length, offset);
  return block.subarray(0, bytesRead);
}

/** Whether the end record is here: its comment must reach exactly to the end. */
const isEndRecord = (tail: Buffer, at: number): boolean =>
  tail.readUInt32LE(at) === END_RECORD &&
  tail.readUInt16LE(at + END_BYTES - 2) === tail.length - at - END_BYTES;

/** Offset and size of the central directory, from the end record (or its 64-bit form). */
async function findDirectory(path: string, file: FileHandle) {
  const { size } = await file.stat();
  const tailStart = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const tail = await readAt(file, tailStart, size - tailStart);
  let at = tail.length - END_BYTES;
  while (at >= 0 && !isEndRecord(tail, at)) at--;
  if (at < 0) throw damaged(path, 'it has no directory');
  const offset = tail.readUInt32LE(at + 16);
  if (offset !== OVERFLOW) return { offset, length: tail.readUInt32LE(at + 12) };
  const locator = at - 20;
  const record = await readAt(file, Number(tail.readBigUInt64LE(locator + 8)), 56);
  if (record.readUInt32LE(0) !== END_RECORD_64) throw damaged(path, 'its directory is broken');
  return {
    offset: Number(record.readBigUInt64LE(48)),
    length: Number(record.readBigUInt64LE(40)),
  };
}

/** The 64-bit sizes of an entry stand in its extra field, in this order, where 32 bits overflow. */
function widen(entry: ZipEntry, extra: Buffer): void {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let from = at + 4;
    for (const key of ['bytes', 'packedBytes', 'offset'] as const) {
      if (entry[key] !== OVERFLOW) continue;
      entry[key] = Number(extra.readBigUInt64LE(from));
      from += 8;
    }
  }
}

/** The files in a zip archive, by its central directory. */
export async function zipEntries(path: string): Promise<ZipEntry[]> {
  const file = await open(path);
  try {
    const { offset, length } = await findDirectory(path, file);
    const directory = await readAt(file, offset, length);
    const entries: ZipEntry[] = [];
    for (let at = 0; at + 46 <= directory.length; ) {
      if (directory.readUInt32LE(at) !== CENTRAL_HEADER)
        throw damaged(path, 'its directory is broken');
      const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
      const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
      const entry: ZipEntry = {
        name: directory.toString('utf8', at + 46, nameEnd),
        method: directory.readUInt16LE(at + 10),
        packedBytes: directory.readUInt32LE(at + 20),
        bytes: directory.readUInt32LE(at + 24),
        offset: directory.readUInt32LE(at + 42),
      };
      widen(entry, directory.subarray(nameEnd, extraEnd));
      entries.push(entry);
      at = extraEnd + directory.readUInt16LE(at + 32);
    }
    return entries;
  } finally {
    await file.close();
  }
}

/** Opens the unpacked bytes of an entry. */
async function contentOf(archive: string, entry: ZipEntry): Promise<Readable> {
  const file = await open(archive);
  const local = await readAt(file, entry.offset, LOCAL_BYTES).finally(() => file.close());
  if (local.length < LOCAL_BYTES || local.readUInt32LE(0) !== LOCAL_HEADER) {
    throw damaged(archive, `${entry.name} is not where it should be`);
  }
  const start = entry.offset + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (entry.packedBytes === 0) return Readable.from([]);
  const end = start + entry.packedBytes - 1;
  const packed = createReadStream(archive, { start, end, highWaterMark: BLOCK });
  if (entry.method === STORED) return packed;
  const inflate = createInflateRaw({ chunkSize: BLOCK });
  return packed.on('error', (error) => inflate.destroy(error)).pipe(inflate);
}

/** Streams one entry of an archive to a file; `onBytes` hears of every block written. */
export async function unzipEntry(
  archive: string,
  entry: ZipEntry,
  target: string,
  onBytes: (count: number) => void = () => {},
): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  let written = 0;
  const count = new Transform({
    transform(block: Buffer, _encoding, done) {
      written += block.length;
      onBytes(block.length);
      done(null, block);
    },
  });
  const out = createWriteStream(target, { highWaterMark: 4 * BLOCK });
  try {
    await pipeline(await contentOf(archive, entry), count, out);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) {
      throw damaged(archive, `${entry.name} does not unpack`);
    }
    throw error;
  }
  if (written !== entry.bytes) {
    throw damaged(archive, `${entry.name} has ${written} bytes of ${entry.bytes}`);
  }
}

/** A small entry as text. */
export async function unzipText(archive: string, entry: ZipEntry): Promise<string> {
  const blocks: Buffer[] = [];
  for await (const block of await contentOf(archive, entry)) blocks.push(block as Buffer);
  return Buffer.concat(blocks).toString('utf8');
}
