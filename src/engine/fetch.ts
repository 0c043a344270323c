import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CbedError, inputError } from '../common/errors.ts';
import { type Progress, type ProgressFactory, silentProgress } from '../common/progress.ts';
import { downloadsFolder } from './cache.ts';
import { download, sha256Of, Unreachable } from './download.ts';
import { findPip, pipDownload } from './pip.ts';
import { findWheel } from './pypi.ts';
import { requireSpace } from './space.ts';
import { parseWheelName, pinOf, type WantedWheel } from './wheel.ts';

/** A wheel in the downloads folder, its digest checked. */
export interface FetchedWheel {
  path: string;
  sha256: string;
  /** Whether the digest stands in the project's own list. */
  pinned: boolean;
}

export interface FetchOptions {
  /** What the progress bar and the errors call the wheels. */
  what: string;
  /** Bytes to expect of them together, for the bar and the disk. */
  bytes: number;
  progress?: ProgressFactory;
}

const MEGABYTE = 1e6;
const textOf = ({ project, specifier }: WantedWheel): string => project + specifier;

/** The digest noted when a wheel arrived whole, so that an interrupted setup can use it again. */
const noteOf = (path: string): string => `${path}.sha256`;

function matches(name: string, { project, specifier }: WantedWheel): boolean {
  if (!name.endsWith('.whl')) return false;
  const wheel = parseWheelName(name);
  return wheel.project === project && [`==${wheel.version}`, ''].includes(specifier);
}

/** The wheel with its digest, which is compared with the pinned one and noted beside it. */
async function verified(path: string): Promise<FetchedWheel> {
  const sha256 = await sha256Of(path);
  const pin = pinOf(basename(path));
  if (pin && pin.sha256 !== sha256) {
    rmSync(path, { force: true });
    throw inputError(
      `${basename(path)} has the SHA-256 ${sha256}, not ${pin.sha256}`,
      'a mirror or proxy alters files; the file was deleted: try another network',
    );
  }
  writeFileSync(noteOf(path), sha256);
  return { path, sha256, pinned: pin !== null };
}

/** A wheel that an earlier call fetched whole, unless it changed since. */
async function leftOver(wanted: WantedWheel): Promise<FetchedWheel | null> {
  const name = readdirSync(downloadsFolder()).find((each) => matches(each, wanted));
  if (!name) return null;
  const path = join(downloadsFolder(), name);
  if (!existsSync(noteOf(path))) return null;
  const noted = readFileSync(noteOf(path), 'utf8');
  return (await sha256Of(path)) === noted ? verified(path) : null;
}

/** Feeds a bar that counts megabytes from reports of bytes. */
export function megabytes(bar: Progress): (count: number) => void {
  let bytes = 0;
  return (count) => {
    const before = Math.floor(bytes / MEGABYTE);
    bytes += count;
    const steps = Math.floor(bytes / MEGABYTE) - before;
    if (steps > 0) bar.advance(steps);
  };
}

/** The wheels by pip, or null where there is no pip. */
async function withPip(
  wanted: readonly WantedWheel[],
  options: FetchOptions,
): Promise<string[] | null> {
  const pip = await findPip();
  if (!pip) return null;
  const { what, bytes, progress = silentProgress } = options;
  await requireSpace(downloadsFolder(), bytes, `fetching ${what}`);
  const bar = progress(`fetching ${what} with pip (MB)`, Math.ceil(bytes / MEGABYTE));
  const request = {
    requirements: wanted.map(textOf),
    folder: downloadsFolder(),
    onBytes: megabytes(bar),
  };
  try {
    const paths = await pipDownload(pip, request);
    bar.done();
    return paths;
  } catch (error) {
    bar.done('without success');
    throw error;
  }
}

async function fromIndex(wanted: WantedWheel, progress: ProgressFactory): Promise<string> {
  const wheel = await findWheel(wanted, process.arch);
  const target = join(downloadsFolder(), wheel.name);
  await requireSpace(downloadsFolder(), wheel.bytes, `fetching ${wheel.name}`);
  const bar = progress(`fetching ${wheel.name} (MB)`, Math.ceil(wheel.bytes / MEGABYTE));
  const sha256 = pinOf(wheel.name)?.sha256 ?? wheel.sha256;
  await download({ url: wheel.url, target, sha256, onBytes: megabytes(bar) });
  bar.done();
  return target;
}

async function allFromIndex(wanted: readonly WantedWheel[], progress: ProgressFactory) {
  const paths: string[] = [];
  for (const each of wanted) paths.push(await fromIndex(each, progress));
  return paths;
}

/** pip's way first; where it fails or is absent, straight from the index. */
async function fetchMissing(
  wanted: readonly WantedWheel[],
  options: FetchOptions,
): Promise<string[]> {
  let pipError: unknown;
  try {
    const paths = await withPip(wanted, options);
    if (paths) return paths;
  } catch (error) {
    if (!(error instanceof CbedError)) throw error;
    pipError = error;
  }
  try {
    return await allFromIndex(wanted, options.progress ?? silentProgress);
  } catch (error) {
    // pip knows the user's mirrors, so what it met says more than that PyPI is out of reach.
    throw pipError && error instanceof Unreachable ? pipError : error;
  }
}

/**
 * Fetches wheels into the cache's downloads and checks their digests: against the project's own
 * list where they are in it, else against what the index publishes. Wheels that an interrupted
 * call left there whole are used, and one fetched in part from the index is gone on with.
 *
 * @throws input error that says what could not be reached and what to do.
 */
export async function fetchWheels(
  wanted: readonly WantedWheel[],
  options: FetchOptions,
): Promise<FetchedWheel[]> {
  mkdirSync(downloadsFolder(), { recursive: true });
  const wheels: FetchedWheel[] = [];
  const missing: WantedWheel[] = [];
  for (const each of wanted) {
    const wheel = await leftOver(each);
    if (wheel) wheels.push(wheel);
    else missing.push(each);
  }
  const paths = missing.length > 0 ? await fetchMissing(missing, options) : [];
  for (const path of paths) wheels.push(await verified(path));
  return wheels;
}
