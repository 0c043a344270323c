import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { digestOf } from '../ground/digest.ts';
import { writeAtomic } from '../ground/files.ts';
import { workspaceFolder } from '../ground/run.ts';
import type { Camera } from '../simulate/camera.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import type { Anomaly } from './anomaly.ts';
import { UnreadableFile } from './library-file.ts';
import { SUMMIT_CAMERA, SummitFile } from './summit-file.ts';

/** What stands in one Summit file, without its pixels. */
export interface Catalogue {
  path: string;
  bytes: number;
  /** Time of the last change, ms. */
  changed: number;
  camera: Camera;
  /** Samples whose attributes can be used, in the order of the file. */
  samples: { key: string; facts: SampleFacts }[];
  anomalies: Anomaly[];
}

/** How a file is read by a process that it may end. */
export interface ReadGuard {
  /** Called with the group that is about to be read. */
  announce?: (group: string) => void;
  /** Groups that have ended a reader. */
  skip?: readonly string[];
  /** A reader has ended here: leave out what only describes and may be the cause. */
  careful?: boolean;
}

const INDEX_VERSION = 1;

/** The digest of what a file's catalogue says, whatever folder the file stands in. */
export const catalogueDigest = ({ path, bytes, camera, samples }: Catalogue): string =>
  digestOf({ name: basename(path), bytes, camera, samples });

/** Reads the attributes of every sample of a file. */
export async function readCatalogue(path: string, guard: ReadGuard = {}): Promise<Catalogue> {
  const stat = statSync(path, { throwIfNoEntry: false });
  const anomalies: Anomaly[] = [];
  const catalogue: Catalogue = {
    path,
    bytes: stat?.size ?? 0,
    changed: stat?.mtimeMs ?? 0,
    camera: SUMMIT_CAMERA,
    samples: [],
    anomalies,
  };
  let file: SummitFile | null = null;
  try {
    file = await SummitFile.open(path, (anomaly) => anomalies.push(anomaly));
    catalogue.camera = file.camera();
    const keys = file.groups();
    if (keys.length === 0) throw new UnreadableFile('file-empty', 'it holds no sample');
    for (const key of keys) {
      if (guard.skip?.includes(key)) continue;
      guard.announce?.(key);
      const facts = await file.facts(key, guard);
      if (facts) catalogue.samples.push({ key, facts });
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    anomalies.push({ kind: error.kind, file: path, group: null, reason: error.message });
  } finally {
    file?.close();
  }
  return catalogue;
}

/** The index file of a Summit file, in the workspace: the data may stand on a read-only disk. */
const indexPath = (path: string): string =>
  join(workspaceFolder(), 'index', `${digestOf(path).slice(0, 24)}.json`);

/** The catalogue kept from an earlier reading; null where there is none or the file has changed. */
export function indexedCatalogue(path: string): Catalogue | null {
  const index = indexPath(path);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat || !existsSync(index)) return null;
  try {
    const { version, catalogue } = JSON.parse(readFileSync(index, 'utf8'), restoreUnknown) as {
      version: number;
      catalogue: Catalogue;
    };
    const same =
      version === INDEX_VERSION &&
      catalogue.path === path &&
      catalogue.bytes === stat.size &&
      catalogue.changed === stat.mtimeMs;
    return same ? catalogue : null;
  } catch {
    return null; // A damaged index is rebuilt.
  }
}

/** JSON has no NaN: an energy that is not known is written as null. */
const restoreUnknown = (key: string, value: unknown): unknown =>
  key === 'energy' && value === null ? Number.NaN : value;

/** Keeps a catalogue for the next time. */
export const indexCatalogue = (catalogue: Catalogue): void =>
  writeAtomic(indexPath(catalogue.path), JSON.stringify({ version: INDEX_VERSION, catalogue }));

/** The catalogue of a file as any process sees it. */
export const reviveCatalogue = (text: string): Catalogue => JSON.parse(text, restoreUnknown);
