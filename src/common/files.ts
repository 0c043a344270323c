import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CbedError, inputError } from './errors.ts';
import { sweep, temporaryName } from './lock.ts';

const temporaries = new Set<string>();

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

const FAULTS: Readonly<Record<string, readonly [what: string, mend: string]>> = {
  ENOSPC: ['the disk is full', 'free some space, or write elsewhere'],
  EDQUOT: ['the quota of the disk is used up', 'free some space, or write elsewhere'],
  EROFS: ['the file system is read-only', 'write elsewhere'],
  EACCES: ['no permission', 'write elsewhere, or change the permission'],
  EPERM: ['no permission', 'write elsewhere, or change the permission'],
  EISDIR: ['a folder stands there', 'name a file'],
  ENOTDIR: ['a file stands where a folder is wanted', 'name another folder'],
  EEXIST: ['a file stands where a folder is wanted', 'name another folder'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter one'],
  EMFILE: ['too many files are open', 'raise the limit: ulimit -n'],
};

/** What went wrong with a file, as one line for the user; anything else as it is. */
export function fileFault(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof CbedError) return error;
  const code = /No space left/.test(error.message)
    ? 'ENOSPC'
    : ((error as NodeJS.ErrnoException).code ?? '');
  const known = FAULTS[code];
  return known ? inputError(`${path} cannot be written: ${known[0]}`, known[1]) : error;
}

const LONGEST_NAME = 200;
const LEAST_FREE = 1 << 20;

/**
 * Makes sure, before the work for it, that a file can be written: nothing else stands there, the
 * folder is there or can be made and takes files, and `bytes` are free. Sweeps what killed
 * processes left beside it.
 *
 * @throws an input error that names the path.
 */
export function checkOutput(path: string, bytes = LEAST_FREE): void {
  const final = resolve(path);
  const folder = dirname(final);
  try {
    if (statSync(final, { throwIfNoEntry: false })?.isDirectory()) {
      throw inputError(`${path} cannot be written: a folder stands there`, 'name a file');
    }
    if (Buffer.byteLength(basename(final)) > LONGEST_NAME) {
      const mend = `at most ${LONGEST_NAME} bytes: files beside it add to its name`;
      throw inputError(`${path} cannot be written: the name is too long`, mend);
    }
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
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    }
  } catch (error) {
    const none = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw none
      ? inputError(`${path} cannot be written: no file can be made there`)
      : fileFault(error, path);
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
  temporaries.add(temporary);
  try {
    mkdirSync(dirname(final), { recursive: true });
    const result = await write(temporary);
    renameSync(temporary, final);
    return result;
  } catch (error) {
    throw fileFault(error, path);
  } finally {
    discard(temporary);
    temporaries.delete(temporary);
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

/** Writes JSON (two-space indent, final newline) atomically. */
export const writeJson = (path: string, value: unknown): void =>
  writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

/** The path, when a file stands there; an input error that names it otherwise. */
export function existingFile(path: string, mend = 'check the path'): string {
  if (!existsSync(path)) throw inputError(`no file at ${path}`, mend);
  if (!statSync(path).isFile()) throw inputError(`${path} is not a file`, mend);
  return path;
}
