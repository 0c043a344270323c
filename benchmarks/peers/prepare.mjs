// Measures `gan data prepare` against prepare.py, and its memory and time as the data grow.
//
//   node benchmarks/peers/prepare.mjs [--python python3] [--samples 660] [--workers 2] [--rounds 3]
//
// Both read the same files in one run, turn about; each starts with the pages in the cache and
// without an index. Prints a JSON report.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const launch = resolve(here, '..', '..', 'src', 'launch.mjs');
const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    samples: { type: 'string', default: '660' },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'cbed-bench-'));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

function makeData(name, count, ...flags) {
  const data = join(folder, name);
  const made = spawnSync(values.python, [join(here, 'prepare-data.py'), data, count, ...flags]);
  if (made.status !== 0) throw new Error(String(made.stderr));
  return data;
}

/** Peak resident bytes of a process and its children, summed over them. */
function watchMemory(root) {
  const peaks = new Map();
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
        if (Number(pid) === root || field('PPid') === root) peaks.set(pid, 1024 * field('VmHWM'));
      } catch {
        // The process has ended.
      }
    }
  };
  const timer = setInterval(look, 50);
  return () => {
    clearInterval(timer);
    return [...peaks.values()].reduce((sum, peak) => sum + peak, 0);
  };
}

async function ours(data, workers) {
  const workspace = mkdtempSync(join(folder, 'workspace-'));
  const out = join(workspace, 'store.h5');
  const start = performance.now();
  const child = spawn(process.execPath, [launch, 'data', 'prepare', data, '--out', out, '--workers', workers, '--json'], {
    env: { ...process.env, CBED_WORKSPACE: workspace },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const memory = watchMemory(child.pid);
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`gan data prepare ended with ${code}`);
  const seconds = (performance.now() - start) / 1000;
  const { samples, digest } = JSON.parse(printed);
  rmSync(workspace, { recursive: true });
  return { samples, seconds, digest, peakMiB: memory() / 2 ** 20 };
}

function theirs(data, workers) {
  const run = spawnSync(values.python, [join(here, 'prepare.py'), data, join(folder, 'peer.npy'), workers], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

async function throughput() {
  const data = makeData('stored', values.samples);
  await ours(data, values.workers); // fills the page cache, builds dist/
  const [mine, peer] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    peer.push(theirs(data, values.workers).seconds);
    mine.push((await ours(data, values.workers)).seconds);
  }
  const rate = (list) => Number(values.samples) / median(list);
  rmSync(data, { recursive: true });
  return {
    samples: Number(values.samples),
    workers: Number(values.workers),
    seconds: { mine, peer },
    samplesPerSecond: { mine: rate(mine), peer: rate(peer) },
    ratio: rate(mine) / rate(peer),
  };
}

async function scaling() {
  const rows = [];
  for (const count of [200, 400, 800, 1600, 5000]) {
    const data = makeData(`sparse-${count}`, String(count), '--sparse');
    const { samples, seconds, peakMiB } = await ours(data, values.workers);
    rows.push({ samples, seconds, peakMiB, msPerSample: (1000 * seconds) / samples });
    rmSync(data, { recursive: true });
  }
  return rows;
}

try {
  console.log(JSON.stringify({ throughput: await throughput(), scaling: await scaling() }, null, 2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
