import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { textTable } from '../../src/common/log.ts';
import { packageRoot } from '../../src/common/paths.ts';

const ALL_WAYS = ['eager', 'fused', 'compiled'] as const;
type Way = (typeof ALL_WAYS)[number];

/** Ways in which the peer takes the same step; the fastest counts. `PEERS_WAYS=eager,fused` leaves some out. */
const WAYS = ALL_WAYS.filter((way) => process.env.PEERS_WAYS?.split(',').includes(way) ?? true);

/** Processor time of this process so far, all threads, milliseconds: it does not move with other programs. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A peer that measures when asked: a line with a case and a way in, a line with its times (JSON) out. */
export interface Peer {
  /** Milliseconds of processor time of each measurement; none where the peer does not run. */
  turn(which: string): Promise<number[]>;
  end(): void;
}

/** Starts a script beside this file; `PEERS_PYTHON` names an interpreter that has PyTorch. */
export function startPeer(script: string, parameters: readonly (string | number)[]): Peer {
  const path = join(packageRoot, 'benchmarks', 'peers', script);
  const python = process.env.PEERS_PYTHON ?? 'python3';
  const child = spawn(python, [path, ...parameters.map(String)], {
    stdio: ['pipe', 'pipe', process.env.PEERS_LOG ? 'inherit' : 'ignore'],
    // One thread each, and none that spins while it waits.
    env: { ...process.env, OMP_NUM_THREADS: '1', OMP_WAIT_POLICY: 'PASSIVE' },
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async turn(which) {
      child.stdin.write(`${which}\n`);
      const { value, done } = await lines.next();
      return done ? [] : (JSON.parse(value) as number[]);
    },
    end: () => child.stdin.end(),
  };
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Measurements of one case, here and by the peer. */
export interface Compared {
  name: string;
  ours: number[];
  theirs: Record<Way, number[]>;
}

/** Both take turns, case by case; the first turn of all is warm-up. */
export async function takeTurns<Case extends string>(options: {
  cases: readonly Case[];
  turns: number;
  ours: (which: Case) => number[];
  peer: Peer;
}): Promise<Compared[]> {
  const { cases, turns, ours, peer } = options;
  const compared = cases.map((name) => ({
    name,
    ours: [] as number[],
    theirs: { eager: [] as number[], fused: [] as number[], compiled: [] as number[] },
  }));
  for (let turn = 0; turn <= turns; turn++) {
    for (const one of compared) {
      const mine = ours(one.name);
      if (turn > 0) one.ours.push(...mine);
      for (const way of WAYS) {
        const other = await peer.turn(`${one.name}/${way}`);
        if (turn > 0) one.theirs[way].push(...other);
      }
    }
  }
  peer.end();
  return compared;
}

const text = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(1));

/** Medians side by side: processor time of a step, and the ratio to the fastest way of the peer. */
export const comparison = (compared: readonly Compared[]): string =>
  textTable([
    ['step', 'here, ms', ...WAYS.map((way) => `PyTorch ${way}`), 'here / fastest'],
    ...compared.map(({ name, ours, theirs }) => {
      const medians = WAYS.map((way) => median(theirs[way]));
      const fastest = Math.min(...medians.filter((value) => !Number.isNaN(value)));
      const ratio = Number.isFinite(fastest) ? (median(ours) / fastest).toFixed(2) : '-';
      return [name, text(median(ours)), ...medians.map(text), ratio];
    }),
  ]);
