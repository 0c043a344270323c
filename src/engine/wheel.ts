import { readFileSync } from 'node:fs';
import { usageError } from '../common/errors.ts';
import { dataFile } from '../common/paths.ts';
import type { EngineDevice } from './cache.ts';

/** A project of the index and the versions that serve. */
export interface WantedWheel {
  project: string;
  /** Comma-separated clauses, '' for any version. */
  specifier: string;
}

/** A wheel's name taken apart (PEP 427). */
export interface WheelName {
  project: string;
  version: string;
  python: string;
  platforms: string[];
}

/** A file of an index. */
export interface WheelFile {
  name: string;
  url: string;
  sha256: string;
  bytes: number;
}

/** The TensorFlow that the project is tested with. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The Python whose wheels are taken first: only their libraries are used, so any one serves. */
const PREFERRED_PYTHON = '3.11';
const OTHER_PYTHONS = ['3.12', '3.13', '3.10'];

/** Pythons to ask an index for, the preferred one and the machine's own first. */
export const pythonsToTry = (own?: string): string[] => [
  ...new Set([PREFERRED_PYTHON, ...(own ? [own] : []), ...OTHER_PYTHONS]),
];

const MACHINES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The machine name in wheel tags (x86_64, aarch64). */
export function machineOf(arch: NodeJS.Architecture): string {
  const machine = MACHINES[arch];
  if (!machine) throw usageError(`TensorFlow has no wheels for ${arch} processors`);
  return machine;
}

/** Platform tags that pip is to accept; it compares them letter by letter. */
export const platformTags = (arch: NodeJS.Architecture): string[] =>
  ['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_17', 'manylinux2014', 'manylinux1'].map(
    (tag) => `${tag}_${machineOf(arch)}`,
  );

/** The project on the index: 64-bit Arm has no CPU-only package, its full one is CPU only. */
export function tensorflowProject(device: EngineDevice, arch: NodeJS.Architecture): string {
  if (device === 'cuda' && arch !== 'x64') {
    throw usageError(`TensorFlow has no CUDA wheels for ${arch}`, 'use --device cpu');
  }
  return device === 'cuda' || arch !== 'x64' ? 'tensorflow' : 'tensorflow-cpu';
}

export function parseWheelName(name: string): WheelName {
  const parts = name.replace(/\.whl$/, '').split('-');
  if (!name.endsWith('.whl') || parts.length < 5) throw new TypeError(`"${name}" is no wheel name`);
  const [python, , platform] = parts.slice(-3);
  return {
    project: parts[0]!.replaceAll('_', '-').toLowerCase(),
    version: parts[1]!,
    python: python!,
    platforms: platform!.split('.'),
  };
}

const isFor = (name: WheelName, machine: string): boolean =>
  name.platforms.some((tag) => tag.startsWith('manylinux') && tag.endsWith(`_${machine}`));

/** The best file for a machine: a pinned one, else the preferred Python's, else the first. */
export function chooseWheel(
  files: readonly WheelFile[],
  arch: NodeJS.Architecture,
): WheelFile | null {
  const machine = machineOf(arch);
  const python = `cp${PREFERRED_PYTHON.replace('.', '')}`;
  const rank = (file: WheelFile): number => {
    if (pinOf(file.name)) return 0;
    return parseWheelName(file.name).python === python ? 1 : 2;
  };
  const usable = files.filter(
    (file) => file.name.endsWith('.whl') && isFor(parseWheelName(file.name), machine),
  );
  return usable.toSorted((a, b) => rank(a) - rank(b))[0] ?? null;
}

interface Pin {
  sha256: string;
  bytes?: number;
}

interface PinList {
  /** TensorFlow version -> the CUDA libraries it is tested with, project -> version. */
  cuda: Record<string, Record<string, string>>;
  wheels: Record<string, Pin>;
}

let list: PinList | undefined;

function pinList(): PinList {
  list ??= JSON.parse(readFileSync(dataFile('engine', 'wheels.json'), 'utf8')) as PinList;
  return list;
}

/** The digest of a wheel in the project's own list, or null. */
export const pinOf = (name: string): Pin | null => pinList().wheels[name] ?? null;

/** The CUDA libraries that the project pins for a TensorFlow, or null for other versions. */
export function pinnedCuda(version: string): WantedWheel[] | null {
  const projects = pinList().cuda[version];
  if (!projects) return null;
  return Object.entries(projects).map(([project, exact]) => ({
    project,
    specifier: `==${exact}`,
  }));
}

// Published sizes, for the progress bar and the disk, where the list has none.
const USUAL_BYTES: Record<string, number> = { 'tensorflow-cpu': 275e6, tensorflow: 650e6 };

/** Bytes to expect of TensorFlow's wheel. */
export function expectedBytes(project: string, version: string): number {
  const start = `${project.replaceAll('-', '_')}-${version}-`;
  const known = Object.entries(pinList().wheels).find(
    ([name, pin]) => name.startsWith(start) && pin.bytes,
  );
  return known?.[1].bytes ?? USUAL_BYTES[project]!;
}
