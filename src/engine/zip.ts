import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise } from 'yauzl';
import { inputError, messageOf } from '../common/errors.ts';

/** One file in a zip archive. */
export interface ZipEntry {
  name: string;
  /** Unpacked. */
  bytes: number;
  entry: Entry;
}

const BLOCK = 1 << 20;

/** A fault of the archive as one line; faults of the disk stay what they are. */
function damaged(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined && code !== undefined) return error;
  return inputError(
    `${path} is no whole zip archive: ${messageOf(error).split('\n')[0]}`,
    'delete it and try again',
  );
}

const OPTIONS = { lazyEntries: true, autoClose: false, validateEntrySizes: true } as const;

/** Opens an archive for one piece of work; whatever is wrong with it becomes one line. */
async function withArchive<T>(
  path: string,
  work: (archive: Awaited<ReturnType<typeof openPromise>>) => Promise<T>,
): Promise<T> {
  try {
    const archive = await openPromise(path, OPTIONS);
    try {
      return await work(archive);
    } finally {
      archive.close();
    }
  } catch (error) {
    throw damaged(path, error);
  }
}

/**
 * The files in a zip archive, by its central directory. Names that lead out of the folder they
 * are unpacked to (`../`, absolute ones, backslashes) are refused.
 */
export const zipEntries = (path: string): Promise<ZipEntry[]> =>
  withArchive(path, async (archive) => {
    const entries: ZipEntry[] = [];
    for await (const entry of archive.eachEntry()) {
      // Folders are made for the files in them.
      if (entry.fileName.endsWith('/')) continue;
      entries.push({ name: entry.fileName, bytes: entry.uncompressedSize, entry });
    }
    return entries;
  });

// The polynomial of zip's check sums, by bytes.
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crcOf(block: Uint8Array, before: number): number {
  let crc = ~before;
  for (let i = 0; i < block.length; i++) crc = CRC[(crc ^ block[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Passes the bytes of an entry on and compares their check sum with the archive's. */
function checked({ name, entry }: ZipEntry, onBytes: (count: number) => void): Transform {
  let crc = 0;
  return new Transform({
    transform(block: Buffer, _encoding, done) {
      crc = crcOf(block, crc);
      onBytes(block.length);
      done(null, block);
    },
    flush(done) {
      done(crc === entry.crc32 ? null : new Error(`${name} has another check sum`));
    },
  });
}

/** Streams one entry of an archive to a file; `onBytes` hears of every block written. */
export const unzipEntry = (
  archive: string,
  entry: ZipEntry,
  target: string,
  onBytes: (count: number) => void = () => {},
): Promise<void> =>
  withArchive(archive, async (open) => {
    const packed: Readable = await open.openReadStreamPromise(entry.entry);
    mkdirSync(dirname(target), { recursive: true });
    const out = createWriteStream(target, { highWaterMark: 4 * BLOCK });
    await pipeline(packed, checked(entry, onBytes), out);
  });

/** Bytes of an entry that is read as text at most: real headers have 0.1 MB. */
const LONGEST_TEXT = 16 * BLOCK;

/** A small entry as text; a large one, packed to next to nothing, would fill the memory. */
export const unzipText = (archive: string, entry: ZipEntry): Promise<string> =>
  withArchive(archive, async (open) => {
    if (entry.bytes > LONGEST_TEXT) throw new Error(`${entry.name} has ${entry.bytes} bytes`);
    const blocks: Buffer[] = [];
    const packed: Readable = await open.openReadStreamPromise(entry.entry);
    for await (const block of packed.pipe(checked(entry, () => {}))) blocks.push(block as Buffer);
    return Buffer.concat(blocks).toString('utf8');
  });
