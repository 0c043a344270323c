import { createRequire } from 'node:module';
import type * as CliProgress from 'cli-progress';
import { durationText } from './log.ts';

/** Reports how far a stage has come; `note` is a short figure such as a loss. */
export interface Progress {
  advance(steps?: number, note?: string): void;
  /** What was done so far took longer than the rest will, as it loads and compiles: it tells no pace. */
  warmed?(): void;
  done(note?: string): void;
}

/** Opens one progress display per stage, which ends after `most` milliseconds at the latest. */
export type ProgressFactory = (stage: string, total: number, most?: number) => Progress;

const LINE_EVERY_MS = 10_000;

/** What is reported so soon after a stage opens was done before, by the run that is resumed. */
const AT_ONCE_MS = 50;
/** The pace is that of the last third of the time, but of at least this long. */
const RECENT_MS = 20_000;

/** How fast a stage goes, and so how long the rest takes. */
export class Pace {
  at = 0;
  private readonly total: number;
  private readonly opened = Date.now();
  /** Times and positions, at most one a second; the first stands for the start. */
  private marks: { time: number; at: number }[] = [{ time: this.opened, at: 0 }];

  private readonly most: number;

  constructor(total: number, most = Number.POSITIVE_INFINITY) {
    this.total = total;
    this.most = most;
  }

  advance(steps: number): void {
    this.at += steps;
    const now = Date.now();
    if (now - this.opened < AT_ONCE_MS) this.marks[0]!.at = this.at;
    else if (now - this.marks.at(-1)!.time >= 1000) this.marks.push({ time: now, at: this.at });
  }

  /** The pace is that from here on. */
  restart(): void {
    this.marks = [{ time: Date.now(), at: this.at }];
  }

  /** How long the rest takes if it goes on as of late; `?` until something is done. */
  left(): string {
    const now = Date.now();
    const recent = now - Math.max(RECENT_MS, (now - this.opened) / 3);
    const from = this.marks.findLast(({ time, at }) => time <= recent && at < this.at);
    const { time, at } = from ?? this.marks[0]!;
    const latest = Math.max(0, this.opened + this.most - now);
    if (this.at <= at) return Number.isFinite(latest) ? durationText(latest) : '?';
    const rest = ((now - time) / (this.at - at)) * Math.max(0, this.total - this.at);
    return durationText(Math.min(rest, latest));
  }
}

/** The last line of a stage. */
const doneText = (stage: string, start: number, note: string): string =>
  `  ${stage}: ${[`done in ${durationText(Date.now() - start)}`, note].filter(Boolean).join(', ')}`;

function lineProgress(stage: string, total: number, most?: number): Progress {
  const start = Date.now();
  const pace = new Pace(total, most);
  let lastLine = start;
  return {
    advance(steps = 1, note = '') {
      pace.advance(steps);
      const now = Date.now();
      if (now - lastLine < LINE_EVERY_MS || pace.at >= total) return;
      lastLine = now;
      console.error(`  ${stage}: ${pace.at}/${total}, ${pace.left()} left ${note}`.trimEnd());
    },
    warmed: () => pace.restart(),
    done(note = '') {
      console.error(doneText(stage, start, note));
    },
  };
}

function barProgress(stage: string, total: number, most?: number): Progress {
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
  const pace = new Pace(total, most);
  bar.start(Math.max(1, total), 0, { note: '', left: pace.left() });
  return {
    advance(steps = 1, note = '') {
      pace.advance(steps);
      bar.update(pace.at, { note, left: pace.left() });
    },
    warmed: () => pace.restart(),
    done(note = '') {
      bar.stop();
      console.error(doneText(stage, start, note));
    },
  };
}

/** Shows nothing: for tests and for callers that have their own display. */
export const silentProgress: ProgressFactory = () => ({ advance() {}, done() {} });

let quiet = false;

/** Whether a terminal is told how far a command is (not with `--quiet`). */
export function silenceProgress(silent: boolean): void {
  quiet = silent;
}

/** A bar with the time left on a terminal, plain lines every ten seconds otherwise (stderr). */
export const terminalProgress: ProgressFactory = (stage, total, most) => {
  if (quiet) return silentProgress(stage, total);
  return process.stderr.isTTY ? barProgress(stage, total, most) : lineProgress(stage, total, most);
};
