import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../ground/digest.ts';
import { writeAtomic } from '../ground/files.ts';
import type { Anomaly } from './anomaly.ts';
import { isFatal } from './anomaly.ts';
import type { Catalogue, ReadGuard } from './catalogue.ts';
import { UnreadableFile } from './library-file.ts';
import { rangeFault } from './summit.ts';
import { SummitFile } from './summit-file.ts';
import { reduceStack } from './transform.ts';

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
  anomalies: Anomaly[];
}

/** Divides the chosen samples of a file into parts. */
export function planParts(
  catalogue: Catalogue,
  keys: readonly string[],
  { size, folder, length }: { size: number; folder: string; length: number },
): PartPlan[] {
  const { path, bytes, changed, camera } = catalogue;
  const plans: PartPlan[] = [];
  for (let at = 0; at < keys.length; at += length) {
    const some = keys.slice(at, at + length);
    const name = digestOf({ path, bytes, changed, camera, size, keys: some });
    plans.push({ path, from: camera.size, size, keys: some, out: join(folder, `${name}.part`) });
  }
  return plans;
}

// A part file: length of the head (4 bytes), the head as JSON, the pixels of the kept samples.
const LENGTH_BYTES = 4;

/** Reads, reduces and writes one part, atomically. */
export async function makePart(plan: PartPlan, guard: ReadGuard = {}): Promise<void> {
  const { path, from, size, keys, out } = plan;
  const head: PartHead = { kept: [], anomalies: [] };
  const blocks: Uint8Array[] = [];
  let file: SummitFile | null = null;
  try {
    file = await SummitFile.open(path, (anomaly) => head.anomalies.push(anomaly));
    for (const key of keys) {
      if (guard.skip?.includes(key)) continue;
      guard.announce?.(key);
      const stack = await file.stack(key, from);
      if (!stack) continue;
      const reduction = reduceStack(stack, from, size);
      const fault = rangeFault(reduction);
      if (fault) head.anomalies.push({ ...fault, file: path, group: key });
      if (fault && isFatal(fault)) continue;
      head.kept.push(key);
      blocks.push(reduction.pixels);
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    head.anomalies.push({ kind: error.kind, file: path, group: null, reason: error.message });
  } finally {
    file?.close();
  }
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  writeAtomic(out, Buffer.concat([length, json, ...blocks]));
}

/** True where a part was made earlier. */
export const partExists = (plan: PartFile): boolean => existsSync(plan.out);

/** The head of a part that was made. */
export function readPartHead(plan: PartFile): PartHead {
  const file = openSync(plan.out, 'r');
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    readSync(file, length, 0, LENGTH_BYTES, 0);
    const json = Buffer.alloc(length.readUInt32LE());
    readSync(file, json, 0, json.length, LENGTH_BYTES);
    return JSON.parse(json.toString()) as PartHead;
  } finally {
    closeSync(file);
  }
}

/** The pixels of a part that was made, (kept, size, size, 3). */
export function readPartPixels(plan: PartFile): Uint8Array {
  const bytes = readFileSync(plan.out);
  return bytes.subarray(LENGTH_BYTES + bytes.readUInt32LE());
}
