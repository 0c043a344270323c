import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, from the sources or from the built files. */
function findPackageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export const packageRoot = findPackageRoot();

/** The script that starts the command line. */
export const launcher = join(packageRoot, 'src', 'launch.mjs');

/** A file of the data that ship with the package. */
export const dataFile = (...parts: string[]): string => join(packageRoot, 'data', ...parts);
