import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SCORE_FILE } from '../../../synthetic/archive/archive.ts';
import type { StudyFolder } from '../study/folder.ts';
import { type CellPlan, NEAR_SOURCES, needsGan, planCells } from '../study/study.ts';
import { ganFile, makersFolder } from './makers.ts';
import { poolFile, poolsOf } from './pools.ts';

/** The samples of an arm. */
export interface StudySamples {
  cell: CellPlan;
  /** The judged archive. */
  archive: string;
  /** What was found of its samples. */
  score: string;
}

/** What a study keeps of one GAN arm: a judged archive and those that made it. */
export interface StudyGan extends StudySamples {
  /** A file of the guide, the verifier or the GAN. */
  maker(part: string, ...rest: string[]): string;
}

/** The GAN samples of a cell that has some. */
export function ganOf(folder: StudyFolder, cell: CellPlan): StudyGan {
  const archive = poolFile(folder, cell, poolsOf(cell)[0]!);
  return {
    cell,
    archive,
    score: archive.replace(/\.h5$/, '.score.json'),
    maker: (part, ...rest) =>
      part === 'gan'
        ? ganFile(folder, cell, rest.join('/'))
        : folder.sharedFile(makersFolder(cell), part, ...rest),
  };
}

const isWhole = ({ archive, score, maker }: StudyGan): boolean =>
  [
    archive,
    score,
    maker('gan', 'model.safetensors'),
    maker('gan', 'untrained.safetensors'),
    maker('guide', 'config.json'),
    maker('verifier', 'config.json'),
  ].every((path) => existsSync(path));

/** Samples near boundaries first: those that probes need. */
const isNear = ({ cell }: StudyGan): boolean => NEAR_SOURCES.includes(cell.arm.synthetic);

/** The samples of a score run that a study was made for; null in other studies. */
function givenSamples({ study }: StudyFolder): StudySamples | string | null {
  const cell = planCells(study).find(({ arm }) => arm.synthetic === 'archive');
  if (!cell) return null;
  const archive = study.archive!;
  const score = join(dirname(archive), SCORE_FILE);
  const gone = [archive, score].find((file) => !existsSync(file));
  return gone
    ? `Nothing is drawn of these samples: ${gone} is not there.`
    : { cell, archive, score };
}

/**
 * The samples of a study that its page shows: of the GAN of arm `best` where it has some, else of the
 * first arm with samples near boundaries, else of any; where the study trains no GAN, those that it
 * was given; or why there are none.
 */
export function shownGan(
  folder: StudyFolder,
  best: string | null,
): StudyGan | StudySamples | string {
  const cells = planCells(folder.study).filter(needsGan);
  if (cells.length === 0) {
    return givenSamples(folder) ?? 'No arm of this study has samples of a GAN.';
  }
  const gans = cells.map((cell) => ganOf(folder, cell)).filter(isWhole);
  const found =
    gans.find((gan) => gan.cell.arm.name === best && isNear(gan)) ??
    gans.find(isNear) ??
    gans.at(0);
  return (
    found ??
    `Nothing is drawn of the GAN: its files under ${folder.sharedFile()} are not there, or not whole.`
  );
}
