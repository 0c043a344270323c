import { join } from 'node:path';
import { runCell } from '../../src/benchmark/cells/cell.ts';
import { makePools } from '../../src/benchmark/pools/pools.ts';
import { openStudyFolder, type StudyFolder } from '../../src/benchmark/study/folder.ts';
import { planCells, studySchema } from '../../src/benchmark/study/study.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { toyStore } from './toy-store.ts';

/**
 * A whole study with a GAN, run in seconds on toy triplets: guide, verifier, GAN, judged samples
 * near boundaries and four results. Every sample is let through, for hardly trained ones never pass.
 */
export async function toyGanStudy(folder: string): Promise<StudyFolder> {
  const { store } = await toyStore(folder, { counts: [14, 10, 8], size: 32 });
  const gan = { synthetic: 'gan-boundary', applyChecks: false, epsilon: 1, fillTo: 8 };
  const study = studySchema.parse({
    name: 'toy',
    data: store,
    baseline: 'plain',
    seeds: 2,
    splits: 1,
    gans: 1,
    updates: 6,
    batch: 8,
    rate: 0.002, // learns so little that classes are confused, for the page to show it
    ganSteps: 3,
    boundaryAttempts: 2,
    gradientSteps: 0,
    arms: [{ name: 'plain' }, { name: 'GAN', ...gan }, { name: 'GAN once', ...gan, ratio: 1 }],
  });
  const opened = openStudyFolder(join(folder, 'study'), study);
  await makePools(opened, silentProgress);
  for (const cell of planCells(study)) await runCell({ folder: opened, cell });
  return opened;
}
