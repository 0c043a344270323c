import { createRequire } from 'node:module';
import type * as CliProgress from 'cli-progress';
import { durationText } from './log.ts';

/** Reports how far a stage has come; `note` is a short figure such as a loss. */
export interface Progress {
  advance(steps?: number, note?: string): void;
  done(note?: string): void;
}

/** Opens one progress display per stage. */
export type ProgressFactory = (stage: string, total: number) => Progress;

const LINE_EVERY_MS = 10_000;

/** How long the rest takes if it goes on like this; unknown until something is done. */
const leftText = (start: number, at: number, total: number): string =>
  at === 0 ? '?' : durationText(((Date.now() - start) / at) * Math.max(0, total - at));

/** The last line of a stage. */
const doneText = (stage: string, start: number, note: string): string =>
  `  ${stage}: ${[`done in ${durationText(Date.now() - start)}`, note].filter(Boolean).join(', ')}`;

function lineProgress(stage: string, total: number): Progress {
  const start = Date.now();
  let at = 0;
  let lastLine = start;
  return {
    advance(steps = 1, note = '') {
      at += steps;
      const now = Date.now();
      if (now - lastLine < LINE_EVERY_MS || at >= total) return;
      lastLine = now;
      console.error(
        `  ${stage}: ${at}/${total}, ${leftText(start, at, total)} left ${note}`.trimEnd(),
      );
    },
    done(note = '') {
      console.error(doneText(stage, start, note));
    },
  };
}

function barProgress(stage: string, total: number): Progress {
  // Loaded here, as it is not needed where no one watches.
  const { Presets, SingleBar } = createRequire(import.meta.url)(
    'cli-progress',
  ) as typeof CliProgress;
  const start = Date.now();
  const bar = new SingleBar(
    {
      format: `  ${stage} {bar} {percentage}% | {value}/{total} | {left} left | {note}`,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  let at = 0;
  bar.start(Math.max(1, total), 0, { note: '', left: '?' });
  return {
    advance(steps = 1, note = '') {
      at += steps;
      bar.update(at, { note, left: leftText(start, at, total) });
    },
    done(note = '') {
      bar.stop();
      console.error(doneText(stage, start, note));
    },
  };
}

/** A bar with the time left on a terminal, plain lines every ten seconds otherwise (stderr). */
export const terminalProgress: ProgressFactory = (stage, total) =>
  process.stderr.isTTY ? barProgress(stage, total) : lineProgress(stage, total);

/** Shows nothing: for tests and for callers that have their own display. */
export const silentProgress: ProgressFactory = () => ({ advance() {}, done() {} });
