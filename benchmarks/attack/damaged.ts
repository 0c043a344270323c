import { type ChildProcess, fork } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stream } from '../../src/common/stream.ts';
import type { Answer } from './commands.ts';
import { damageFile } from './damage.ts';
import { type Attack, CRASH, type Outcome, type World } from './world.ts';

/** A kind of input: good files (an entry is drawn), and commands that read FILE or its FOLDER. */
interface Input {
  kind: string;
  files: readonly string[];
  /** The folder above the file is copied too: the command reads a run or a study. */
  whole?: true;
  /** How often it is drawn: inputs that are read in no time more often. */
  share: number;
  commands: readonly string[];
}

const SCORE = '--cas-updates 0 --network-updates 0 --updates 1 --out OUT';

const INPUTS: readonly Input[] = [
  {
    kind: 'store',
    share: 2,
    files: ['store.h5'],
    commands: [
      'data inspect FILE',
      'classify evaluate --classifier guide --data FILE',
      'classify predict FILE --classifier guide',
      'data export FILE --out OUT',
      'data codec FILE --samples 1',
      'sample --data FILE --gan gan --classes all --count 1 --out OUT',
      `score samples/synthetic.h5 --data FILE --classifier verifier ${SCORE}`,
      'mix accepted.h5 --data FILE --out OUT',
      'train --data FILE --generator codec --classes all --dry-run',
      'train --data FILE --generator crystal --classes all --dry-run',
    ],
  },
  {
    kind: 'archive',
    share: 2,
    files: ['samples/synthetic.h5', 'accepted.h5'],
    commands: [
      `score FILE --data store.h5 --classifier verifier ${SCORE}`,
      'mix FILE --data store.h5 --out OUT',
      'sample --data store.h5 --replay 1 --from FILE --gan gan',
      'data export FILE --out OUT',
      'classify predict FILE --classifier guide',
    ],
  },
  {
    kind: 'weights',
    share: 2,
    files: ['guide/classifier.safetensors', 'guide/config.json', 'guide/run.json'],
    whole: true,
    commands: [
      'classify evaluate --classifier FOLDER --data store.h5',
      'classify predict store.h5 --classifier FOLDER',
      'classify export --classifier FOLDER --onnx OUT/model.onnx',
      `score samples/synthetic.h5 --data store.h5 --classifier FOLDER ${SCORE}`,
      'mix accepted.h5 --data store.h5 --keep boundary --undersample 8 --classifier FOLDER --out OUT',
      'report FOLDER',
    ],
  },
  {
    kind: 'GAN',
    share: 1,
    files: ['gan/model.safetensors', 'gan/config.json', 'gan/run.json', 'gan/metrics.jsonl'],
    whole: true,
    commands: [
      'sample --data store.h5 --gan FOLDER --classes all --count 1 --out OUT',
      'report FOLDER --format json',
      'report FOLDER',
    ],
  },
  {
    kind: 'checkpoint',
    share: 1,
    files: [
      'gan/checkpoints/NEWEST',
      'gan/config.json',
      'gan/metrics.jsonl',
      'gan/untrained.safetensors',
    ],
    whole: true,
    commands: ['train --resume FOLDER --steps 11'],
  },
  {
    kind: 'YAML',
    share: 4,
    files: ['study.yaml'],
    commands: ['bench plan --study FILE', 'bench plan --study FILE --json'],
  },
  {
    kind: 'YAML',
    share: 4,
    files: ['small.yaml'],
    commands: ['train --data store.h5 --generator codec --config FILE --dry-run'],
  },
  {
    kind: 'YAML',
    share: 1,
    files: ['classify.yaml'],
    commands: ['classify train --data store.h5 --updates 1 --config FILE --out OUT'],
  },
  {
    kind: 'YAML',
    share: 2,
    files: ['simulate.yaml'],
    commands: ['data simulate --crystals good.cif --size 32 --config FILE --out OUT/summit.h5'],
  },
  {
    kind: 'YAML',
    share: 1,
    files: ['sample.yaml'],
    commands: ['sample --data store.h5 --gan gan --count 1 --config FILE --out OUT'],
  },
  {
    kind: 'result',
    share: 4,
    files: [
      'study/study.json',
      'study/basis.json',
      'study/cells/made-s0.json',
      'study/cells/plain-s0.json',
    ],
    whole: true,
    commands: [
      'bench report FOLDER',
      'bench report FOLDER --format csv',
      'report FOLDER --format json',
      'bench cancel FOLDER',
      'bench cell made-s0 --in FOLDER',
    ],
  },
  {
    kind: 'result',
    share: 2,
    files: ['score/score.json', 'score/config.json', 'score/run.json', 'samples/config.json'],
    whole: true,
    commands: ['report FOLDER', 'report FOLDER --format markdown', 'report FOLDER --format json'],
  },
  {
    kind: 'CIF',
    share: 4,
    files: ['good.cif', 'good.cif', 'salt.cif'],
    commands: ['data simulate --crystals FILE --size 32 --out OUT/summit.h5'],
  },
  {
    kind: 'HDF5',
    share: 3,
    files: ['summit.h5'],
    commands: [
      'data inspect FILE --workers 0',
      'data inspect FILE --workers 1',
      'data prepare FILE --size 32 --workers 0 --out OUT/store.h5',
      'data prepare FILE --size 16 --workers 1 --patience 5 --out OUT/store.h5',
      'classify predict FILE --classifier guide',
      'data codec FILE --size 32 --samples 1',
    ],
  },
];

const SCRIPT = fileURLToPath(new URL('./commands.js', import.meta.url));
/** What a command may take: seconds of the processor (others may use it too), and MiB. */
const LIMIT = { seconds: 20, mebibytes: 1024 };
/** Seconds by the clock after which a command that waits for something is given up. */
const WAITED = 120;
/** Commands after which a process makes room for a fresh one. */
const COMMANDS_A_PROCESS = 150;

/** Seconds of the processor that a process has used. */
function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return 0;
  }
}

/** Runs commands one after the other in a process that is renewed when it is lost or old. */
class Runner {
  private child: ChildProcess | null = null;
  private used = 0;

  async run(words: readonly string[]): Promise<Answer & { seconds: number }> {
    const start = performance.now();
    this.child ??= fork(SCRIPT, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    const { child } = this;
    const answer = await new Promise<Answer>((done) => {
      const lost = (why: string): void => {
        clearInterval(timer);
        done({ code: -1, said: why, mebibytes: 0 });
      };
      const before = cpuSeconds(child.pid!);
      const look = (): void => {
        const used = cpuSeconds(child.pid!) - before;
        const waited = (performance.now() - start) / 1000;
        if (used > LIMIT.seconds || waited > WAITED) lost(`hangs: ${used} s of the processor`);
      };
      const timer = setInterval(look, 1000);
      child.removeAllListeners();
      child.once('message', (message: Answer) => {
        clearInterval(timer);
        done(message);
      });
      child.once('exit', (code, signal) => {
        lost(`ended the process: ${code ?? signal}`);
      });
      child.send(words);
    });
    if (answer.code === -1 || ++this.used >= COMMANDS_A_PROCESS) this.end();
    return { ...answer, seconds: (performance.now() - start) / 1000 };
  }

  end(): void {
    this.child?.removeAllListeners();
    this.child?.kill('SIGKILL');
    this.child = null;
    this.used = 0;
  }
}

/** What is wrong with an answer; null where it is one that a user can be given. */
function faultOf({ code, said, mebibytes }: Answer): string | null {
  if (code === -1) return said;
  if (![0, 2, 3].includes(code)) return `exit ${code}: ${said}`;
  if (CRASH.test(said)) return `a trace: ${said}`;
  if (mebibytes > LIMIT.mebibytes) return `${mebibytes} MiB`;
  const lines = said.split('\n').filter((line) => line.startsWith('gan: '));
  if (code !== 0 && lines.length === 0) return `no line that says why: ${said}`;
  return null;
}

/**
 * Gives damaged files of every kind to the commands that read them. Many commands run in one
 * process, through the entry that the shell starts; what fails there is repeated in a fresh one, so
 * that only the damaged file is to blame.
 */
export async function attackByDamage(
  world: World,
  { count, seed, only, end }: Attack,
): Promise<Outcome> {
  const inputs = INPUTS.filter(({ kind }) => only === undefined || kind === only).flatMap((input) =>
    Array<Input>(input.share).fill(input),
  );
  const folder = world.at(`damaged-${process.pid}`);
  const newest = readdirSync(world.at('gan', 'checkpoints'))
    .filter((n) => /^step/.test(n))
    .sort()
    .at(-1)!;
  const answers: Record<string, Record<string, number>> = {};
  const failures: string[] = [];
  const runner = new Runner();
  let slowest = 0;
  let largest = 0;
  let i = 0;
  for (; i < count && performance.now() < end; i++) {
    const stream = new Stream(seed, `damaged ${i}`);
    const { kind, files, whole, commands } = inputs[i % inputs.length]!;
    const good = stream.pick(files).replace('NEWEST', newest);
    const top = good.split('/')[0]!;
    const place = join(folder, String(i));
    const damaged = whole ? join(place, good) : join(place, `file${extname(good)}`);
    const lay = async (): Promise<void> => {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(join(place, 'out'), { recursive: true });
      if (whole) cpSync(world.at(top), join(place, top), { recursive: true });
      await damageFile(world.at(good), damaged, new Stream(seed, `damage ${i}`));
    };
    await lay();
    const command = stream.pick(commands);
    const words = command
      .split(' ')
      .map((word) =>
        word
          .replace('FILE', damaged)
          .replace('FOLDER', join(place, top))
          .replace('OUT', join(place, 'out')),
      );
    let answer = await runner.run(words);
    if (faultOf(answer)) {
      runner.end();
      await lay();
      answer = await runner.run(words);
      runner.end();
    } else largest = Math.max(largest, answer.mebibytes);
    slowest = Math.max(slowest, answer.seconds);
    const fault = faultOf(answer);
    answers[kind] ??= {};
    answers[kind][answer.code] = (answers[kind][answer.code] ?? 0) + 1;
    if (fault) {
      const kept = world.at('failed', `${seed}-${i}-${basename(damaged)}`);
      mkdirSync(dirname(kept), { recursive: true });
      cpSync(damaged, kept);
      failures.push(`${kind} ${i} (${command}, ${kept}): ${fault}`);
      console.error(`FAILED ${failures.at(-1)}`);
    } else if (process.env.ATTACK_LOG) {
      console.error(
        `${kind} ${i} ${basename(good)} (${command}): ${answer.code} ${answer.said.split('\n').find((l) => l.startsWith('gan:')) ?? ''}`,
      );
    }
    rmSync(place, { recursive: true, force: true });
  }
  runner.end();
  rmSync(folder, { recursive: true, force: true });
  const round = (x: number): number => Math.round(10 * x) / 10;
  return {
    counts: {
      inputs: i,
      exits: answers,
      slowestSeconds: round(slowest),
      largestMebibytes: largest,
    },
    failures,
  };
}
