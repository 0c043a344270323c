import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { inputError } from '../../common/errors.ts';
import { writeAtomic } from '../../common/files.ts';
import { workspaceFolder } from '../../common/run.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import type { Along } from '../prepare/along.ts';
import { type Catalogue, type ReadGuard, readCatalogue } from './catalogue.ts';

// An index file has two lines of JSON: the catalogue with its version, then the facts of its
// samples, which are read only for the rows of a store.
const INDEX_VERSION = 2;
const NEW_LINE = 10;

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

/** Reads a file's catalogue, with parts of it, and writes its index; gives the first line of that. */
export async function indexFile(
  { path, index, along }: { path: string; index: string; along?: Along },
  guard: ReadGuard,
): Promise<string> {
  const { catalogue, facts } = await readCatalogue(path, guard, along);
  catalogue.index = index;
  const line = JSON.stringify({ version: INDEX_VERSION, catalogue });
  writeAtomic(index, `${line}\n${JSON.stringify(facts)}\n`);
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

/** The catalogue kept from an earlier reading; null where there is none or the file has changed. */
export function indexedCatalogue(path: string): Catalogue | null {
  const index = indexPath(path);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return null;
  try {
    const bytes = readFileSync(index);
    const line = bytes.toString('utf8', 0, bytes.indexOf(NEW_LINE));
    if (!line.startsWith(`{"version":${INDEX_VERSION},`)) return null;
    const catalogue = catalogueFrom(line);
    const same =
      catalogue.path === path &&
      catalogue.bytes === stat.size &&
      catalogue.changed === stat.mtimeMs;
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
