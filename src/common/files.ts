import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { inputError } from './errors.ts';
import { takeCare } from './interruption.ts';
import { sweep, temporaryName } from './lock.ts';
import { checkOutputFile, explainSystemError } from './outputs.ts';

const temporaries = new Set<string>();

/** A temporary file is cleared away with the process, or now. */
function keepWatch(temporary: string, watched: boolean): void {
  if (watched) temporaries.add(temporary);
  else {
    discard(temporary);
    temporaries.delete(temporary);
  }
  takeCare(watched);
}

// A file under its temporary name is nobody's result: whatever ends the process, it goes.
process.once('exit', () => {
  for (const path of temporaries) rmSync(path, { force: true, recursive: true });
});

// Names may have 255 bytes; that of a temporary file says whose it is.
const temporaryBeside = (path: string): string => {
  const name = temporaryName(join(dirname(path), `.${basename(path).slice(0, 60)}`));
  return `${name}@${randomBytes(4).toString('hex')}`;
};

/** Removes what may be there; that it cannot be is never the first thing that is wrong. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true, recursive: true });
  } catch {
    // A file stands where its folder should, or the disk is gone.
  }
}

/**
 * What went wrong with a file, as one line for the user; anything else as it is. An error of a write
 * does not say where: then `path` is named.
 */
export function fileFault(error: unknown, path?: string): unknown {
  const full = error instanceof Error && /No space left/.test(error.message);
  const known = full ? Object.assign(error, { code: 'ENOSPC' }) : error;
  if (path && error instanceof Error && !('path' in error)) Object.assign(error, { path });
  return error instanceof Error ? (explainSystemError(known) ?? error) : error;
}

const LEAST_FREE = 1 << 20;

/**
 * Makes sure, before the work for it, that a file can be written: nothing else stands there, the
 * folder is there or can be made and takes files, and `bytes` are free. Sweeps what killed
 * processes left beside it.
 *
 * @throws an input error that names the path.
 */
export function checkOutput(path: string, bytes = LEAST_FREE): void {
  checkOutputFile(path);
  const final = resolve(path);
  const folder = dirname(final);
  try {
    mkdirSync(folder, { recursive: true });
    sweep(folder);
    const probe = temporaryBeside(final);
    try {
      writeFileSync(probe, Buffer.alloc(1 << 16));
    } finally {
      discard(probe);
    }
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < Math.max(bytes, LEAST_FREE)) {
      throw Object.assign(new Error('full'), { code: 'ENOSPC', path });
    }
  } catch (error) {
    throw fileFault(error, path);
  }
}

/**
 * Runs `write` on a temporary name beside `path` and renames the result into place, so that
 * a half-written file never stands under a final name.
 */
export async function atomically<T>(
  path: string,
  write: (temporary: string) => T | Promise<T>,
): Promise<T> {
  const final = resolve(path);
  const temporary = temporaryBeside(final);
  keepWatch(temporary, true);
  try {
    mkdirSync(dirname(final), { recursive: true });
    const result = await write(temporary);
    renameSync(temporary, final);
    return result;
  } catch (error) {
    throw fileFault(error, path);
  } finally {
    keepWatch(temporary, false);
  }
}

/** Writes a whole file atomically. */
export function writeAtomic(path: string, data: string | Uint8Array): void {
  const final = resolve(path);
  const temporary = temporaryBeside(final);
  temporaries.add(temporary);
  try {
    mkdirSync(dirname(final), { recursive: true });
    writeFileSync(temporary, data);
    renameSync(temporary, final);
  } catch (error) {
    throw fileFault(error, path);
  } finally {
    discard(temporary);
    temporaries.delete(temporary);
  }
}

/** Appends a line to a file; where it cannot be written whole, none of it is left. */
export function appendLine(path: string, line: string): void {
  const before = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  try {
    appendFileSync(path, `${line}\n`);
  } catch (error) {
    if (existsSync(path)) truncateSync(path, before);
    throw fileFault(error, path);
  }
}

/** Writes JSON (two-space indent, final newline) atomically. */
export const writeJson = (path: string, value: unknown): void =>
  writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

/** The path, when a file stands there; an input error that names it otherwise. */
export function existingFile(path: string, mend = 'check the path'): string {
  if (!existsSync(path)) throw inputError(`no file at ${path}`, mend);
  if (!statSync(path).isFile()) throw inputError(`${path} is not a file`, mend);
  return path;
}

/** A name for the file or folder behind a path, whatever links lead to it; null where none is. */
export function fileIdentity(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null; // Gone, or a link that leads nowhere or in circles.
  }
}

/**
 * Paths of everything below a folder that is no folder, relative to it and sorted. Links are
 * followed, but each real file and folder counts once, under the path with the fewest links.
 */
export function filesBelow(folder: string): string[] {
  const seen = new Set<string | null>();
  const found: string[] = [];
  let folders = [''];
  const links: string[] = [];
  const visit = (path: string): void => {
    const full = join(folder, path);
    const identity = fileIdentity(full);
    if (identity !== null && seen.has(identity)) return;
    seen.add(identity);
    if (identity !== null && statSync(full).isDirectory()) folders.push(path);
    else found.push(path);
  };
  seen.add(fileIdentity(folder));
  while (folders.length > 0 || links.length > 0) {
    if (folders.length === 0) visit(links.shift()!);
    const open = folders;
    folders = [];
    for (const path of open) {
      for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
        if (entry.isSymbolicLink()) links.push(join(path, entry.name));
        else visit(join(path, entry.name));
      }
    }
  }
  return found.sort();
}
