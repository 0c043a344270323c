import { SCORED_FILE } from '../../synthetic/archive/archive.ts';
import { runCell } from '../benchmark/cells/cell.ts';
import { type Comparison, compareStudy } from '../benchmark/comparison/compare.ts';
import { makePools } from '../benchmark/pools/pools.ts';
import { openStudyFolder, readOutcomes, type StudyFolder } from '../benchmark/study/folder.ts';
import { loadStudy } from '../benchmark/study/load.ts';
import { needsGan, planCells } from '../benchmark/study/study.ts';
import { writeJson } from '../common/files.ts';
import { ganOf, type StudyGan } from '../report/pages/study-gan.ts';
import type { Budget } from './budget.ts';
import { keep, type Story, stage } from './stages.ts';

export interface StoryStudy {
  folder: StudyFolder;
  /** The samples that the pictures show, and what made them. */
  gan: StudyGan;
}

/** Opens the study `quick` on the story's store, in the story's run folder. */
export function openStory(story: Story, store: string, budget: Budget): StudyFolder {
  const { updates, ganSteps } = budget;
  const study = loadStudy('quick', { data: store, updates, ganSteps, firstSeed: story.seed });
  return openStudyFolder(story.run.file('study'), study);
}

/**
 * Trains guide, verifier and GAN on the training split, samples near the boundaries, judges the
 * samples, and leaves all of it where the later commands look.
 */
export async function makeSynthetic(story: Story, folder: StudyFolder): Promise<StoryStudy> {
  const cell = planCells(folder.study).find(needsGan)!;
  const gan = ganOf(folder, cell);
  const heading =
    'Training a guide, a verifier and the GAN; sampling near the boundaries; judging realism';
  return stage(story, heading, async () => {
    await makePools(folder, story.progress);
    const wrote = [
      keep(gan.maker('guide'), story.run.file('classifier')),
      keep(gan.maker('gan'), story.run.file('gan')),
      keep(gan.archive, story.run.file('sample', 'synthetic.h5')),
      keep(gan.archive, story.run.file('score', SCORED_FILE)),
    ];
    for (const name of ['sample', 'score'])
      writeJson(story.run.file(name, 'config.json'), folder.study);
    return { folder, gan, wrote };
  });
}

/** Trains every arm with equal updates, tests on real triplets of unseen materials, compares. */
export async function compareArms(story: Story, folder: StudyFolder): Promise<Comparison> {
  const cells = planCells(folder.study);
  const heading = `Training with and without synthetic data: ${cells.length} runs of ${folder.study.updates} updates`;
  const { comparison } = await stage(story, heading, async () => {
    const bar = story.progress('classifiers', cells.length);
    for (const cell of cells) {
      await runCell({ folder, cell });
      bar.advance(1, cell.id);
    }
    bar.done();
    const found = compareStudy(folder.study, readOutcomes(folder));
    const results = story.run.file('results.json');
    // Without the times, which no two runs share: the same seed gives the same file.
    const arms = found.arms.map(({ seconds: _, ...arm }) => arm);
    writeJson(results, { ...found, arms });
    return { comparison: found, wrote: [results] };
  });
  return comparison;
}
