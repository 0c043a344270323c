import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { canonicalJson } from './digest.ts';
import { CbedError, inputError, usageError } from './errors.ts';

let replacing = false;

/** Whether results may replace others that were made with other settings (`--force`). */
export function allowReplacing(allowed: boolean): void {
  replacing = allowed;
}

/** The flag of commands that write. */
export const DRY_RUN = [
  '--dry-run',
  'say what would be made and with which settings; make nothing',
] as const;

let trying = false;
let asJson = false;

/** Whether commands stop before they write (`--dry-run`), and say in JSON what they would have written. */
export function onlyTry(dry: boolean, json = false): void {
  trying = dry;
  asJson = json;
}

/** Whether this is a dry run. */
export const isDryRun = (): boolean => trying;

/** Ends a dry run where the work would begin: its message says what would be made, with which settings. */
export class DryRun extends Error {
  constructor(wouldWrite: string, settings: unknown) {
    super(
      asJson
        ? JSON.stringify({ wouldWrite, settings }, null, 2)
        : `would write ${wouldWrite}, with the settings\n${JSON.stringify(settings, null, 2)}\nnothing was made: --dry-run`,
    );
  }
}

/** In a dry run, ends the command here. */
export function stopIfDry(place: string, settings: unknown): void {
  if (trying) throw new DryRun(place, settings);
}

const FAULTS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota of the disk is used up',
  EACCES: 'you may not write or read there',
  EPERM: 'you may not write there',
  EROFS: 'the disk is read-only',
  EEXIST: 'a file stands where a folder is needed',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  ENOENT: 'there is no such file or folder',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENOTEMPTY: 'the folder is not empty',
  EBUSY: 'it is in use',
};
const MENDS: Record<string, string> = {
  ENOSPC: 'free some space, or choose another folder with --out, CBED_WORKSPACE or CBED_CACHE',
  EDQUOT: 'free some space, or choose another folder with --out, CBED_WORKSPACE or CBED_CACHE',
  ELOOP: 'give the path that the link should lead to',
};
const OTHER_PLACE = 'choose another place with --out, CBED_WORKSPACE or CBED_CACHE';

/** A fault of the file system as one line with the mend; null for any other error. */
export function explainSystemError(error: unknown): CbedError | null {
  if (error instanceof CbedError) return error;
  const { code, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const text = code === undefined ? undefined : FAULTS[code];
  if (text === undefined) return null;
  const place = code === 'ENOSPC' || code === 'EDQUOT' ? (dest ?? path) : (path ?? dest);
  return inputError(`${place ?? 'a file'}: ${text}`, MENDS[code!] ?? OTHER_PLACE);
}

/** The nearest folder above a path that exists; refuses a file in its place. */
function folderAbove(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory()) {
    throw inputError(`${folder} is a file, so ${path} cannot be written`, OTHER_PLACE);
  }
  return folder;
}

function requireWritable(folder: string, path: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw explainSystemError(error) ?? error;
  }
  if (basename(path).length > 200) throw inputError(`${path}: the name is too long`, OTHER_PLACE);
}

/** Checks before the work that a file can be written there in the end. */
export function checkOutputFile(path: string): void {
  const final = resolve(path);
  if (existsSync(final) && statSync(final).isDirectory()) {
    throw inputError(`${path} is a folder`, 'name a file');
  }
  requireWritable(folderAbove(final), final);
}

/** Checks before the work that files can be written in a folder. */
export function checkOutputFolder(path: string): void {
  const final = resolve(path);
  if (!existsSync(final)) requireWritable(folderAbove(final), final);
  else if (!statSync(final).isDirectory()) {
    throw inputError(`${path} is a file`, 'name a folder');
  } else requireWritable(final, final);
}

const sameSettings = (file: string, settings: unknown): boolean => {
  try {
    // What a run chose by itself is no setting that it was given.
    const { chosen: _, ...given } = JSON.parse(readFileSync(file, 'utf8'));
    return canonicalJson(given) === canonicalJson(plain(settings));
  } catch {
    return false;
  }
};

/** A value as JSON keeps it. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/**
 * Refuses a run folder that holds something else: a run of other settings, or files that are no
 * run. Where a run goes on by a flag (`goesOnBy`), one of the same settings is refused too.
 * `--force` lets it be replaced.
 */
export function claimRunFolder(folder: string, settings: unknown, goesOnBy?: string): void {
  checkOutputFolder(folder);
  if (replacing || !existsSync(folder) || readdirSync(folder).length === 0) return;
  const config = join(folder, 'config.json');
  const same = sameSettings(config, settings);
  if (same && !goesOnBy) return;
  const what = existsSync(config)
    ? `a run of ${same ? 'the same' : 'other'} settings`
    : 'files that are no run';
  const goOn = existsSync(config) && goesOnBy ? `go on with it by ${goesOnBy}, ` : '';
  throw usageError(
    `${folder} holds ${what}`,
    `${goOn}choose another --out, or replace it with --force`,
  );
}

/**
 * Refuses a file that stands there already, unless by `--force`, or if it was made with the same
 * `settings`: `recipes` are those of files written so far, as their runs keep them.
 */
export function claimFile(path: string, settings?: unknown, recipes: readonly string[] = []): void {
  checkOutputFile(path);
  const same = recipes[0] !== undefined && sameSettings(recipes[0], settings);
  if (replacing || same || !existsSync(path)) {
    stopIfDry(path, settings);
    return;
  }
  const how = settings === undefined ? '' : ' and was made with other settings';
  throw usageError(
    `${path} stands there already${how}`,
    'choose another --out, or replace it with --force',
  );
}
