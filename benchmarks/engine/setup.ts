/**
 * `gan setup` with the real TensorFlow: how long from nothing and again, what a SIGKILL at three
 * moments leaves, and two at once. Works in caches of its own below the temporary folder; the
 * checkout is linked to the user's own cache again at the end.
 *
 *   npx gan --version && npx tsc -p benchmarks && node dist/benchmarks/engine/setup.js
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { textTable } from '../../src/common/log.ts';
import { packageRoot } from '../../src/common/paths.ts';
import { sizeOf } from '../../src/engine/cache.ts';

const launch = join(packageRoot, 'src', 'launch.mjs');

interface Ended {
  code: number | null;
  seconds: number;
  /** Seconds that the download took, by setup's own line. */
  fetching: number;
  output: string;
}

function setup(cache?: string) {
  const env = cache ? { ...process.env, CBED_CACHE: cache } : process.env;
  const start = performance.now();
  const flags = [launch, 'setup', '--device', 'cpu'];
  const child = spawn(process.execPath, flags, { env, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text;
    });
  }
  const done = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      const seconds = (performance.now() - start) / 1000;
      const fetching = Number(/fetching .*done in (\d+) s/.exec(output)?.[1] ?? 0);
      resolve({ code, seconds, fetching, output });
    });
  });
  // The whole group, as a terminal that is closed does: pip and the compiler go as well.
  return { done, kill: () => process.kill(-child.pid!, 'SIGKILL') };
}

/** Sizes of what stands in the cache below a name that matches. */
function bytesOf(cache: string, sign: RegExp): number {
  if (!existsSync(cache)) return 0;
  const names = readdirSync(cache, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => sign.test(name))
    .reduce((sum, name) => Math.max(sum, sizeOf(join(cache, name))), 0);
}

const MOMENTS: [string, RegExp, number][] = [
  ['while fetching', /^downloads\/pip\.tmp@/, 50e6],
  ['while unpacking', /\.tmp@[^/]*\/lib\/libtensorflow_cc/, 200e6],
  ['while compiling', /binding-[^/]*\.tmp@[^/]*$/, 1],
];

const rows: (string | number)[][] = [['what', 'seconds', 'of them fetching', 'exit code']];
const note = (what: string, ended: Ended) => {
  rows.push([what, ended.seconds.toFixed(1), ended.fetching, String(ended.code)]);
  if (ended.code !== 0) console.error(ended.output);
};

const caches = [1, 2, 3].map(() => mkdtempSync(join(tmpdir(), 'gan-setup-')));
try {
  note('empty cache', await setup(caches[0]).done);
  note('again', await setup(caches[0]).done);
  for (const [name, sign, bytes] of MOMENTS) {
    const run = setup(caches[1]);
    let ended = false;
    run.done.then(() => {
      ended = true;
    });
    while (!ended && bytesOf(caches[1]!, sign) < bytes) await sleep(5);
    if (ended) throw new Error(`setup ended before it could be killed ${name}`);
    run.kill();
    rows.push([`killed ${name}`, (await run.done).seconds.toFixed(1), '', 'SIGKILL']);
  }
  note('after the three kills', await setup(caches[1]).done);
  const both = await Promise.all([setup(caches[2]).done, setup(caches[2]).done]);
  for (const [i, ended] of both.entries()) note(`two at once, ${i + 1}`, ended);
} finally {
  for (const cache of caches) rmSync(cache, { recursive: true });
  await setup().done;
}
console.log(textTable(rows));
