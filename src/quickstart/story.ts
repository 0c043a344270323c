import type { Comparison } from '../benchmark/compare.ts';
import { durationText, textTable } from '../ground/log.ts';
import type { ProgressFactory } from '../ground/progress.ts';
import { openRun, type Run } from '../ground/run.ts';
import { armRows } from '../report/study.ts';
import { budgetFor } from './budget.ts';
import { makeData } from './data.ts';
import { drawSynthetic } from './pictures.ts';
import { drawProbes } from './probes.ts';
import { writeStoryPage } from './report.ts';
import type { Story } from './stages.ts';
import { compareArms, makeSynthetic, openStory } from './train.ts';

export interface QuickstartOptions {
  minutes: number;
  seed: number;
  /** Run folder; a new one in the workspace by default. */
  out?: string;
  progress: ProgressFactory;
  say(line: string): void;
}

export interface Quickstart {
  run: Run;
  comparison: Comparison;
  page: string;
}

/**
 * The whole story on the built-in minerals: simulate, count, train, generate near the boundaries
 * of rare space groups, judge, mix, train again, compare. Everything lands in one run folder.
 */
export async function quickstart(options: QuickstartOptions): Promise<Quickstart> {
  const { minutes, seed, out, progress, say } = options;
  const started = performance.now();
  const budget = budgetFor(minutes);
  const run = openRun('quickstart', { seed, ...budget }, out);
  const story: Story = { run, seed, progress, say };
  say(`This takes about ${minutes} minutes on two cores; everything goes to ${run.folder}`);
  const data = await makeData(story, budget.crystals);
  const folder = openStory(story, data.store, budget);
  const made = await makeSynthetic(story, folder);
  const pictures = await drawSynthetic(story, made, data.store);
  const probes = await drawProbes(story, made, data.store);
  const comparison = await compareArms(story, folder);
  const page = writeStoryPage(story, { data, made, pictures, probes, comparison });
  say(`\n${textTable(armRows(comparison))}\n`);
  for (const line of comparison.verdict) say(line);
  say(`\nreport: ${page} (all of it took ${durationText(performance.now() - started)})`);
  return { run, comparison, page };
}
