import type { Store } from '../dataset/store/store.ts';
import { writeFigure } from '../report/draw/raster.ts';
import { NOTHING_NEAR, type StudyParts } from '../report/pages/study-parts.ts';
import { drawProbes } from '../report/pages/study-probes.ts';
import { type Story, stage } from './stages.ts';
import type { StoryStudy } from './train.ts';

/** The probe figures of the pair whose sample lies nearest to the boundary, and its path. */
export async function probeBoundary(
  story: Story,
  made: StoryStudy,
  store: Store,
): Promise<StudyParts['probes']> {
  const { probes } = await stage(story, 'Probing the boundary', async () => {
    const { seed, progress, run } = story;
    const found = await drawProbes(made.gan, store, { seed, progress });
    if (!found) {
      story.say(`  ${NOTHING_NEAR}`);
      return { probes: NOTHING_NEAR, wrote: [run.folder] };
    }
    const wrote = await Promise.all(
      found.figures.map(async ({ name, svg }) => {
        return (await writeFigure(run.file('probe', name), svg)).png;
      }),
    );
    return { probes: found, wrote };
  });
  return probes;
}
