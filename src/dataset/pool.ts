import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../ground/paths.ts';
import type { Anomaly } from './anomaly.ts';
import { performReading, type Reading, readingFile, type Word } from './reading.ts';

export interface PoolOptions {
  /** Reading processes; 0 reads in this process, without protection against damaged files. */
  workers: number;
  /** How long one sample may take, ms. */
  patience?: number;
}

export interface ReadingOutcome {
  /** What the reading gave; null where even opening the file ended the reading process. */
  result: string | null;
  /** Samples at which a reading process crashed or hung. */
  anomalies: Anomaly[];
}

const DEFAULT_PATIENCE = 60_000;

/** The compiled worker: beside this module, or in dist/ when the sources run as they are. */
function workerPath(): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.js')
    ? fileURLToPath(new URL('./worker.js', import.meta.url))
    : join(packageRoot, 'dist', 'src', 'dataset', 'worker.js');
}

/** A reading process and what it is doing. */
class Reader {
  private child: ChildProcess | null = null;
  private readonly patience: number;

  constructor(patience: number) {
    this.patience = patience;
  }

  /** Does a reading, starting again without the sample that ended the process, as often as needed. */
  async perform(reading: Reading): Promise<ReadingOutcome> {
    const anomalies: Anomaly[] = [];
    const skip: string[] = [];
    for (;;) {
      const end = await this.attempt(reading, skip);
      if ('result' in end) return { result: end.result, anomalies };
      if ('failed' in end) throw new Error(`${readingFile(reading)}: ${end.failed}`);
      const { kind, group, reason } = end;
      anomalies.push({ kind, file: readingFile(reading), group, reason });
      if (group === null || skip.includes(group)) return { result: null, anomalies };
      skip.push(group);
    }
  }

  stop(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  private attempt(
    reading: Reading,
    skip: string[],
  ): Promise<{ result: string } | { failed: string } | Omit<Anomaly, 'file'>> {
    this.child ??= fork(workerPath(), { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const child = this.child;
    return new Promise((resolve) => {
      let group: string | null = null;
      let hung = false;
      let said = '';
      const watch = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, this.patience);
      const listen = (chunk: Buffer): void => {
        said = (said + chunk.toString()).slice(-2000);
      };
      const settle = (end: Parameters<typeof resolve>[0]): void => {
        clearTimeout(watch);
        child.off('message', hear).off('exit', gone);
        child.stderr?.off('data', listen);
        resolve(end);
      };
      const hear = (word: Word): void => {
        watch.refresh();
        if ('at' in word) group = word.at;
        else settle(word);
      };
      const gone = (code: number | null, signal: string | null): void => {
        this.child = null;
        if (hung) {
          const reason = `reading it did not end within ${Math.round(this.patience / 1000)} s`;
          settle({ kind: 'reader-hung', group, reason });
        } else if (/MODULE_NOT_FOUND/.test(said)) settle({ failed: said.split('\n')[0]! });
        else
          settle({
            kind: 'reader-crashed',
            group,
            reason: `reading it ended the reader (${signal ?? code})`,
          });
      };
      child.on('message', hear).on('exit', gone);
      child.stderr?.on('data', listen);
      child.send({ reading, skip });
    });
  }
}

/**
 * Does readings in reading processes and tells each outcome as it comes, in no fixed order. A
 * process that crashes or hangs costs the sample it was at; the reading goes on without that sample.
 */
export async function runReadings(
  readings: readonly Reading[],
  { workers, patience = DEFAULT_PATIENCE }: PoolOptions,
  done: (reading: Reading, outcome: ReadingOutcome) => void,
): Promise<void> {
  if (workers === 0) {
    for (const reading of readings)
      done(reading, { result: await performReading(reading, {}), anomalies: [] });
    return;
  }
  let next = 0;
  const readers = Array.from(
    { length: Math.min(workers, readings.length) },
    () => new Reader(patience),
  );
  const serve = async (reader: Reader): Promise<void> => {
    while (next < readings.length) {
      const reading = readings[next++]!;
      done(reading, await reader.perform(reading));
    }
  };
  try {
    await Promise.all(readers.map(serve));
  } finally {
    for (const reader of readers) reader.stop();
  }
}
