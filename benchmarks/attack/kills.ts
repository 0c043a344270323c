import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../../src/common/errors.ts';
import { launcher } from '../../src/common/paths.ts';
import { Stream } from '../../src/common/stream.ts';
import { readTensorFile } from '../../src/common/tensorfile.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { isStore, verifyStore } from '../../src/dataset/store/store.ts';
import { openArchive } from '../../synthetic/archive/archive.ts';
import { type Attack, CRASH, type Outcome, STEPS, type World } from './world.ts';

const TRAIN = 'train --data store.h5 --classes all --steps 100000';

/** Commands under attack, each into `out`. */
const VICTIMS: readonly string[] = [
  ...STEPS.map(([made, command]) => command.replace(`--out ${made}`, `--out out/${made}`)),
  `${TRAIN} --generator codec --config small.yaml --out out/long`,
  `${TRAIN} --generator crystal --out out/crystal`,
  `${TRAIN} --generator pixel --out out/pixel`,
  'classify train --data store.h5 --updates 100000 --out out/classifier',
  'sample --data store.h5 --gan gan --near-boundary --classes all --count 40 --guide guide --verifier verifier --out out/near',
  'probe --data store.h5 --gan gan --guide guide --verifier verifier --pair 14:62 --side 12 --count 6 --out out/probe',
  'mix accepted.h5 --data store.h5 --export store --out out/mixed',
  'data export store.h5 --out out/exported',
  'data codec store.h5 --out out/codec.png',
  'data inspect summit.h5 --figures out/figures',
  'data prepare summit.h5 --size 16 --workers 0 --out out/other.h5',
  'data simulate --crystals minerals --size 64 --mode box --out out/box.h5',
  'bench pools --in study-without-pools',
  'report study --out out/report.html',
  'classify evaluate --classifier guide',
  'classify predict store.h5 --classifier guide --out out/predictions.csv',
  'classify export --classifier guide --onnx out/model.onnx',
  'quickstart --minutes 1 --out out/quickstart',
];

/** Removes what commands made, and gives a study whose pools are to be made. */
function clear(world: World): void {
  rmSync(world.at('out'), { recursive: true, force: true });
  rmSync(world.at('study-without-pools'), { recursive: true, force: true });
  cpSync(world.at('study'), world.at('study-without-pools'), { recursive: true });
  rmSync(world.at('study-without-pools', 'shared'), { recursive: true, force: true });
}

const ended = (child: ChildProcess): Promise<number | string | null> =>
  new Promise((done) => child.once('close', (code, signal) => done(code ?? signal)));

/** Files under final names in what commands made. */
const results = (world: World): string[] =>
  existsSync(world.at('out'))
    ? readdirSync(world.at('out'), { recursive: true, encoding: 'utf8' }).filter(
        (name) => !/\.tmp@|\.lock$|\.parts/.test(name) && /\.(json|h5|safetensors)$/.test(name),
      )
    : [];

/** What is wrong with a file under a final name; null where it is whole. */
async function halfFault(path: string): Promise<string | null> {
  try {
    if (path.endsWith('.json')) JSON.parse(readFileSync(path, 'utf8'));
    else if (path.endsWith('.safetensors')) readTensorFile(path);
    else if (await isStore(path)) await verifyStore(path);
    else {
      const { File } = await hdf5();
      const file = new File(path, 'r');
      const made = file.keys().includes('provenance');
      file.close();
      if (made) await openArchive(path);
    }
    return null;
  } catch (error) {
    return existsSync(path) ? messageOf(error) : null;
  }
}

/** What a command left: halves, and results that stood there before and are gone. */
async function faultsLeft(world: World, before: readonly string[]): Promise<string[]> {
  const names = results(world);
  const gone = before.filter((name) => !names.includes(name) && !name.includes('checkpoints'));
  const halves = await Promise.all(
    names.map(async (name) => ({ name, fault: await halfFault(world.at('out', name)) })),
  );
  return [
    ...gone.map((name) => `lost ${name}`),
    ...halves.filter(({ fault }) => fault).map(({ name, fault }) => `half of ${name}: ${fault}`),
  ];
}

/** What became of a command that was let run for a while. */
interface Attacked {
  /** Seconds that it ran by itself; null where it was still at work. */
  seconds: number | null;
  end: Promise<number | string | null>;
}

/** Draws moments within the work of commands, whose length is learned as they end. */
class Moments {
  private readonly lengths = new Map<string, number>();
  private readonly stream: Stream;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  /** Waits for a moment of a command, or its end. */
  async waitFor(victim: string, end: Attacked['end']): Promise<Attacked> {
    const start = performance.now();
    const moment = wait(1000 * this.stream.between(0.2, this.lengths.get(victim) ?? 8), 'moment');
    const running = (await Promise.race([end, moment])) === 'moment';
    const seconds = (performance.now() - start) / 1000;
    if (running) return { seconds: null, end };
    this.lengths.set(victim, seconds);
    return { seconds, end };
  }
}

/** Processes of a group that are still there when they have had time to see that it is over. */
async function orphansOf(group: number): Promise<string> {
  for (let looks = 0; ; looks++) {
    const { stdout } = spawnSync('pgrep', ['-g', String(group)], { encoding: 'utf8' });
    if (stdout.trim() === '' || looks === 20) return stdout.trim().replaceAll('\n', ' ');
    await wait(250);
  }
}

/** Commands of the world that do not do their work on what kills left, or do it otherwise. */
async function faultsAfter(world: World): Promise<string[]> {
  const faults: string[] = [];
  for (const [made, command] of STEPS) {
    const again = command.replace(`--out ${made}`, `--out out/${made}`);
    const refused = world.run(again).status === 2 && made === 'gan';
    const { status, stderr } = refused ? world.run(`train --resume out/${made}`) : world.run(again);
    if (status !== 0) faults.push(`after kills, ${again}: ${status} ${stderr}`);
  }
  const [calm, left] = [world.at('store.h5'), world.at('out', 'store.h5')];
  if (existsSync(left) && (await verifyStore(left)) !== (await verifyStore(calm))) {
    faults.push('the store that was prepared through kills is another');
  }
  return faults;
}

/** What a command may end with by itself: done, or refused as what is there is of other settings. */
const OWN_EXITS: readonly (number | string | null)[] = [0, 2, 3];

/** Kills commands at random moments, without a word of warning, until `count` were at work. */
export async function attackByKills(
  world: World,
  { count, seed, end: last }: Attack,
): Promise<Outcome> {
  const moments = new Moments(new Stream(seed, 'kills'));
  const failures: string[] = [];
  const fail = (text: string): void => {
    failures.push(text);
    console.error(text);
  };
  let killed = 0;
  let i = 0;
  clear(world);
  for (; killed < count && performance.now() < last; i++) {
    const victim = VICTIMS[i % VICTIMS.length]!;
    // Every third round begins with nothing; otherwise what was left is gone on with.
    if (i % (3 * VICTIMS.length) === 0) clear(world);
    const before = results(world);
    const child = spawn(process.execPath, [launcher, ...victim.split(' ')], {
      cwd: world.folder,
      detached: true,
      stdio: 'ignore',
    });
    const { seconds, end } = await moments.waitFor(victim, ended(child));
    if (seconds === null) killed++;
    child.kill('SIGKILL');
    const code = await end;
    if (seconds !== null && !OWN_EXITS.includes(code)) fail(`${i} ${victim}: ended with ${code}`);
    const orphans = await orphansOf(child.pid!);
    if (orphans !== '') {
      fail(`${i} ${victim}: orphans ${orphans}`);
      process.kill(-child.pid!, 'SIGKILL');
    }
    for (const fault of await faultsLeft(world, before)) fail(`${i} ${victim}: ${fault}`);
    if (process.env.ATTACK_LOG) console.error(`${i} ${victim}: ${seconds ?? 'killed'}`);
  }
  failures.push(...(await faultsAfter(world)));
  return { counts: { killed, endedBefore: i - killed, commands: VICTIMS.length }, failures };
}

/** Seconds in which a command has to end after a first signal. */
const AT_MOST = 2;

/** Presses Ctrl-C on a terminal at random moments, until `count` commands were at work. */
export async function attackBySignals(
  world: World,
  { count, seed, end: last }: Attack,
): Promise<Outcome> {
  const moments = new Moments(new Stream(seed, 'signals'));
  const failures: string[] = [];
  const took: number[] = [];
  const exits: Record<string, number> = {};
  for (let i = 0; took.length < count && performance.now() < last; i++) {
    const victim = VICTIMS[i % VICTIMS.length]!;
    clear(world);
    const words = [process.execPath, launcher, ...victim.split(' ')].join(' ');
    const child = spawn('script', ['-qefc', words, '/dev/null'], { cwd: world.folder });
    let said = '';
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (data) => {
        said += String(data);
      });
    }
    child.stdin.on('error', () => undefined);
    const { seconds, end } = await moments.waitFor(victim, ended(child));
    if (seconds !== null) continue;
    const start = performance.now();
    child.stdin.write('\x03');
    const slow = setTimeout(() => child.kill('SIGKILL'), 60_000);
    const code = await end;
    clearTimeout(slow);
    const answered = (performance.now() - start) / 1000;
    took.push(answered);
    exits[String(code)] = (exits[String(code)] ?? 0) + 1;
    const how = `${i} ${victim}: ${code} after ${answered.toFixed(1)} s, load ${loadavg()[0]!.toFixed(0)}`;
    if (answered > AT_MOST) failures.push(`${how}, late`);
    if (CRASH.test(said)) failures.push(`${how}, crashed: ${said.slice(-300)}`);
    if (code !== 0 && code !== 130) failures.push(`${how}: ${said.slice(-300)}`);
    for (const fault of await faultsLeft(world, [])) failures.push(`${how}: ${fault}`);
    console.error(how);
  }
  took.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(100 * (took[Math.floor(share * (took.length - 1))] ?? 0)) / 100;
  const counts = { signals: took.length, exits, medianSeconds: at(0.5), slowestSeconds: at(1) };
  return { counts, failures };
}

/** Pairs of the same preparation into one output, the second begun at any moment of the first. */
export async function attackByRaces(
  world: World,
  { count, seed, end: last }: Attack,
): Promise<Outcome> {
  const command = 'data prepare summit.h5 --size 32 --workers 1 --out out/store.h5';
  const begun = performance.now();
  world.run(command.replace('out/store.h5', 'out/calm.h5'));
  const seconds = (performance.now() - begun) / 1000;
  const digest = await verifyStore(world.at('store.h5'));
  const failures: string[] = [];
  const start = (): Promise<number | string | null> =>
    ended(
      spawn(process.execPath, [launcher, ...command.split(' ')], {
        cwd: world.folder,
        stdio: 'ignore',
      }),
    );
  let races = 0;
  for (; races < count && performance.now() < last; races++) {
    const i = races;
    clear(world);
    // Every other time the files are read anew.
    if (i % 2 === 1) rmSync(world.at('workspace', 'index'), { recursive: true, force: true });
    const first = start();
    await wait(1000 * new Stream(seed, `race ${i}`).between(0, seconds));
    const codes = await Promise.all([first, start()]);
    if (codes.join() !== '0,0') failures.push(`race ${i}: exits ${codes.join(' and ')}`);
    const found = await verifyStore(world.at('out', 'store.h5')).catch(messageOf);
    if (found !== digest) failures.push(`race ${i}: ${found} instead of ${digest}`);
    const left = readdirSync(world.at('out')).map((name) => basename(name));
    if (left.join() !== 'store.card.md,store.h5') failures.push(`race ${i} left ${left.join(' ')}`);
  }
  return { counts: { races, secondsOfOne: Math.round(10 * seconds) / 10 }, failures };
}
