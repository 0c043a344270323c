import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { CbedError, inputError } from '../common/errors.ts';
import { bytesText } from '../common/log.ts';

/** Bytes that this user may still write below a folder. */
export async function freeBytes(folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

const diskMend = 'free some space, or set CBED_CACHE to a folder on a larger disk';

/** @throws input error when fewer than `bytes` are free in the folder. */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= bytes) return;
  throw inputError(
    `${what} needs ${bytesText(bytes)} in ${folder}, where ${bytesText(free)} are free`,
    diskMend,
  );
}

/** The same message when the disk fills up on the way. */
export function explainFileError(error: unknown, folder: string): Error {
  if (error instanceof CbedError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return inputError(`the disk of ${folder} is full`, diskMend);
  }
  if (code && ['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR'].includes(code)) {
    return inputError(
      `${folder} cannot be written (${code})`,
      'set CBED_CACHE to a folder of yours',
    );
  }
  return error as Error;
}
