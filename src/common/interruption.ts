import { EXIT } from './errors.ts';

// Ctrl-C and SIGTERM. The first signal lets work that can stop finish what it is at; the second,
// or the first where nothing asked for that, ends the process at once.

const CODES = { SIGINT: EXIT.interrupted, SIGTERM: 143 } as const;
type Ending = keyof typeof CODES;

/** What the work at hand says when it is asked to stop; null where it cannot. */
let graceful: string | null = null;
let stopping: Ending | null = null;
/** Whether native threads compute, under which `process.exit` would pull the ground away. */
let computing = false;

/** Says that native threads run from now on: the process then ends by the signal itself. */
export function endBySignal(): void {
  computing = true;
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
  // A second signal ends the process even while JavaScript does not get its turn.
  if (computing) for (const name of Object.keys(CODES)) process.removeAllListeners(name);
}

/** Answers signals from now on. */
export function answerSignals(): void {
  for (const signal of Object.keys(CODES) as Ending[]) process.on(signal, () => receive(signal));
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
  try {
    const result = await work(() => stopping !== null);
    return { result, code: stopping && CODES[stopping] };
  } finally {
    graceful = null;
  }
}
