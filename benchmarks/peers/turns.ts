import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { textTable } from '../../src/common/log.ts';
import { packageRoot } from '../../src/common/paths.ts';

/** A peer that measures when asked: a line with a case in, a line with its times (JSON) out. */
export interface Peer {
  /** Milliseconds of each measurement of a turn; none where the peer does not run. */
  turn(which: string): Promise<number[]>;
  end(): void;
}

/** Starts a script beside this file; `PEERS_PYTHON` names an interpreter that has PyTorch. */
export function startPeer(script: string, parameters: readonly (string | number)[]): Peer {
  const path = join(packageRoot, 'benchmarks', 'peers', script);
  const python = process.env.PEERS_PYTHON ?? 'python3';
  const child = spawn(python, [path, ...parameters.map(String)], {
    stdio: ['pipe', 'pipe', 'ignore'],
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
  theirs: number[];
}

/** Both take turns, case by case; the first turn of all is warm-up. */
export async function takeTurns<Case extends string>(options: {
  cases: readonly Case[];
  turns: number;
  ours: (which: Case) => number[];
  peer: Peer;
}): Promise<Compared[]> {
  const { cases, turns, ours, peer } = options;
  const compared = cases.map((name) => ({ name, ours: [] as number[], theirs: [] as number[] }));
  for (let turn = 0; turn <= turns; turn++) {
    for (const one of compared) {
      const mine = ours(one.name);
      const other = await peer.turn(one.name);
      if (turn === 0) continue;
      one.ours.push(...mine);
      one.theirs.push(...other);
    }
  }
  peer.end();
  return compared;
}

const text = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(1));

/** Medians side by side. */
export const comparison = (compared: readonly Compared[]): string =>
  textTable([
    ['step', 'here, ms', 'PyTorch, ms', 'here / PyTorch'],
    ...compared.map(({ name, ours, theirs }) => [
      name,
      text(median(ours)),
      text(median(theirs)),
      theirs.length > 0 ? (median(ours) / median(theirs)).toFixed(2) : '-',
    ]),
  ]);
