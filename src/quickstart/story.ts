import type { StudyComparison } from '../benchmark/comparison/compare.ts';
import { durationText, textTable } from '../common/log.ts';
import type { ProgressFactory } from '../common/progress.ts';
import { openRun, type Run } from '../common/run.ts';
import { openStore } from '../dataset/store/store.ts';
import { armRows } from '../report/pages/study-tables.ts';
import { budgetFor } from './budget.ts';
import { makeData } from './data.ts';
import { showSamples } from './pictures.ts';
import { probeBoundary } from './probes.ts';
import { writeStoryPage } from './report.ts';
import type { Story } from './stages.ts';
import { compareArms, makeSynthetic, openStory, type StoryStudy } from './train.ts';

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
  comparison: StudyComparison;
  page: string;
}

/** What the GAN made, drawn on the story's store. */
async function drawMade(story: Story, made: StoryStudy, path: string) {
  const store = await openStore(path);
  try {
    const samples = await showSamples(story, made, store);
    return { samples, probes: await probeBoundary(story, made, store) };
  } finally {
    store.close();
  }
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
  const drawn = await drawMade(story, made, data.store);
  const comparison = await compareArms(story, folder);
  const parts = { ...drawn, data: data.pictures };
  const page = writeStoryPage(story, { made, parts, budget });
  say(`\n${textTable(armRows(comparison))}\n`);
  for (const line of comparison.verdict) say(line);
  say(`\nreport: ${page} (all of it took ${durationText(performance.now() - started)})`);
  return { run, comparison, page };
}
