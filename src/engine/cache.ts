import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeJson } from '../common/files.ts';

/** Which TensorFlow build: for the processor, or for NVIDIA GPUs. */
export type EngineDevice = 'cpu' | 'cuda';

/** What one unpacked TensorFlow holds; written last, so that its presence means completeness. */
export interface Manifest {
  format: 1;
  version: string;
  device: EngineDevice;
  arch: string;
  /** The wheels it came from; `pinned`: the digest stands in this project's own list. */
  wheels: { name: string; sha256: string; pinned: boolean }[];
  /** Files relative to the folder, with their sizes in bytes. */
  files: { path: string; bytes: number }[];
}

const MANIFEST = 'manifest.json';

/** The per-user folder that checkouts share: `CBED_CACHE`, or cbed-gan below the XDG cache. */
export function cacheFolder(): string {
  if (process.env.CBED_CACHE) return resolve(process.env.CBED_CACHE);
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cbed-gan');
}

/** Where one unpacked TensorFlow stands: lib/, include/, bindings and the manifest. */
export const tensorflowFolder = (version: string, device: EngineDevice): string =>
  join(cacheFolder(), `tensorflow-${version}-${device}-${process.arch}`);

/** Wheels on their way in; emptied when they are unpacked. */
export const downloadsFolder = (): string => join(cacheFolder(), 'downloads');

export const writeManifest = (folder: string, manifest: Manifest): void =>
  writeJson(join(folder, MANIFEST), manifest);

/** The manifest of an unpacked TensorFlow, or null where there is none that can be read. */
export function readManifest(folder: string): Manifest | null {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest;
    return manifest.format === 1 ? manifest : null;
  } catch {
    return null;
  }
}

/** The first file of the manifest that is absent or of another size, or null when all stand. */
export function damagedFile(folder: string, manifest: Manifest): string | null {
  for (const { path, bytes } of manifest.files) {
    const file = join(folder, path);
    if (!existsSync(file) || statSync(file).size !== bytes) return file;
  }
  return null;
}

/** Whether a TensorFlow is unpacked here, whole. */
export function isComplete(folder: string): boolean {
  const manifest = readManifest(folder);
  return manifest !== null && damagedFile(folder, manifest) === null;
}

/** Bytes of a file or of everything below a folder; links are not followed. */
export function sizeOf(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** What the cache holds, entry by entry. */
export function cacheContents(): { name: string; bytes: number }[] {
  const folder = cacheFolder();
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: sizeOf(join(folder, name)) }));
}
