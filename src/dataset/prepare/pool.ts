import { type ChildProcess, fork } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CbedError } from '../../common/errors.ts';
import { packageRoot } from '../../common/paths.ts';
import type { Anomaly } from '../anomaly.ts';
import {
  type Order,
  performReading,
  type Reading,
  type ReadingFailure,
  readingFile,
  type Word,
} from './reading.ts';

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
type Perform = (reading: Reading) => Promise<ReadingOutcome>;

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
    const queue = [...readings];
    const serve = async (perform: Perform): Promise<void> => {
      for (let reading = queue.shift(); reading; reading = queue.shift()) {
        try {
          done(reading, await perform(reading));
        } catch (error) {
          queue.length = 0; // The others end with what they are at.
          throw error;
        }
      }
    };
    const here: Perform = async (reading) => {
      await new Promise(setImmediate); // lets Ctrl-C through
      return { result: await performReading(reading, {}), anomalies: [], careful: false };
    };
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
): Promise<void> {
  if (options.readers) return options.readers.run(readings, done);
  const readers = new Readers(options);
  try {
    await readers.run(readings, done);
  } finally {
    await readers.stop();
  }
}

export interface ReadingOutcome {
  /** What the reading gave; null where even opening the file ended the reading process. */
  result: string | null;
  /** Samples at which a reading process crashed or hung. */
  anomalies: Anomaly[];
  /** A reading process ended, and the reading was done with care: it may lack what describes. */
  careful: boolean;
}

const MOST_SKIPPED = 8;
const START_PATIENCE = 30_000;
// What a reader makes is soon forgotten: little room for it keeps the process small. There are as
// many readers as cores: threads of each that compile and collect would only be in the way.
const READER_FLAGS = ['--max-semi-space-size=1', '--single-threaded'];

// glibc would keep what compiling has freed, and ever larger blocks of it: some 15 MiB a reader.
const READER_MEMORY = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '1048576',
  MALLOC_MMAP_THRESHOLD_: '1048576',
};

/** A reader opens no connection: loading certificates would be most of starting it. */
function readerEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;
  return { ...environment, ...READER_MEMORY };
}

/** How a reading ended: with a result, a fault of ours, or the end of its process. */
type End = { result: string } | ReadingFailure | Omit<Anomaly, 'file'>;

const errorOf = ({ failed, fault }: ReadingFailure, reading: Reading): Error =>
  fault ? new CbedError(fault, failed) : new Error(`${readingFile(reading)}: ${failed}`);

/** A reading process and what it is doing. */
export class Reader {
  private child: ChildProcess | null = null;
  private readonly worker: string;
  private readonly patience: number;

  constructor(worker: string, patience: number) {
    this.worker = worker;
    this.patience = patience;
  }

  /**
   * Does a reading. Where the process ends, the reading is tried again with care: it then says at
   * which sample it is. A sample at which it ends again is left out and told, as is each further
   * one at which it ends twice. A file that ends many readers is given up.
   */
  async perform(reading: Reading): Promise<ReadingOutcome> {
    const anomalies: Anomaly[] = [];
    const skip: string[] = [];
    const deaths: (string | null)[] = [];
    for (;;) {
      const careful = deaths.length > 0;
      const end = await this.attempt({ reading, skip, careful });
      if ('result' in end) return { result: end.result, anomalies, careful };
      if ('failed' in end) throw errorOf(end, reading);
      const { kind, group, reason } = end;
      // The first reading was hurried: it told only nearly at which sample it ended.
      const again = deaths.length === 1 || deaths.slice(1).includes(group);
      deaths.push(group);
      if (!again) continue;
      anomalies.push({ kind, file: readingFile(reading), group, reason });
      if (group === null) return { result: null, anomalies, careful: true };
      skip.push(group);
      if (skip.length === MOST_SKIPPED) {
        const rest = `reading it ended ${MOST_SKIPPED} readers; the file is given up`;
        anomalies.push({ kind, file: readingFile(reading), group: null, reason: rest });
        return { result: null, anomalies, careful: true };
      }
    }
  }

  /** Starts the process ahead of the first reading. */
  warm(): void {
    this.child ??= this.start();
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  private start(): ChildProcess {
    const child = fork(this.worker, {
      execArgv: READER_FLAGS,
      env: readerEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.on('exit', () => {
      if (this.child === child) this.child = null;
    });
    child.on('error', () => {}); // The exit is told as well.
    return child;
  }

  private attempt(order: Order): Promise<End> {
    this.warm();
    const child = this.child!;
    return new Promise((resolve) => {
      let group: string | null = null;
      let hung = false;
      let said = '';
      const giveUp = (): void => {
        hung = true;
        child.kill('SIGKILL');
      };
      // Starting a process takes its time on a busy machine; the reading is timed from its start.
      let watch = setTimeout(giveUp, START_PATIENCE + this.patience);
      const listen = (chunk: Buffer): void => {
        said = (said + chunk.toString()).slice(-2000);
      };
      const settle = (end: End): void => {
        clearTimeout(watch);
        child.off('message', hear).off('exit', gone);
        child.stderr?.off('data', listen);
        resolve(end);
      };
      const hear = (word: Word): void => {
        clearTimeout(watch);
        watch = setTimeout(giveUp, this.patience);
        if ('at' in word) group = word.at;
        else if (!('started' in word)) settle(word);
      };
      const gone = (code: number | null, signal: string | null): void => {
        if (/MODULE_NOT_FOUND/.test(said)) settle({ failed: said.trim().split('\n')[0]! });
        else if (hung) settle({ kind: 'reader-hung', group, reason: this.patienceText() });
        else
          settle({
            kind: 'reader-crashed',
            group,
            reason: `ended its reader (${signal ?? code}) twice`,
          });
      };
      child.on('message', hear).on('exit', gone);
      child.stderr?.on('data', listen);
      child.send(order);
    });
  }

  private patienceText(): string {
    return `reading it did not end within ${(this.patience / 1000).toFixed(0)} s, twice`;
  }
}
