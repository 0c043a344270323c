import * as fs from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { convertPathToPattern, globSync } from 'tinyglobby';
import { inputError } from '../../common/errors.ts';
import { fileIdentity } from '../../common/files.ts';
import type { Anomaly } from '../anomaly.ts';

const LIST_NAME = /\.(txt|lst|list)$/i;

/** The files of a pattern. Each real folder is read once: a link to a parent leads no further. */
function matching(pattern: string, anomalies: Anomaly[]): string[] {
  const seen = new Set<string>();
  const readdirSync = ((folder: string, options: { withFileTypes: true }) => {
    const identity = fileIdentity(folder);
    if (identity === null || seen.has(identity)) return [];
    seen.add(identity);
    try {
      return fs.readdirSync(folder, options);
    } catch (error) {
      const reason = `the folder cannot be read (${(error as NodeJS.ErrnoException).code})`;
      anomalies.push({ kind: 'file-unreadable', file: folder, group: null, reason });
      return [];
    }
  }) as typeof fs.readdirSync;
  const options = { absolute: true, expandDirectories: false, caseSensitiveMatch: false };
  return globSync(pattern, { ...options, fs: { ...fs, readdirSync } }).map((path) => resolve(path));
}

function listed(list: string): string[] {
  const lines = fs.readFileSync(list, 'utf8').split(/\r?\n/);
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => resolve(dirname(list), line));
}

function filesOf(input: string, anomalies: Anomaly[]): string[] {
  const stat = fs.statSync(input, { throwIfNoEntry: false });
  if (!stat && /[*?[{]/.test(input)) {
    const found = matching(input, anomalies);
    if (found.length === 0) throw inputError(`no file matches ${input}`, 'check the pattern');
    return found;
  }
  if (!stat) throw inputError(`no file or folder at ${input}`, 'check the path');
  if (stat.isFile()) return LIST_NAME.test(input) ? listed(input) : [resolve(input)];
  if (!stat.isDirectory()) throw inputError(`${input} is neither a file nor a folder`);
  const found = matching(`${convertPathToPattern(resolve(input))}/**/*.{h5,hdf5}`, anomalies);
  if (found.length > 0) return found;
  const why = anomalies.find(({ file }) => file.startsWith(resolve(input)));
  throw inputError(`no .h5 file in ${input}`, why && `${why.file}: ${why.reason}`);
}

/**
 * The files that inputs mean: files, folders (every .h5 below), patterns, and lists of paths
 * (.txt, one a line, relative to the list). Sorted by name, so that the order of the inputs does
 * not matter; a file that is given twice is named once among the anomalies.
 *
 * @throws an input error for an input that is not there, or holds no file.
 */
export function resolveSources(inputs: readonly string[]): {
  paths: string[];
  anomalies: Anomaly[];
} {
  const anomalies: Anomaly[] = [];
  const byReal = new Map<string, string>();
  for (const path of inputs.flatMap((input) => filesOf(input, anomalies))) {
    const real = fileIdentity(path) ?? path;
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
