import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import type { Anomaly } from '../anomaly.ts';
import { UnreadableFile } from '../hdf5/library-file.ts';
import { type Along, PartsAlong } from '../prepare/along.ts';
import { SUMMIT_CAMERA, SummitFile } from './summit-file.ts';

/** A sample with all that its attributes say. */
export interface KnownSample {
  key: string;
  facts: SampleFacts;
}

/** What choosing and splitting samples takes of each; there may be many, so it is little. */
export interface Outline extends Pick<SampleFacts, 'spaceGroup' | 'material' | 'energy'> {
  key: string;
  /** The same number for samples that are the same: 48 bits of a digest. */
  identity: number;
}

/** What stands in one Summit file, without its pixels. */
export interface Catalogue {
  path: string;
  bytes: number;
  /** Time of the last change, ms. */
  changed: number;
  camera: Camera;
  /** Samples whose attributes can be used, in the order of the file. */
  samples: Outline[];
  anomalies: Anomaly[];
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
}

/** A number for everything that the simulation of a pattern depends on. */
function identityOf({ key, facts }: KnownSample): number {
  const { material, spaceGroup, energy, zones, cell, thickness } = facts;
  const text = JSON.stringify([key, material, spaceGroup, energy, zones, cell, thickness]);
  return createHash('sha1').update(text).digest().readUIntBE(0, 6);
}

/** The outline of a sample. */
export const outlineOf = (sample: KnownSample): Outline => {
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
    samples: [],
    anomalies: [],
    digest: '',
    index,
  };
};

/** Reads the attributes of every sample of a file, and the patterns where they are wanted too. */
export async function readCatalogue(
  path: string,
  guard: ReadGuard = {},
  wanted?: Along,
): Promise<{ catalogue: Catalogue; facts: SampleFacts[] }> {
  const catalogue = emptyCatalogue(path);
  const { anomalies } = catalogue;
  const known: KnownSample[] = [];
  let file: SummitFile | null = null;
  let parts: PartsAlong | null = null;
  try {
    file = await SummitFile.open(path, (anomaly) => (parts?.hearing ?? anomalies).push(anomaly));
    catalogue.camera = file.camera();
    parts = PartsAlong.of(catalogue, wanted);
    const keys = file.groups();
    if (keys.length === 0) throw new UnreadableFile('file-empty', 'it holds no sample');
    for (const key of keys) {
      if (guard.skip?.includes(key)) continue;
      guard.announce?.(key);
      const facts = await file.facts(key, guard);
      if (!facts) continue;
      known.push({ key, facts });
      await parts?.take(file, { key, facts });
    }
    await parts?.end();
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    // Patterns that cannot be read may not take the attributes after them away.
    if (parts) return readCatalogue(path, guard);
    anomalies.push({ kind: error.kind, file: path, group: null, reason: error.message });
  } finally {
    file?.close();
  }
  const { bytes, camera } = catalogue;
  catalogue.digest = digestOf({ name: basename(path), bytes, camera, samples: known });
  catalogue.samples = known.map(outlineOf);
  return { catalogue, facts: known.map((sample) => sample.facts) };
}
