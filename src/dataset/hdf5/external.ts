import { realpathSync, statSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { fileProblem } from './superblock.ts';

/**
 * What an HDF5 file may take from other files: through external links, virtual datasets and raw
 * data in files of their own. A file names any path it likes, so a file from elsewhere could make
 * a pattern of whatever the reader may read.
 */
export interface ExternalAccess {
  /** Links stay inside these folders and the folder of the file itself. */
  folders: readonly string[];
  /** Everything is allowed: raw data, and files outside the folders. */
  allow: boolean;
  /** What to do to have it read all the same. */
  mend?: string;
}

/**
 * A path without symbolic links; itself where nothing stands there. As the system goes along it: `..`
 * behind a link to a folder leads out of that folder, not back before the link.
 */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** Folders that count as those of a file: of its name and of what stands behind it. */
export const foldersOf = (path: string): string[] => [
  realPath(dirname(path)),
  dirname(realPath(path)),
];

/**
 * Why a file that another one names is not opened; null where it is, or is not there.
 *
 * @param path as it is opened: not shortened, as `resolve` would.
 */
export function externalRefusal(
  path: string,
  { folders, allow, mend = 'copy them into the file' }: ExternalAccess,
): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return null;
  if (!stat.isFile()) return `its data stand in ${path}, which is not a file`;
  if (allow) return null;
  const instead = `not read; where you trust it: ${mend}`;
  if (fileProblem(path)?.kind === 'not-hdf5') return `its data stand raw in ${path}: ${instead}`;
  const real = realPath(path);
  const inside = folders.some((folder) => real.startsWith(folder.replace(/[/\\]?$/, sep)));
  return inside ? null : `its data stand in ${path}, outside the given folders: ${instead}`;
}
