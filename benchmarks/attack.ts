/**
 * Attacks the command line: kills, Ctrl-C on a terminal, and damaged inputs of every kind.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/attack.js FOLDER
 *     [--kills 200] [--signals 100] [--damaged 5000] [--seed 1]
 *
 * FOLDER gets a small world that is made once (a store, two classifiers, a GAN, samples, a study),
 * and attack.json with every count and every failure. Ends with 1 where something failed. Racing
 * preparations: RACES=60 npx vitest run test/dataset/kill.test.ts; planted leaks:
 * npx vitest run test/synthetic/leak.test.ts.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeJson } from '../src/common/files.ts';
import { launcher } from '../src/common/paths.ts';
import { Stream } from '../src/common/stream.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '200' },
    signals: { type: 'string', default: '100' },
    damaged: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
  },
});
const folder = resolve(positionals[0]!);
const at = (...names: string[]): string => join(folder, ...names);
const stream = new Stream(Number(values.seed), 'attack');
process.env.CBED_WORKSPACE = at('workspace');

const CRASH = /Aborted|Segmentation|corrupted|core dumped|terminate called|\n {4}at |CBED_DEBUG/;
const SMALL = 'latent: 6\nembedding: 8\nhidden: 32\ncomponents: 8\nbatch: 8\n';
const STUDY = `name: attacked\ndata: ${at('store.h5')}\nbaseline: plain\nseeds: 1\nsplits: 1\ngans: 1\nupdates: 40\narms:\n  - name: plain\n    techniques: [flips]\n  - name: made\n    techniques: [flips]\n    synthetic: interpolation\n    fillTo: 20\n`;

/** What makes the world, in order, and what each makes. */
const STEPS: readonly (readonly [made: string, args: string])[] = [
  [
    'summit.h5',
    'data simulate --crystals minerals --groups 14,62,225 --materials 8 --size 32 --out summit.h5',
  ],
  ['store.h5', 'data prepare summit.h5 --size 32 --workers 1 --out store.h5'],
  ['guide', 'classify train --data store.h5 --updates 40 --out guide'],
  ['verifier', 'classify train --data store.h5 --updates 40 --seed 1 --out verifier'],
  [
    'gan',
    'train --data store.h5 --generator codec --classes all --config small.yaml --steps 40 --out gan',
  ],
  ['samples', 'sample --data store.h5 --gan gan --classes all --count 4 --out samples'],
  [
    'score',
    'score samples/synthetic.h5 --against store.h5 --classifier verifier --cas-updates 0 --network-updates 0 --out score',
  ],
  ['study', 'bench run --study study.yaml --out study --threads 1'],
];

const run = (args: string) =>
  spawnSync(process.execPath, [launcher, ...args.split(' ')], { cwd: folder, encoding: 'utf8' });

function makeWorld(): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('small.yaml'), SMALL);
  writeFileSync(at('study.yaml'), STUDY);
  for (const [made, args] of STEPS) {
    if (existsSync(at(made))) continue;
    const { status, stderr } = run(args);
    if (status !== 0) throw new Error(`gan ${args}: ${stderr}`);
  }
}

/** Commands under attack, each into `out`; they run seconds when left alone. */
const VICTIMS: readonly string[] = [
  ...STEPS.filter(([made]) => made !== 'study').map(([made, args]) =>
    args.replace(`--out ${made}`, `--out out/${made}`),
  ),
  'train --data store.h5 --generator codec --classes all --config small.yaml --steps 100000 --out out/long',
  'train --data store.h5 --generator crystal --crystals minerals --classes all --steps 100000 --out out/crystal',
  'sample --data store.h5 --gan gan --near-boundary --classes all --count 40 --guide guide --verifier verifier --out out/near',
  'data export store.h5 --out out/exported',
  'bench run --study study.yaml --out out/study --threads 1',
  'bench pools --in study-without-pools',
  'classify evaluate --run guide',
  'data prepare summit.h5 --size 16 --workers 0 --out out/other.h5',
];

const failures: string[] = [];
const fail = (text: string): void => {
  failures.push(text);
  console.error(`FAILED ${text}`);
};

const fresh = (): void => {
  rmSync(at('out'), { recursive: true, force: true });
  rmSync(at('study-without-pools'), { recursive: true, force: true });
  cpSync(at('study'), at('study-without-pools'), { recursive: true });
  rmSync(at('study-without-pools', 'shared'), { recursive: true, force: true });
};

const ended = (child: ChildProcess): Promise<{ code: number | null; signal: string | null }> =>
  new Promise((done) => child.once('close', (code, signal) => done({ code, signal })));

/** Every file under a final name is whole: it opens, or it says that it is no such file. */
function checkOutputs(victim: string): void {
  const names = existsSync(at('out'))
    ? readdirSync(at('out'), { recursive: true, encoding: 'utf8' })
    : [];
  for (const name of names.filter((one) => !one.includes('.tmp@'))) {
    const path = at('out', name);
    if (/\.json$/.test(name)) {
      try {
        JSON.parse(readFileSync(path, 'utf8'));
      } catch {
        fail(`${victim}: half of ${name}`);
      }
    } else if (/\.(h5|safetensors)$/.test(name)) {
      const kind = name.endsWith('.h5') ? 'summit' : 'checkpoint';
      const asked = spawnSync(process.execPath, [damagedScript, at('store.h5')], {
        input: `${kind} ${path}\n`,
        encoding: 'utf8',
      });
      if (kind === 'checkpoint' && !asked.stdout.includes('"ok"'))
        fail(`${victim}: half of ${name}`);
      if (kind === 'summit' && /truncated|not an HDF5/.test(asked.stdout))
        fail(`${victim}: half of ${name}`);
    }
  }
}

async function attackByKills(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const victim = stream.pick(VICTIMS);
    if (i % 4 === 0) fresh(); // otherwise what the last left is gone on with
    const child = spawn(process.execPath, [launcher, ...victim.split(' ')], {
      cwd: folder,
      detached: true,
      stdio: 'ignore',
    });
    const end = ended(child);
    await Promise.race([end, wait(stream.between(100, 9000))]);
    if (child.exitCode === null) child.kill('SIGKILL');
    await end;
    checkOutputs(victim);
    await wait(1500);
    const orphans = spawnSync('pgrep', ['-g', String(child.pid)], {
      encoding: 'utf8',
    }).stdout.trim();
    if (orphans) {
      fail(`${victim}: orphans ${orphans.replaceAll('\n', ' ')} after a kill`);
      process.kill(-child.pid!, 'SIGKILL');
    }
  }
  // What is left lets every command do its work.
  for (const [made, args] of STEPS) {
    const { status, stderr } = run(`--force ${args.replace(`--out ${made}`, `--out out/${made}`)}`);
    if (status !== 0) fail(`after kills, ${args}: ${status} ${stderr}`);
  }
}

async function attackBySignals(count: number): Promise<number[]> {
  const seconds: number[] = [];
  for (let i = 0; i < count; i++) {
    const victim = stream.pick(VICTIMS);
    fresh();
    const terminal = i % 2 === 0;
    const words = [process.execPath, launcher, ...victim.split(' ')];
    const child = terminal
      ? spawn('script', ['-qefc', words.join(' '), '/dev/null'], { cwd: folder })
      : spawn(words[0]!, words.slice(1), { cwd: folder });
    let said = '';
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (data) => {
        said += String(data);
      });
    }
    const end = ended(child);
    await Promise.race([end, wait(stream.between(300, 12_000))]);
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const start = performance.now();
    if (terminal) child.stdin.write('\x03');
    else child.kill(stream.pick(['SIGINT', 'SIGTERM'] as const));
    const slow = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const { code, signal } = await end;
    clearTimeout(slow);
    const took = (performance.now() - start) / 1000;
    seconds.push(took);
    const how = `${victim} (${terminal ? 'terminal' : 'signal'}): ${code ?? signal} after ${took.toFixed(1)} s`;
    if (took > 2) fail(`${how}, late`);
    if (CRASH.test(said)) fail(`${how}, crashed: ${said.slice(-300)}`);
    const expected = [0, 130, 143, 'SIGINT', 'SIGTERM'];
    if (!expected.includes((code ?? signal)!)) fail(`${how}: ${said.slice(-300)}`);
    console.error(how);
    checkOutputs(victim);
  }
  return seconds;
}

const damagedScript = fileURLToPath(new URL('./attack/damaged.js', import.meta.url));

/** Copies of good bytes with some of them changed, lost, doubled or replaced. */
function damage(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  const place = (): number => stream.index(Math.max(1, out.length));
  switch (stream.index(6)) {
    case 0:
      for (let n = 0; n <= stream.index(8); n++) out[place()]! ^= 1 << stream.index(8);
      return out;
    case 1:
      return out.subarray(0, place());
    case 2:
      return Buffer.from(out.fill(0, place(), place()));
    case 3: {
      const [from, to] = [place(), place()].sort((a, b) => a - b) as [number, number];
      return Buffer.concat([out.subarray(0, from), out.subarray(to)]);
    }
    case 4: {
      const start = place();
      return Buffer.concat([
        out.subarray(0, start),
        out.subarray(start, start + 64),
        out.subarray(start),
      ]);
    }
    default: {
      // In the head, where sizes and types stand, or a number of a text.
      const head = stream.index(Math.min(out.length, 2048));
      out.writeUInt8(stream.pick([0, 0x39, 0x7f, 0xff]), head);
      return out;
    }
  }
}

/** Kinds of input, a good file of each, and what has to lie beside it. */
const INPUTS: readonly { kind: string; file: string; whole?: boolean }[] = [
  { kind: 'cif', file: 'good.cif' },
  { kind: 'study', file: 'study.yaml' },
  { kind: 'store', file: 'store.h5' },
  { kind: 'archive', file: 'score/scored.h5' },
  { kind: 'summit', file: 'summit.h5' },
  { kind: 'classifier', file: 'guide/classifier.safetensors', whole: true },
  { kind: 'classifier', file: 'guide/config.json', whole: true },
  { kind: 'generator', file: 'gan/model.safetensors' },
  { kind: 'checkpoint', file: 'gan/untrained.safetensors' },
];

async function attackByDamage(count: number): Promise<Record<string, number>> {
  copyFileSync(
    fileURLToPath(new URL('../../test/data/cif/hydrate.cif', import.meta.url)),
    at('good.cif'),
  );
  const answers: Record<string, number> = {};
  let child: ChildProcess | null = null;
  let lines: AsyncIterator<string> | null = null;
  for (let i = 0; i < count; i++) {
    const { kind, file, whole } = INPUTS[i % INPUTS.length]!;
    const path = whole
      ? at('damaged', file)
      : at('damaged', `file${file.slice(file.lastIndexOf('.'))}`);
    rmSync(at('damaged'), { recursive: true, force: true });
    if (whole) cpSync(at(dirname(file)), at('damaged', dirname(file)), { recursive: true });
    mkdirSync(dirname(path), { recursive: true });
    const bytes = damage(readFileSync(at(file)));
    writeFileSync(path, bytes);
    if (!child || child.exitCode !== null) {
      child = spawn(process.execPath, [damagedScript, at('store.h5')], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    }
    child.stdin!.write(`${kind} ${whole ? dirname(path) : path}\n`);
    const answer = await Promise.race([lines!.next(), wait(20_000).then(() => null)]);
    const keep = (why: string): void => {
      const kept = at('failed', `${i}-${kind}${file.slice(file.lastIndexOf('.'))}`);
      mkdirSync(dirname(kept), { recursive: true });
      writeFileSync(kept, bytes);
      fail(`${kind} ${kept}: ${why}`);
    };
    if (answer === null || answer.done) {
      keep(answer === null ? 'hangs' : `ended the process: ${child.exitCode ?? child.signalCode}`);
      child.kill('SIGKILL');
      child = null;
      continue;
    }
    const told = JSON.parse(answer.value) as { answer: string; mebibytes: number };
    const word = told.answer.split(' ')[0]!;
    answers[`${kind} ${word}`] = (answers[`${kind} ${word}`] ?? 0) + 1;
    if (word === 'fault') keep(told.answer);
    if (told.mebibytes > 1024) {
      keep(`${told.mebibytes} MiB`);
      child.kill('SIGKILL');
      child = null;
    }
  }
  child?.kill('SIGKILL');
  return answers;
}

makeWorld();
const answers = await attackByDamage(Number(values.damaged));
const seconds = await attackBySignals(Number(values.signals));
await attackByKills(Number(values.kills));
seconds.sort((a, b) => a - b);
const slowest = seconds.at(-1) ?? null;
writeJson(at('attack.json'), { ...values, answers, signalled: seconds.length, slowest, failures });
console.log(
  JSON.stringify({ answers, signalled: seconds.length, slowest, failures: failures.length }),
);
process.exitCode = failures.length > 0 ? 1 : 0;
