import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { durationText } from '../common/log.ts';
import type { ProgressFactory } from '../common/progress.ts';
import type { Run } from '../common/run.ts';

/** What all stages of the story share. */
export interface Story {
  run: Run;
  seed: number;
  progress: ProgressFactory;
  /** Tells the reader one line. */
  say(line: string): void;
}

/** Runs one stage under a heading, and says how long it took and what it wrote. */
export async function stage<T extends { wrote: readonly string[] }>(
  story: Story,
  heading: string,
  work: () => Promise<T>,
): Promise<T> {
  story.say(`\n${heading}`);
  const started = performance.now();
  const result = await work();
  const files = result.wrote.map((path) => relative(process.cwd(), path)).join(', ');
  story.say(`  wrote ${files} (${durationText(performance.now() - started)})`);
  return result;
}

/** Copies a file or folder into the run, where later commands look for it. */
export function keep(from: string, to: string): string {
  if (!existsSync(from)) throw new Error(`${from} was not made`);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
  return to;
}
