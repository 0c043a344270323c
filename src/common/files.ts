import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { inputError } from './errors.ts';

const temporaries = new Set<string>();

// A file under its temporary name is nobody's result: whatever ends the process, it goes.
process.once('exit', () => {
  for (const path of temporaries) rmSync(path, { force: true, recursive: true });
});

const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);

/**
 * Runs `write` on a temporary name beside `path` and renames the result into place, so that
 * a half-written file never stands under a final name.
 */
export async function atomically<T>(
  path: string,
  write: (temporary: string) => T | Promise<T>,
): Promise<T> {
  const final = resolve(path);
  mkdirSync(dirname(final), { recursive: true });
  const temporary = temporaryBeside(final);
  temporaries.add(temporary);
  try {
    const result = await write(temporary);
    renameSync(temporary, final);
    return result;
  } finally {
    rmSync(temporary, { force: true, recursive: true });
    temporaries.delete(temporary);
  }
}

/** Writes a whole file atomically. */
export function writeAtomic(path: string, data: string | Uint8Array): void {
  const final = resolve(path);
  mkdirSync(dirname(final), { recursive: true });
  const temporary = temporaryBeside(final);
  temporaries.add(temporary);
  try {
    writeFileSync(temporary, data);
    renameSync(temporary, final);
  } finally {
    rmSync(temporary, { force: true });
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
