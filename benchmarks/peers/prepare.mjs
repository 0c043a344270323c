// Measures `gan data prepare` against prepare.py, and its memory and time as the data grow.
//
//   node benchmarks/peers/prepare.mjs [--python python3] [--samples 660] [--workers 2] [--rounds 3]
//                                     [--counts 200,400,800,1600,5000]
//
// Both read the same files in one run, turn about; each starts with the pages in the cache and
// without an index. Prints one line of JSON a measurement. `cpu` counts the seconds of all
// processes, which a busy machine changes less than `seconds`.
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
    counts: { type: 'string', default: '200,400,800,1600,5000' },
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

/** Peak resident MiB of a process and its children, summed over them, and their CPU seconds. */
function watch(root) {
  const peaks = new Map();
  const ticks = new Map();
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
        if (Number(pid) !== root && field('PPid') !== root) continue;
        const times = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
        peaks.set(pid, field('VmHWM') / 1024);
        ticks.set(pid, Number(times[11]) + Number(times[12]));
      } catch {
        // The process has ended.
      }
    }
  };
  const timer = setInterval(look, 20);
  const sum = (map) => [...map.values()].reduce((total, value) => total + value, 0);
  return () => {
    clearInterval(timer);
    return { peakMiB: sum(peaks), cpu: sum(ticks) / 100 };
  };
}

/** Runs a program to its end: its output, seconds, and the memory and CPU time of all of it. */
async function measured(program, words, env = {}) {
  const start = performance.now();
  const child = spawn(program, words, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = watch(child.pid);
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`${program} ${words[0]} ended with ${code}`);
  return { seconds: (performance.now() - start) / 1000, ...stop(), output: JSON.parse(printed) };
}

async function ours(data, workers) {
  const workspace = mkdtempSync(join(folder, 'workspace-'));
  const out = join(workspace, 'store.h5');
  const words = [launch, 'data', 'prepare', data, '--out', out, '--workers', workers, '--json'];
  const run = await measured(process.execPath, words, { CBED_WORKSPACE: workspace });
  rmSync(workspace, { recursive: true });
  return run;
}

const theirs = (data, workers) =>
  measured(values.python, [join(here, 'prepare.py'), data, join(folder, 'peer.npy'), workers]);

const report = (line) => console.log(JSON.stringify(line));

async function throughput() {
  const count = Number(values.samples);
  const data = makeData('stored', values.samples);
  await ours(data, values.workers); // fills the page cache, builds dist/
  const runs = { mine: [], peer: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    runs.peer.push(await theirs(data, values.workers));
    runs.mine.push(await ours(data, values.workers));
  }
  rmSync(data, { recursive: true });
  for (const [who, list] of Object.entries(runs)) {
    const seconds = median(list.map((run) => run.seconds));
    const cpu = median(list.map((run) => run.cpu));
    report({ who, samples: count, workers: Number(values.workers), samplesPerSecond: count / seconds, cpuMsPerSample: (1000 * cpu) / count });
  }
}

async function scaling() {
  for (const count of values.counts.split(',')) {
    const data = makeData(`sparse-${count}`, count, '--sparse');
    const { output, seconds, peakMiB, cpu } = await ours(data, values.workers);
    report({ samples: output.samples, seconds, peakMiB, cpuMsPerSample: (1000 * cpu) / output.samples });
    rmSync(data, { recursive: true });
  }
}

try {
  await throughput();
  await scaling();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
