import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { runCell } from '../cells/cell.ts';
import { compareStudy, type StudyComparison } from '../comparison/compare.ts';
import { makePools } from '../pools/pools.ts';
import { missingCells, openStudyFolder, readResults } from '../study/folder.ts';
import type { Study } from '../study/study.ts';

/**
 * Runs what is missing of a study, one cell after the other in this process, and compares its arms.
 *
 * @param path the study's folder; a study that was interrupted goes on in it.
 * @throws a usage error where the folder holds another study.
 * @example
 * const study = loadStudy('quick', { data: 'minerals', seeds: 6 });
 * const { verdict } = await runStudy('workspace/studies/mine', study);
 * console.log(verdict.join('\n'));
 * @category Studies
 */
export async function runStudy(
  path: string,
  study: Study,
  progress: ProgressFactory = silentProgress,
): Promise<StudyComparison> {
  const folder = openStudyFolder(path, study);
  await makePools(folder, progress);
  for (const cell of missingCells(folder)) await runCell({ folder, cell, progress });
  return compareStudy(folder.study, readResults(folder).results);
}
