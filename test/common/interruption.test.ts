import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { buildReaders } from '../dataset/built.ts';

it('a signal that comes while native code is loaded ends the process: it is not lost', () => {
  buildReaders();
  const built = join(packageRoot, 'dist', 'src', 'common', 'interruption.js');
  // Loading happens in an answer to a read, and the signal comes before signals are looked at again.
  const script = `import { readFile } from 'node:fs';
    import { answerSignals, endBySignal } from ${JSON.stringify(pathToFileURL(built).href)};
    answerSignals();
    readFile('package.json', () => { process.kill(process.pid, 'SIGINT'); endBySignal(); });
    setTimeout(() => process.exit(7), 3000);`;
  const options = { cwd: packageRoot, encoding: 'utf8' } as const;
  const { status, signal } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script],
    options,
  );
  expect(status === 130 || signal === 'SIGINT').toBe(true);
}, 120_000);
