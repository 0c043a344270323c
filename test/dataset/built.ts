import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/common/paths.ts';

/** Compiles the sources where they are newer than dist/: reading processes run from there. */
export function buildReaders(): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot, 'src', 'launch.mjs'), '--version'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the sources do not compile: ${stderr}`);
}
