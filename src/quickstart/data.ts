import { defaultStorePath } from '../common/run.ts';
import { openStore } from '../dataset/store/store.ts';
import { makeTask } from '../dataset/tasks/make-task.ts';
import { writeFigure } from '../report/draw/raster.ts';
import { type DataPictures, drawData } from '../report/pages/study-data.ts';
import { type Story, stage } from './stages.ts';

export interface StoryData {
  store: string;
  pictures: DataPictures;
}

/** Simulates the built-in minerals, prepares them, and draws how imbalanced they are. */
export async function makeData(story: Story, crystals: number): Promise<StoryData> {
  const made = await stage(story, 'Simulating CBED triplets of real minerals', async () => {
    const { seed, progress } = story;
    const task = await makeTask('minerals', defaultStorePath(), {
      seed,
      limit: crystals,
      progress,
    });
    return { ...task, wrote: [task.store] };
  });
  if (made.failed.length > 0)
    story.say(`  ${made.failed.length} crystals left out: ${made.failed[0]!.reason}`);
  return stage(story, 'Counting the classes', async () => {
    const store = await openStore(made.store);
    try {
      const pictures = await drawData(store);
      for (const line of pictures.lines) story.say(`  ${line}`);
      const first = await writeFigure(story.run.file('census'), pictures.histogram);
      const second = await writeFigure(story.run.file('samples'), pictures.sheet);
      return { store: made.store, pictures, wrote: [first.png, second.png] };
    } finally {
      store.close();
    }
  });
}
