/**
 * Precision, recall, density, coverage, realism and rarity of 20,000 against 20,000 samples of 128
 * features: time, memory and values beside the Python packages `prdc` and scikit-learn on the same
 * machine in the same run.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/realism.js [count] [width]
 *
 * PEERS_PYTHON names an interpreter that has prdc and scikit-learn; without one only our own run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textTable } from '../../src/common/log.ts';
import { packageRoot } from '../../src/common/paths.ts';
import { Stream } from '../../src/common/stream.ts';
import { prdc } from '../../synthetic/metrics/coverage.ts';
import type { Features } from '../../synthetic/metrics/features.ts';
import { nearestRows } from '../../synthetic/metrics/neighbours.ts';

const [count, width] = [Number(process.argv[2] ?? 20_000), Number(process.argv[3] ?? 128)];
const K = 5;

/** Points about 60 centres, as classes make them. */
function clusters(stream: Stream, spread: number): Features {
  const centres = Array.from({ length: 60 }, (_, c) =>
    new Stream(1, `centre ${c}`).normals(width, 2),
  );
  const values = stream.normals(count * width, spread);
  for (let i = 0; i < count; i++) {
    const centre = stream.pick(centres);
    for (let k = 0; k < width; k++) values[i * width + k]! += centre[k]!;
  }
  return { count, width, values };
}

function timed<T>(run: () => T): { value: T; seconds: number } {
  const start = performance.now();
  const value = run();
  return { value, seconds: (performance.now() - start) / 1000 };
}

const peakMiB = () => process.resourceUsage().maxRSS / 1024;

const real = clusters(new Stream(1, 'real'), 1);
const fake = clusters(new Stream(1, 'fake'), 0.9);
const few = { ...real, count: 2000, values: real.values.slice(0, 2000 * width) };
prdc(few, few);
const before = peakMiB();
const own = timed(() => prdc(real, fake, { k: K }));
const neighbours = timed(() => nearestRows(fake, real, { k: K }));
const memory = peakMiB() - before;

const folder = mkdtempSync(join(tmpdir(), 'realism-'));
for (const [name, set] of Object.entries({ real, fake })) {
  writeFileSync(join(folder, name), Buffer.from(Float32Array.from(set.values).buffer));
}
const script = join(packageRoot, 'benchmarks', 'peers', 'realism.py');
const python = process.env.PEERS_PYTHON ?? 'python3';
const peer = spawnSync(python, [script, folder, String(width), String(K)], { encoding: 'utf8' });
rmSync(folder, { recursive: true });
const answer = peer.stdout?.trim().split('\n').at(-1) ?? '';
const theirs = peer.status === 0 ? JSON.parse(answer) : null;
if (!theirs)
  console.error(`no peer: ${peer.stderr?.trim().split('\n').at(-1) ?? peer.error?.message}`);

const seconds = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(1));
const times = (mine: number, other: number | undefined) =>
  other ? (other / mine).toFixed(1) : '-';
console.log(
  `${count} x ${count} x ${width}, k = ${K}; ${memory.toFixed(0)} MiB above the features at most`,
);
console.log(
  textTable([
    ['task', 'here, s', 'peer, s', 'times faster', 'peer'],
    [
      'PRDC',
      seconds(own.seconds),
      seconds(theirs?.prdc.seconds),
      times(own.seconds, theirs?.prdc.seconds),
      'prdc',
    ],
    [
      'nearest neighbours',
      seconds(neighbours.seconds),
      seconds(theirs?.neighbours.seconds),
      times(neighbours.seconds, theirs?.neighbours.seconds),
      'scikit-learn, brute',
    ],
  ]),
);
console.log('here ', JSON.stringify(own.value));
if (theirs)
  console.log('prdc ', JSON.stringify(theirs.prdc.value), `${theirs.memory.toFixed(0)} MiB`);
