import { writeJson } from '../common/files.ts';
import type { Store } from '../dataset/store/store.ts';
import { writeFigure } from '../report/draw/raster.ts';
import { drawScore } from '../report/figures/realism-draw.ts';
import { drawSamples, type SamplePictures } from '../report/pages/study-samples.ts';
import { type Story, stage } from './stages.ts';
import type { StoryStudy } from './train.ts';

/** Draws the judged samples beside real ones, and the class counts before and after mixing. */
export async function showSamples(
  story: Story,
  made: StoryStudy,
  store: Store,
): Promise<SamplePictures> {
  const heading = 'Drawing real and synthetic triplets side by side';
  const { pictures } = await stage(story, heading, async () => {
    const { run } = story;
    const found = await drawSamples(made.gan, store, story.seed);
    const folder = run.file('score', 'figures');
    await drawScore(folder, found.scored);
    const counts = found.figures.mix
      ? [(await writeFigure(run.file('mix', 'counts'), found.figures.mix)).png]
      : [];
    writeJson(run.file('learned.json'), found.learned);
    for (const { space, trained, untrained } of found.learned) {
      story.say(
        `  KID of rare classes in ${space}: ${trained.toPrecision(3)} (untrained generator ${untrained.toPrecision(3)})`,
      );
    }
    return { pictures: found, wrote: [folder, ...counts, run.file('learned.json')] };
  });
  return pictures;
}
