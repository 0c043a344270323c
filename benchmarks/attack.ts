/**
 * Attacks the command line. Each part makes its counts one line of benchmarks/attack/results.jsonl:
 *
 *   node src/launch.mjs --version && npx tsc -p benchmarks
 *   node dist/benchmarks/attack.js PART FOLDER [--count n] [--seed 1] [--only KIND] [--minutes n] [--out FILE]
 *
 * | part | what | count |
 * |---|---|---|
 * | kills | a command is killed (SIGKILL) at a random moment: no half of a file, no process left | 200 |
 * | signals | Ctrl-C on a terminal at a random moment: the command ends within 2 s | 100 |
 * | races | two preparations into one output: no sample is lost | 60 |
 * | damaged | a damaged file: exit 2 or 3 and a line, no trace, at most 20 s and 1 GiB | 5000 |
 * | leaks | a leak planted in an archive: refused by `gan mix` | all |
 *
 * FOLDER gets a small world that is made once. Ends with 1 where something failed. Sources that
 * change while it runs are compiled again by the command line: run it in a copy, or leave them.
 */
import { appendFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { usageError } from '../src/common/errors.ts';
import { packageRoot } from '../src/common/paths.ts';
import { attackByDamage } from './attack/damaged.ts';
import { attackByKills, attackByRaces, attackBySignals } from './attack/kills.ts';
import { attackByLeaks } from './attack/leaks.ts';
import { type Attack, type Outcome, World } from './attack/world.ts';

const PARTS: Record<
  string,
  { count: number; run(world: World, options: Attack): Promise<Outcome> }
> = {
  kills: { count: 200, run: attackByKills },
  signals: { count: 100, run: attackBySignals },
  races: { count: 60, run: attackByRaces },
  damaged: { count: 5000, run: attackByDamage },
  leaks: { count: 1, run: attackByLeaks },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    minutes: { type: 'string', default: '1000' },
    out: { type: 'string', default: join(packageRoot, 'benchmarks', 'attack', 'results.jsonl') },
  },
});
const [name = '', folder = ''] = positionals;
const part = PARTS[name];
if (!part || !folder)
  throw usageError(`name a part (${Object.keys(PARTS).join(', ')}) and a folder`);
const out = resolve(values.out);
const count = Number(values.count ?? part.count);
const seed = Number(values.seed);
const start = performance.now();
const { counts, failures } = await part.run(await World.make(resolve(folder)), {
  count,
  seed,
  only: values.only,
  end: start + 60_000 * Number(values.minutes),
});
const line = {
  part: name,
  command: `node dist/benchmarks/attack.js ${name} FOLDER --count ${count} --seed ${seed}${values.only ? ` --only ${values.only}` : ''}`,
  machine: `${cpus()[0]?.model}, ${cpus().length} cores`,
  minutes: Math.round((performance.now() - start) / 6000) / 10,
  ...counts,
  failures,
};
appendFileSync(out, `${JSON.stringify(line)}\n`);
console.log(JSON.stringify({ ...line, failures: failures.length }));
process.exitCode = failures.length > 0 ? 1 : 0;
