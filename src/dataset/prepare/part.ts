import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { atomically } from '../../common/files.ts';
import type { Anomaly } from '../anomaly.ts';
import { isFatal } from '../anomaly.ts';
import { UnreadableFile } from '../hdf5/library-file.ts';
import type { Catalogue, ReadGuard } from '../summit/catalogue.ts';
import { rangeFault } from '../summit/summit.ts';
import { SummitFile } from '../summit/summit-file.ts';

/** Some samples of one file, to be reduced together. The unit of work, and of resuming. */
export interface PartPlan {
  path: string;
  /** Pixels a side of the file's patterns, and of the stored ones. */
  from: number;
  size: number;
  keys: string[];
  /** Where the result goes; its name tells the plan and the state of the source file. */
  out: string;
}

/** A part that was made, or not. */
export type PartFile = Pick<PartPlan, 'out'>;

/** What a part came to: the samples kept, in order, and what was wrong. */
export interface PartHead {
  kept: string[];
  /** Digests of the pixels of each, to find one pattern under two names. */
  pixels: string[];
  anomalies: Anomaly[];
}

/** Samples of a part: about a second of work, which is what a kill can lose of a known file. */
export const PART_SAMPLES = 64;

/** Divides the chosen samples of a file into parts. */
export function planParts(
  catalogue: Pick<Catalogue, 'path' | 'bytes' | 'changed' | 'camera'>,
  keys: readonly string[],
  { size, folder, length }: { size: number; folder: string; length: number },
): PartPlan[] {
  const { path, bytes, changed, camera } = catalogue;
  const plans: PartPlan[] = [];
  for (let at = 0; at < keys.length; at += length) {
    const some = keys.slice(at, at + length);
    const name = digestOf({ format: PART_FORMAT, path, bytes, changed, camera, size, keys: some });
    plans.push({ path, from: camera.size, size, keys: some, out: join(folder, `${name}.part`) });
  }
  return plans;
}

// A part file: the pixels of the kept samples, the head as JSON, its length (4 bytes).
const LENGTH_BYTES = 4;
const PART_FORMAT = 3;

// Blocks of pixels go through one piece of memory, which would else be collected late.
let block = new Uint8Array(0);

function blockOf(bytes: number): Uint8Array {
  if (block.length < bytes) block = new Uint8Array(bytes);
  return block.subarray(0, bytes);
}

/** Reduced samples of an open file, to be written together. One at a time: they share memory. */
class PartRoom {
  readonly head: PartHead = { kept: [], pixels: [], anomalies: [] };
  private readonly from: number;
  private readonly size: number;
  private readonly pixels: Uint8Array;

  constructor({ from, size, most }: { from: number; size: number; most: number }) {
    this.from = from;
    this.size = size;
    this.pixels = blockOf(most * this.each);
  }

  private get each(): number {
    return 3 * this.size * this.size;
  }

  /** Reads the patterns of a sample; what is wrong with them is told in the head. */
  async take(file: SummitFile, key: string): Promise<void> {
    const { head, from, size, each } = this;
    const start = head.kept.length * each;
    const into = this.pixels.subarray(start, start + each);
    const reduction = await file.reduced(key, { from, size, into });
    if (!reduction) return;
    const fault = rangeFault(reduction);
    if (fault) head.anomalies.push({ ...fault, file: file.path, group: key });
    if (fault && isFatal(fault)) return;
    head.kept.push(key);
    head.pixels.push(createHash('md5').update(into).digest('base64url'));
  }

  /** Writes what was taken, atomically. */
  async write(out: string): Promise<void> {
    const json = Buffer.from(JSON.stringify(this.head));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(json.length);
    const pixels = this.pixels.subarray(0, this.head.kept.length * this.each);
    await atomically(out, (temporary) => {
      const written = openSync(temporary, 'w');
      try {
        for (const piece of [pixels, json, length]) writeFileSync(written, piece);
      } finally {
        closeSync(written);
      }
    });
  }
}

/** Reads, reduces and writes one part, atomically. */
export async function makePart(plan: PartPlan, guard: ReadGuard = {}): Promise<void> {
  const { path, keys, out } = plan;
  const room = new PartRoom({ ...plan, most: keys.length });
  const { anomalies } = room.head;
  let file: SummitFile | null = null;
  try {
    file = await SummitFile.open(path, (anomaly) => anomalies.push(anomaly), guard.external);
    for (const key of keys) {
      if (guard.skip?.includes(key)) continue;
      guard.announce?.(key);
      await room.take(file, key);
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    anomalies.push({ kind: error.kind, file: path, group: null, reason: error.message });
  } finally {
    file?.close();
  }
  await room.write(out);
}

/** True where a part was made earlier. */
export const partExists = (part: PartFile): boolean => existsSync(part.out);

/** What `read` makes of an open part, the bytes before its head and the length of that. */
function openPart<T>(part: PartFile, read: (file: number, pixels: number, head: number) => T): T {
  const file = openSync(part.out, 'r');
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    const end = fstatSync(file).size - LENGTH_BYTES;
    readSync(file, length, 0, LENGTH_BYTES, end);
    const head = length.readUInt32LE();
    return read(file, end - head, head);
  } finally {
    closeSync(file);
  }
}

/** The head of a part that was made. */
export const readPartHead = (part: PartFile): PartHead =>
  openPart(part, (file, pixels, head) => {
    const json = Buffer.alloc(head);
    readSync(file, json, 0, head, pixels);
    return JSON.parse(json.toString()) as PartHead;
  });

/** The pixels of a part that was made, (kept, size, size, 3); the next reading overwrites them. */
export const readPartPixels = (part: PartFile): Uint8Array =>
  openPart(part, (file, pixels) => {
    const bytes = blockOf(pixels);
    readSync(file, bytes, 0, pixels, 0);
    return bytes;
  });
