import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { inputError } from '../../common/errors.ts';
import { writeJson } from '../../common/files.ts';
import { readJson } from '../../common/run.ts';
import type { CellResult } from '../cells/result.ts';
import { type CellPlan, planCells, type Study, studySchema } from './study.ts';

/**
 * The folder of a study: study.json, one result file a cell, and what cells share (guides,
 * GANs, archives) by digest.
 */
export interface StudyFolder {
  path: string;
  study: Study;
  resultFile(cell: CellPlan): string;
  sharedFile(...parts: string[]): string;
}

function folderOf(path: string, study: Study): StudyFolder {
  return {
    path,
    study,
    resultFile: (cell) => join(path, 'cells', `${cell.id}.json`),
    sharedFile: (...parts) => join(path, 'shared', ...parts),
  };
}

/**
 * Opens or makes the folder of a study. A folder of another study is refused: results of two
 * settings must never be compared as one.
 */
export function openStudyFolder(path: string, study: Study): StudyFolder {
  const file = join(resolve(path), 'study.json');
  if (existsSync(file)) {
    const there = readJson<Study>(file);
    if (digestOf(there) !== digestOf(study)) {
      throw inputError(
        `${path} holds another study or other settings of "${there.name}"`,
        'choose another --out',
      );
    }
  } else {
    mkdirSync(join(resolve(path), 'cells'), { recursive: true });
    writeJson(file, study);
  }
  return folderOf(resolve(path), study);
}

/** An existing study folder, with its own settings. */
export function readStudyFolder(path: string): StudyFolder {
  const file = join(path, 'study.json');
  if (!existsSync(file)) throw inputError(`${path} holds no study.json`, 'gan bench run makes one');
  return folderOf(resolve(path), studySchema.parse(readJson(file)));
}

/** Cells without a result yet. */
export const missingCells = (folder: StudyFolder): CellPlan[] =>
  planCells(folder.study).filter((cell) => !existsSync(folder.resultFile(cell)));

/** All results that are there, in the order of the plan. */
export function readOutcomes(folder: StudyFolder): CellResult[] {
  return planCells(folder.study)
    .filter((cell) => existsSync(folder.resultFile(cell)))
    .map((cell) => readJson<CellResult>(folder.resultFile(cell)));
}

/** Names of the result files, for a quick look at how far a study has come. */
export const resultNames = (folder: StudyFolder): string[] =>
  existsSync(join(folder.path, 'cells'))
    ? readdirSync(join(folder.path, 'cells')).filter((name) => name.endsWith('.json'))
    : [];
