import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../../common/files.ts';
import { newFile } from './exporter.ts';

/**
 * Writes crystals as CIF files into a folder, and gives their paths; rows without one are left out. A
 * file that holds the same crystal stays.
 *
 * @throws a usage error where a file with another crystal stands there.
 */
export function writeCifs(
  folder: string,
  crystals: readonly { name: string; cif: string | null }[],
): string[] {
  mkdirSync(folder, { recursive: true });
  return crystals.flatMap(({ name, cif }) => {
    if (cif === null) return [];
    const path = join(folder, `${name}.cif`);
    const stands = existsSync(path) && readFileSync(path, 'utf8') === cif;
    if (!stands) writeAtomic(newFile(path), cif);
    return [path];
  });
}
