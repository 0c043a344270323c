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

/** What went wrong with a file, as one line for the user; anything else as it is. */
export function fileFault(error: unknown): unknown {
  const full = error instanceof Error && /No space left/.test(error.message);
  const known = full ? Object.assign(error, { code: 'ENOSPC' }) : error;
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
    throw fileFault(error);
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
    throw fileFault(error);
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
    throw fileFault(error);
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
