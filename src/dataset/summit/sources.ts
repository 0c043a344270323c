import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { inputError } from '../../common/errors.ts';
import type { Anomaly } from '../anomaly.ts';

const HDF5_NAME = /\.(h5|hdf5)$/i;
const LIST_NAME = /\.(txt|lst|list)$/i;

/** Every file below a folder, sorted. */
function walk(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      const isFolder = entry.isSymbolicLink()
        ? statSync(path, { throwIfNoEntry: false })?.isDirectory()
        : entry.isDirectory();
      return isFolder ? walk(path) : [path];
    })
    .sort();
}

/** A shell pattern (*, ?, ** and [sets]) as an expression over whole paths. */
function patternOf(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*|\?|\[[^\]]+\]|[.+^${}()|\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('[') ? part.replace('[!', '[^') : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

function matching(glob: string): string[] {
  const full = resolve(glob);
  const parts = full.split(sep);
  const fixed =
    parts
      .slice(
        0,
        parts.findIndex((part) => /[*?[]/.test(part)),
      )
      .join(sep) || sep;
  const pattern = patternOf(full);
  const folder = statSync(fixed, { throwIfNoEntry: false });
  const found = folder?.isDirectory() ? walk(fixed).filter((path) => pattern.test(path)) : [];
  if (found.length === 0) throw inputError(`no file matches ${glob}`, 'check the pattern');
  return found;
}

function listed(list: string): string[] {
  const lines = readFileSync(list, 'utf8').split(/\r?\n/);
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => resolve(dirname(list), line));
}

function filesOf(input: string): string[] {
  const stat = statSync(input, { throwIfNoEntry: false });
  if (!stat && /[*?[]/.test(input)) return matching(input);
  if (!stat) throw inputError(`no file or folder at ${input}`, 'check the path');
  if (!stat.isDirectory()) return LIST_NAME.test(input) ? listed(input) : [resolve(input)];
  const found = walk(resolve(input)).filter((path) => HDF5_NAME.test(path));
  if (found.length === 0) throw inputError(`no .h5 file in ${input}`);
  return found;
}

/**
 * The files that inputs mean: files, folders (every .h5 below), patterns, and lists of paths
 * (.txt, one a line, relative to the list). Sorted by name, so that the order of the inputs does
 * not matter; a file that is given twice is named once among the anomalies.
 */
export function resolveSources(inputs: readonly string[]): {
  paths: string[];
  anomalies: Anomaly[];
} {
  const anomalies: Anomaly[] = [];
  const byReal = new Map<string, string>();
  for (const path of inputs.flatMap(filesOf)) {
    const exists = statSync(path, { throwIfNoEntry: false }) !== undefined;
    const real = exists ? realpathSync(path) : path;
    const first = byReal.get(real);
    if (first === undefined) byReal.set(real, path);
    else {
      const reason = first === path ? 'given twice, read once' : `the same file as ${first}`;
      anomalies.push({ kind: 'same-file', file: path, group: null, reason });
    }
  }
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const paths = [...byReal.values()].sort((a, b) => order(basename(a), basename(b)) || order(a, b));
  return { paths, anomalies };
}
