import { Worker } from 'node:worker_threads';
import { EXIT } from './errors.ts';

// Ctrl-C and SIGTERM. The first signal lets work that can stop finish what it is at; the second,
// or the first where nothing asked for that, ends the process at once: also in the midst of a long
// computation, during which JavaScript does not get its turn.

const CODES = { SIGINT: EXIT.interrupted, SIGTERM: 143 } as const;
type Ending = keyof typeof CODES;

/** What the work at hand says when it is asked to stop; null where it cannot. */
let graceful: string | null = null;
let stopping: Ending | null = null;
/** Whether native threads compute, under which `process.exit` would pull the ground away. */
let computing = false;

/** Things to clear away before the process ends, such as files half written. */
let cares = 0;
/** Whether a command line runs here, whose signals are answered. */
let answering = false;
const receivers = {
  SIGINT: () => receive('SIGINT'),
  SIGTERM: () => receive('SIGTERM'),
};

let listening = false;

/** Listens to signals, or leaves them to the kernel. */
function listen(wanted: boolean): void {
  if (wanted === listening) return;
  listening = wanted;
  for (const signal of Object.keys(CODES) as Ending[]) {
    if (wanted) process.on(signal, receivers[signal]);
    else process.off(signal, receivers[signal]);
  }
}

const isWanted = (): boolean =>
  answering && (!computing || (stopping === null && (graceful !== null || cares > 0)));

/**
 * Answers signals here where something is to be said or cleared away; otherwise, while native
 * threads compute, they end the process by themselves, whatever it is at. A signal that has come
 * but was not heard yet would be lost, so listening ends two turns later: what is asked for while
 * events are handled comes before the next look at signals.
 */
function settle(): void {
  if (isWanted()) listen(true);
  else setImmediate(() => setImmediate(() => listen(isWanted())));
}

/** Says that native threads run from now on: the process then ends by the signal itself. */
export function endBySignal(): void {
  computing = true;
  settle();
}

/** Whether something is to be cleared away at the end; each `true` is taken back by a `false`. */
export function takeCare(needed: boolean): void {
  cares += needed ? 1 : -1;
  if (computing) settle();
}

/**
 * Ends the process at once. With native threads at work the default action of the signal does it:
 * the kernel ends them all, no destructor runs, and a shell sees the same code.
 */
function end(signal: Ending): void {
  if (!computing) process.exit(CODES[signal]);
  process.emit('exit', CODES[signal]); // what clean-ups are registered
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function receive(signal: Ending): void {
  if (graceful === null || stopping !== null) {
    end(signal);
    return;
  }
  stopping = signal;
  console.error(`\n${graceful} (again: leave at once)`);
  listen(isWanted()); // A second signal ends the process even while it computes.
}

/** Names the process whose end is that of this one, in the environment of those it starts. */
export const PARENT = 'CBED_PARENT';

/** Looks after the parent in a thread of its own, which also runs while this one computes. */
const WATCH = `setInterval(() => {
  if (process.ppid !== require('node:worker_threads').workerData) process.kill(process.pid, 'SIGKILL');
}, 500);`;

/** Answers signals from now on, and ends with the parent where it asked for that. */
export function answerSignals(): void {
  answering = true;
  settle();
  const parent = Number(process.env[PARENT]);
  if (parent === process.ppid) {
    // Without flags of this process: as a module the watch could not `require`.
    new Worker(WATCH, { eval: true, execArgv: [], workerData: parent }).unref();
  }
}

/**
 * Runs work that stops by itself once `stopped` says so; `promise` is what a first signal is
 * answered with. Gives the exit code of the signal, null where there was none.
 */
export async function stoppable<T>(
  promise: string,
  work: (stopped: () => boolean) => Promise<T>,
): Promise<{ result: T; code: number | null }> {
  graceful = promise;
  settle();
  try {
    const result = await work(() => stopping !== null);
    return { result, code: stopping && CODES[stopping] };
  } finally {
    graceful = null;
    settle();
  }
}
