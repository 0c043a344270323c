// Measures `gan data prepare` against prepare.py, and its memory and time as the data grow.
//
//   node benchmarks/peers/prepare.mjs [--python python3] [--samples 5000] [--workers 2] [--rounds 3]
//                                     [--counts 200,625,1250,2500,5000] [--share 5] [--cold 660]
//
// Both read the same files in one run, turn about (the first of a round is the last of the next), without an index: `warm` with the pages in the
// cache, `cold` (as many samples, 3 MiB each on the disk) after the cache was told to drop them. Of the warm ones, `share`
// samples are links to one stored stack, so that they fit the cache. Prints a line of JSON a
// measurement; `cpu` counts all processes and changes less on a busy machine than `seconds`.
// Peaks are of resident memory, summed over the command and its reading processes.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const launch = resolve(here, '..', '..', 'src', 'launch.mjs');
const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    samples: { type: 'string', default: '5000' },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    counts: { type: 'string', default: '200,625,1250,2500,5000' },
    share: { type: 'string', default: '5' },
    cold: { type: 'string', default: '660' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'cbed-bench-'));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

function python(...words) {
  const run = spawnSync(values.python, words, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr || String(run.error));
  return run.stdout;
}

function makeData(name, count, share = 1) {
  const data = join(folder, name);
  python(join(here, 'prepare-data.py'), data, String(count), String(share));
  return data;
}

/** Writes a folder's pages to the disk and drops them from the cache. */
const forget = (data) =>
  python(
    '-c',
    `import os, sys
for entry in os.scandir(sys.argv[1]):
    with open(entry.path) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)`,
    data,
  );

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
        if (Number.isNaN(field('VmHWM'))) continue; // It is ending.
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

const rounded = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
const report = (line) => console.log(JSON.stringify(line, rounded));

/** Both programs on the same files, turn about. */
async function throughput(cache, { count, rounds, share }) {
  const { workers } = values;
  const data = makeData(cache, count, share);
  const runs = { ours: [], peer: [] };
  const before = cache === 'cold' ? forget : () => {};
  if (cache === 'warm') await ours(data, workers); // builds dist/ as well
  // Who goes first changes from round to round: some disks are quick in turns.
  const turns = [
    async () => runs.peer.push(await theirs(data, workers)),
    async () => runs.ours.push(await ours(data, workers)),
  ];
  for (let round = 0; round < rounds; round++) {
    for (const turn of round % 2 === 0 ? turns : [...turns].reverse()) {
      before(data);
      await turn();
    }
  }
  rmSync(data, { recursive: true });
  for (const [who, list] of Object.entries(runs)) {
    const seconds = median(list.map((run) => run.seconds));
    const cpuMsPerSample = (1000 * median(list.map((run) => run.cpu))) / count;
    report({ who, cache, samples: count, share, samplesPerSecond: count / seconds, cpuMsPerSample });
  }
}

async function scaling() {
  for (const count of values.counts.split(',')) {
    const data = makeData(`growing-${count}`, count, values.share);
    const { output, seconds, peakMiB, cpu } = await ours(data, values.workers);
    const { samples } = output;
    report({ samples, seconds, samplesPerSecond: samples / seconds, peakMiB, cpuMsPerSample: (1000 * cpu) / samples });
    rmSync(data, { recursive: true });
  }
}

try {
  const machine = { processor: cpus()[0].model, cores: cpus().length, GiB: totalmem() / 2 ** 30 };
  report({ settings: values, machine, node: process.version });
  const rounds = Number(values.rounds);
  await throughput('warm', { count: Number(values.samples), rounds, share: values.share });
  await throughput('cold', { count: Number(values.cold), rounds, share: 1 });
  await scaling();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
