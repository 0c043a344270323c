import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../ground/paths.ts';
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
    : join(packageRoot, 'dist', 'src', 'dataset', 'worker.js');
}

type Done = (reading: Reading, outcome: ReadingOutcome) => void;

/** Reading processes that may do several lists of readings, one after the other. */
export class Readers {
  private readonly readers: Reader[];

  constructor({ workers, patience = DEFAULT_PATIENCE, worker = workerPath() }: PoolOptions) {
    this.readers = Array.from({ length: workers }, () => new Reader(worker, patience));
  }

  /**
   * Does readings and tells each outcome as it comes, in no fixed order. A process that crashes or
   * hangs costs the sample it was at; the reading goes on without that sample.
   */
  async run(readings: readonly Reading[], done: Done): Promise<void> {
    if (this.readers.length === 0) {
      for (const reading of readings)
        done(reading, { result: await performReading(reading, {}), anomalies: [] });
      return;
    }
    let next = 0;
    const serve = async (reader: Reader): Promise<void> => {
      while (next < readings.length) {
        const reading = readings[next++]!;
        done(reading, await reader.perform(reading));
      }
    };
    await Promise.all(this.readers.map(serve));
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
): Promise<void> {
  if (options.readers) return options.readers.run(readings, done);
  const readers = new Readers(options);
  try {
    await readers.run(readings, done);
  } finally {
    await readers.stop();
  }
}
