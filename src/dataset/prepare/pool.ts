import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../common/paths.ts';
import { Reader, type ReadingOutcome } from './reader.ts';
import { performReading, type Reading } from './reading.ts';

export interface PoolOptions {
  /** Reading processes; 0 reads in this process, without protection against damaged files. */
  workers: number;
  /** How long one sample may take, ms. */
  patience?: number;
  /** The program that reads: a module that speaks as `worker.ts` does. */
  worker?: string;
  /** Readers that go on after the call; the caller stops them. */
  readers?: Readers;
}

const DEFAULT_PATIENCE = 30_000;
/** The compiled worker: beside this module, or in dist/ when the sources run as they are. */
function workerPath(): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.js')
    ? fileURLToPath(new URL('./worker.js', import.meta.url))
    : join(packageRoot, 'dist', relative(packageRoot, dirname(here)), 'worker.js');
}

type Done = (reading: Reading, outcome: ReadingOutcome) => void;
/** What shall be read after a reading, before all that waits. */
type Next = (reading: Reading, outcome: ReadingOutcome) => readonly Reading[];
type Perform = (reading: Reading) => Promise<ReadingOutcome>;

/** Reading processes that may do several lists of readings, one after the other. */
export class Readers {
  private readonly readers: Reader[];

  constructor({ workers, patience = DEFAULT_PATIENCE, worker = workerPath() }: PoolOptions) {
    this.readers = Array.from({ length: workers }, () => new Reader(worker, patience));
  }

  /**
   * Does readings and tells each outcome as it comes, in no fixed order. A process that crashes or
   * hangs costs the sample it was at; the reading goes on without that sample. What an outcome asks
   * for is read next.
   */
  async run(readings: readonly Reading[], done: Done, next: Next = () => []): Promise<void> {
    const queue = [...readings];
    const waiting: (() => void)[] = [];
    let busy = 0;
    /** Does what is next in the queue; false where there is nothing. */
    const one = async (perform: Perform): Promise<boolean> => {
      const reading = queue.shift();
      if (!reading) return false;
      busy++;
      try {
        const outcome = await perform(reading);
        done(reading, outcome);
        queue.unshift(...next(reading, outcome));
      } catch (error) {
        queue.length = 0; // The others end with what they are at.
        throw error;
      } finally {
        busy--;
        for (const wake of waiting.splice(0)) wake();
      }
      return true;
    };
    const serve = async (perform: Perform): Promise<void> => {
      while ((await one(perform)) || busy > 0) {
        // Another reader's outcome may ask for more.
        if (queue.length === 0 && busy > 0) await new Promise<void>((wake) => waiting.push(wake));
      }
    };
    const here: Perform = async (reading) => ({
      result: await performReading(reading, {}),
      anomalies: [],
      careful: false,
    });
    const servers = this.readers.map(
      (reader): Perform =>
        (reading) =>
          reader.perform(reading),
    );
    await Promise.all((servers.length > 0 ? servers : [here]).map(serve));
  }

  /** Starts the processes ahead of the first reading, so that they load while this one does. */
  warm(): this {
    for (const reader of this.readers) reader.warm();
    return this;
  }

  /** Ends the processes; a later `run` starts them again. */
  async stop(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }
}

/** Does readings with the readers of the options, or with some of its own that end with it. */
export async function runReadings(
  readings: readonly Reading[],
  options: PoolOptions,
  done: Done,
  next?: Next,
): Promise<void> {
  if (options.readers) return options.readers.run(readings, done, next);
  const readers = new Readers(options);
  try {
    await readers.run(readings, done, next);
  } finally {
    await readers.stop();
  }
}
