// Times `gan data inspect` on a folder of many files: first opening, second, after one file changed.
//
//   node benchmarks/peers/index.mjs [python3] [files] [samples a file]
//
// Only attributes are read, but for one pattern. Prints a line of JSON an opening.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const here = import.meta.dirname;
const launch = resolve(here, '..', '..', 'src', 'launch.mjs');
const [python = 'python3', files = '1138', samples = '16'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'cbed-index-'));

function run(program, words) {
  const env = { ...process.env, CBED_WORKSPACE: join(folder, 'workspace') };
  const start = performance.now();
  const { status, stderr, stdout } = spawnSync(program, words, { encoding: 'utf8', env, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(stderr);
  return { seconds: Number(((performance.now() - start) / 1000).toFixed(2)), stdout };
}

try {
  const data = join(folder, 'data');
  run(python, [join(here, 'index-data.py'), data, files, samples]);
  const open = (opening) => {
    const words = [launch, 'data', 'inspect', data, '--patterns', '1', '--workers', '2', '--json'];
    const { seconds, stdout } = run(process.execPath, words);
    const { census } = JSON.parse(stdout);
    console.log(JSON.stringify({ opening, files: Number(files), samples: census.samples, seconds }));
  };
  run(process.execPath, [launch, '--version']); // builds dist/
  open('first');
  open('second');
  utimesSync(join(data, 'batch_train_0.h5'), new Date(), new Date());
  open('one file changed');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
