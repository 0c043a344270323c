import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inputError } from '../common/errors.ts';
import type { ProgressFactory } from '../common/progress.ts';
import { tfjsPackageFolder } from './binding.ts';
import { megabytes } from './fetch.ts';
import { requireSpace } from './space.ts';
import { unzipEntry, unzipText, type ZipEntry, zipEntries } from './zip.ts';

/** The libraries that the binding links to. */
export const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

const INCLUDE = /^\s*#\s*include\s+["<]([^">]+)[">]/gm;

const includesOf = (text: string): string[] => [...text.matchAll(INCLUDE)].map((line) => line[1]!);

/** The TensorFlow headers that the binding's own sources name. */
function bindingHeaders(): string[] {
  const folder = join(tfjsPackageFolder(), 'binding');
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return texts.flatMap(includesOf).filter((name) => name.startsWith('tensorflow/'));
}
const MEGABYTE = 1e6;

/** One entry and where it goes below the TensorFlow folder. */
interface Move {
  wheel: string;
  entry: ZipEntry;
  path: string;
}

/** The binding's headers and all that they include: 14 of a wheel's 13,000. */
async function headerMoves(wheel: string, entries: readonly ZipEntry[]): Promise<Move[]> {
  const prefix = 'tensorflow/include/';
  const byPath = new Map(entries.map((entry) => [entry.name, entry]));
  const found = new Map<string, Move>();
  const queue = bindingHeaders();
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const entry = byPath.get(prefix + name);
    if (!entry || found.has(name)) continue;
    found.set(name, { wheel, entry, path: join('include', name) });
    const text = await unzipText(wheel, entry);
    queue.push(...includesOf(text));
  }
  return [...found.values()];
}

async function tensorflowMoves(wheel: string, entries: readonly ZipEntry[]): Promise<Move[]> {
  const libraries = LIBRARIES.map((name) => {
    const entry = entries.find((each) => each.name === `tensorflow/${name}`);
    if (!entry) throw inputError(`${basename(wheel)} holds no ${name}`, 'try another --tensorflow');
    return { wheel, entry, path: join('lib', name) };
  });
  const headers = await headerMoves(wheel, entries);
  if (headers.length === 0) {
    throw inputError(`${basename(wheel)} holds no C headers`, 'try another --tensorflow VERSION');
  }
  return [...libraries, ...headers];
}

// NVIDIA's wheels keep libraries in nvidia/<part>/lib; the compiler's two helpers serve XLA.
const NVIDIA_FILES = /^nvidia\/[^/]+\/(lib\/[^/]+\.so[^/]*|bin\/ptxas|nvvm\/libdevice\/[^/]+)$/;

const nvidiaMoves = (wheel: string, entries: readonly ZipEntry[]): Move[] =>
  entries
    .filter((entry) => NVIDIA_FILES.test(entry.name))
    .map((entry) => ({ wheel, entry, path: entry.name }));

/** A wheel's METADATA. */
export async function metadataOf(wheel: string): Promise<string> {
  const entries = await zipEntries(wheel);
  const entry = entries.find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
  return entry ? unzipText(wheel, entry) : '';
}

/**
 * Unpacks what the engine needs of a TensorFlow wheel, and the libraries of NVIDIA's wheels, in
 * the places where they find each other.
 *
 * @returns the files written, relative to `folder`, with their sizes.
 */
export async function unpackWheels(
  wheels: readonly string[],
  folder: string,
  progress: ProgressFactory,
): Promise<{ path: string; bytes: number }[]> {
  const moves: Move[] = [];
  for (const wheel of wheels) {
    const entries = await zipEntries(wheel);
    moves.push(
      ...(basename(wheel).startsWith('nvidia')
        ? nvidiaMoves(wheel, entries)
        : await tensorflowMoves(wheel, entries)),
    );
  }
  const total = moves.reduce((sum, move) => sum + move.entry.bytes, 0);
  await requireSpace(folder, total, 'unpacking TensorFlow');
  const bar = progress('unpacking TensorFlow (MB)', Math.ceil(total / MEGABYTE));
  const onBytes = megabytes(bar);
  for (const { wheel, entry, path } of moves) {
    await unzipEntry(wheel, entry, join(folder, path), onBytes);
    if (path.endsWith('ptxas')) chmodSync(join(folder, path), 0o755);
  }
  bar.done();
  return moves.map(({ path, entry }) => ({ path, bytes: entry.bytes }));
}
