import { inspectStore } from '../dataset/inspect-store.ts';
import { makeTask } from '../dataset/make-task.ts';
import { openStore } from '../dataset/store.ts';
import { defaultStorePath } from '../ground/run.ts';
import { classHistogram } from '../report/census.ts';
import { exampleSheet } from '../report/census-sheet.ts';
import { censusLines } from '../report/census-text.ts';
import { writeFigure } from '../report/raster.ts';
import { type Story, stage } from './stages.ts';

export interface StoryData {
  store: string;
  /** SVG of the class histogram and of the sample sheet. */
  histogram: string;
  sheet: string;
}

/** Patterns that the census looks at for its examples. */
const LOOKED_AT = 400;

/** Simulates the built-in minerals, prepares them, and draws how imbalanced they are. */
export async function makeData(story: Story, crystals: number): Promise<StoryData> {
  const made = await stage(story, 'Simulating CBED triplets of real minerals', async () => {
    const { seed, progress } = story;
    const task = await makeTask('minerals', defaultStorePath(), {
      seed,
      limit: crystals,
      workers: 2,
      progress,
    });
    return { ...task, wrote: [task.simulated, task.store] };
  });
  if (made.failed.length > 0)
    story.say(`  ${made.failed.length} crystals left out: ${made.failed[0]!.reason}`);
  return stage(story, 'Counting the classes', async () => {
    const store = await openStore(made.store);
    try {
      const { census, examples, size } = inspectStore(store, LOOKED_AT);
      for (const line of censusLines(census)) story.say(`  ${line}`);
      const histogram = classHistogram(census);
      const sheet = await exampleSheet(examples, size);
      const first = await writeFigure(story.run.file('census'), histogram);
      const second = await writeFigure(story.run.file('samples'), sheet);
      return { store: made.store, histogram, sheet, wrote: [first.png, second.png] };
    } finally {
      store.close();
    }
  });
}
