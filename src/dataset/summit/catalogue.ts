import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { inputError } from '../../common/errors.ts';
import { writeAtomic } from '../../common/files.ts';
import { workspaceFolder } from '../../common/run.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SimulationOptions } from '../../simulate/options.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import type { Anomaly } from '../anomaly.ts';
import { type ExternalAccess, externalRefusal, foldersOf } from '../hdf5/external.ts';
import { UnreadableFile } from '../hdf5/library-file.ts';
import { SUMMIT_CAMERA, SummitFile } from './summit-file.ts';

/** A sample with all that its attributes say. */
interface KnownSample {
  key: string;
  facts: SampleFacts;
}

/** What choosing and splitting samples takes of each; there may be many, so it is little. */
export interface Outline extends Pick<SampleFacts, 'spaceGroup' | 'material' | 'energy'> {
  key: string;
  /** The same number for samples that are the same: 48 bits of a digest. */
  identity: number;
}

/** A file that another one names; -1 bytes where there is none. */
interface LinkedFile {
  path: string;
  bytes: number;
  changed: number;
  /** Whether it could be read by what was allowed. */
  readable: boolean;
}

function stateOf(path: string, from: string, external: ExternalAccess): LinkedFile {
  const folders = [...external.folders, ...foldersOf(from)];
  const readable = externalRefusal(path, { ...external, folders }) === null;
  const stat = statSync(path, { throwIfNoEntry: false });
  return { path, bytes: stat?.size ?? -1, changed: stat?.mtimeMs ?? 0, readable };
}

/** What stands in one Summit file, without its pixels. */
export interface Catalogue {
  path: string;
  bytes: number;
  /** Time of the last change, ms. */
  changed: number;
  camera: Camera;
  /** What made its samples, where the file says so. */
  simulation: SimulationOptions | null;
  /** Samples whose attributes can be used, in the order of the file. */
  samples: Outline[];
  anomalies: Anomaly[];
  /** Other files that this one names, as they were when it was read. */
  links: LinkedFile[];
  /** Of what the attributes say, whatever folder the file stands in. */
  digest: string;
  /** The file in which the facts of the samples are kept. */
  index: string;
}

/** How a file is read by a process that it may end. */
export interface ReadGuard {
  /** Called with the group that is about to be read. */
  announce?: (group: string) => void;
  /** Groups that have ended a reader. */
  skip?: readonly string[];
  /** A reader has ended here: leave out what only describes and may be the cause. */
  careful?: boolean;
  /** What a file may take from others. */
  external?: ExternalAccess;
}

/** A number for everything that the simulation of a pattern depends on. */
function identityOf({ key, facts }: KnownSample): number {
  const { material, spaceGroup, energy, zones, cell, thickness } = facts;
  const text = JSON.stringify([key, material, spaceGroup, energy, zones, cell, thickness]);
  return createHash('sha1').update(text).digest().readUIntBE(0, 6);
}

/** The outline of a sample. */
const outlineOf = (sample: KnownSample): Outline => {
  const { spaceGroup, material, energy } = sample.facts;
  return { key: sample.key, spaceGroup, material, energy, identity: identityOf(sample) };
};

/** What is known of a file of which no sample can be used. */
export const emptyCatalogue = (path: string, index = ''): Catalogue => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return {
    path,
    bytes: stat?.size ?? 0,
    changed: stat?.mtimeMs ?? 0,
    camera: SUMMIT_CAMERA,
    simulation: null,
    samples: [],
    anomalies: [],
    links: [],
    digest: '',
    index,
  };
};

/** Reads the attributes of every sample of a file. */
async function readCatalogue(
  path: string,
  guard: ReadGuard = {},
): Promise<{ catalogue: Catalogue; facts: SampleFacts[] }> {
  const { external = { folders: [], allow: false } } = guard;
  const catalogue = emptyCatalogue(path);
  const { anomalies } = catalogue;
  const known: KnownSample[] = [];
  let file: SummitFile | null = null;
  try {
    file = await SummitFile.open(path, (anomaly) => anomalies.push(anomaly), guard.external);
    catalogue.camera = file.camera();
    catalogue.simulation = file.simulation();
    const keys = file.groups();
    if (keys.length === 0) throw new UnreadableFile('file-empty', 'it holds no sample');
    for (const key of keys) {
      if (guard.skip?.includes(key)) continue;
      guard.announce?.(key);
      const facts = await file.facts(key, guard);
      if (facts) known.push({ key, facts });
    }
    const deeper = known.length < keys.length ? file.deeperSamples() : null;
    if (deeper) anomalies.push({ kind: 'samples-deeper', file: path, group: null, reason: deeper });
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    anomalies.push({ kind: error.kind, file: path, group: null, reason: error.message });
  } finally {
    catalogue.links = [...(file?.links ?? [])].map((link) => stateOf(link, path, external));
    file?.close();
  }
  const { bytes, camera } = catalogue;
  catalogue.digest = digestOf({ name: basename(path), bytes, camera, samples: known });
  catalogue.samples = known.map(outlineOf);
  return { catalogue, facts: known.map((sample) => sample.facts) };
}

// An index file has two lines of JSON and their digest: the catalogue with its version, then the facts of its
// samples, which are read only for the rows of a store.
const INDEX_VERSION = 5;
const NEW_LINE = 10;
/** Bytes of the last line: the digest of all before. */
const SEAL = 65;

/** The index file of a Summit file, in the workspace: the data may stand on a read-only disk. */
const indexPath = (path: string): string =>
  join(workspaceFolder(), 'index', `${digestOf(path).slice(0, 24)}.jsonl`);

/** Where a reading leaves the index until it is known to be sound. */
export const freshIndexPath = (path: string): string => `${indexPath(path)}.fresh`;

/** JSON has no NaN: an energy that is not known is written as null. */
function restoreEnergies<T extends readonly { energy: number }[]>(list: T): T {
  for (const one of list) one.energy ??= Number.NaN;
  return list;
}

/** A catalogue from the first line of its index. */
export function catalogueFrom(line: string): Catalogue {
  const { catalogue } = JSON.parse(line) as { catalogue: Catalogue };
  restoreEnergies(catalogue.samples);
  return catalogue;
}

/** Reads a file's catalogue and writes its index; gives the first line of that. */
export async function indexFile(
  { path, index }: { path: string; index: string },
  guard: ReadGuard,
): Promise<string> {
  const { catalogue, facts } = await readCatalogue(path, guard);
  catalogue.index = index;
  const line = JSON.stringify({ version: INDEX_VERSION, catalogue });
  const text = `${line}\n${JSON.stringify(facts)}\n`;
  writeAtomic(index, `${text}${digestOf(Buffer.from(text))}\n`);
  return line;
}

/** Keeps a fresh index for the next time. */
export function keepIndex(catalogue: Catalogue): void {
  const index = indexPath(catalogue.path);
  try {
    renameSync(catalogue.index, index);
  } catch (error) {
    if (!existsSync(index)) throw error; // Another process has kept the same one.
  }
  catalogue.index = index;
}

/** True where a linked file is what it was, and may be read where it might before. */
function isAsBefore(link: LinkedFile, from: string, external: ExternalAccess): boolean {
  return digestOf(stateOf(link.path, from, external)) === digestOf(link);
}

/** The catalogue kept from an earlier reading; null where there is none or the file has changed. */
export function indexedCatalogue(path: string, external: ExternalAccess): Catalogue | null {
  const index = indexPath(path);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return null;
  try {
    const bytes = readFileSync(index);
    const sealed = bytes.subarray(0, -SEAL);
    if (bytes.toString('utf8', sealed.length, bytes.length - 1) !== digestOf(sealed)) return null;
    const line = bytes.toString('utf8', 0, bytes.indexOf(NEW_LINE));
    if (!line.startsWith(`{"version":${INDEX_VERSION},`)) return null;
    const catalogue = catalogueFrom(line);
    const same =
      catalogue.path === path &&
      catalogue.bytes === stat.size &&
      catalogue.changed === stat.mtimeMs &&
      catalogue.links.every((link) => isAsBefore(link, path, external));
    return same ? { ...catalogue, index } : null;
  } catch {
    return null; // None, or a damaged one, which is rebuilt.
  }
}

/**
 * The facts of a catalogue's samples, by name.
 *
 * @throws an input error where the index was changed since the catalogue was read.
 */
export function indexedFacts({
  path,
  index,
  digest,
}: Pick<Catalogue, 'path' | 'index' | 'digest'>): Map<string, SampleFacts> {
  const [head, rest] = existsSync(index) ? readFileSync(index, 'utf8').split('\n') : [];
  const catalogue = head === undefined ? null : catalogueFrom(head);
  if (!catalogue || !rest || catalogue.digest !== digest) {
    throw inputError(`${path} was changed while it was read`, 'run the same command again');
  }
  const facts = restoreEnergies(JSON.parse(rest) as SampleFacts[]);
  return new Map(catalogue.samples.map(({ key }, i) => [key, facts[i]!]));
}
