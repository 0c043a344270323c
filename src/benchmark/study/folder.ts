import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { digestOf } from '../../common/digest.ts';
import { inputError, messageOf } from '../../common/errors.ts';
import { writeJson } from '../../common/files.ts';
import { tally } from '../../common/group.ts';
import { readJson, recordStart } from '../../common/run.ts';
import { type CellResult, checkResult } from '../cells/result.ts';
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

/** @throws input error in one line where study.json is damaged. */
function readStudy(file: string): Study {
  const found = studySchema.safeParse(readJson(file));
  if (found.success) return found.data;
  const { path, message } = found.error.issues[0]!;
  throw inputError(`${file} is no study: ${path.join('.')}: ${message}`, 'choose another --out');
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
    recordStart(resolve(path), 'bench');
    writeJson(file, study);
  }
  return folderOf(resolve(path), study);
}

/** An existing study folder, with its own settings. */
export function readStudyFolder(path: string): StudyFolder {
  const file = join(path, 'study.json');
  if (!existsSync(file)) throw inputError(`${path} holds no study.json`, 'gan bench run makes one');
  return folderOf(resolve(path), readStudy(file));
}

/** What all results of a study rest on: they can be compared only where these are the same. */
export interface StudyBasis {
  /** Digest of the store, before it is divided. */
  data: string;
  /** Threads of a training: the last bits of weights depend on their number. */
  threads: number;
}

const basisSchema = z.object({ data: z.string(), threads: z.int().min(1) });

const basisFile = (folder: StudyFolder): string => join(folder.path, 'basis.json');

/** What the folder's results rest on; null before anything was made. */
const basisOf = (folder: StudyFolder): StudyBasis | null =>
  existsSync(basisFile(folder)) ? readJson<StudyBasis>(basisFile(folder), basisSchema) : null;

/**
 * Keeps what the first work of a study rests on, and refuses later work that rests on something else.
 *
 * @throws input error where the store was changed since, or the number of threads is another.
 */
export function checkBasis(folder: StudyFolder, basis: StudyBasis): void {
  const kept = basisOf(folder);
  if (!kept) {
    writeJson(basisFile(folder), basis);
    return;
  }
  if (kept.data !== basis.data) {
    throw inputError(
      `the store "${folder.study.data}" is not the one that ${folder.path} was begun with`,
      'bring that one back, or choose another --out',
    );
  }
  if (kept.threads !== basis.threads) {
    throw inputError(
      `${folder.path} was begun with ${kept.threads} threads a training, not ${basis.threads}, and weights differ by it`,
      `use --threads ${kept.threads}, or choose another --out`,
    );
  }
}

/** Cells without a result yet. */
export const missingCells = (folder: StudyFolder): CellPlan[] =>
  planCells(folder.study).filter((cell) => !existsSync(folder.resultFile(cell)));

/** The results of a study that can be compared, and those that cannot, each with the reason. */
export interface StudyResults {
  results: CellResult[];
  leftOut: { cell: string; reason: string }[];
}

/** The value that most results have. */
const commonest = <V>(values: readonly V[]): V =>
  [...tally(values)].sort(([, a], [, b]) => b - a)[0]![0];

/** The basis of results in a folder that keeps none: what most of them rest on. */
const basisAmong = (results: readonly CellResult[]): StudyBasis => ({
  data: commonest(results.map(({ digests }) => digests.data ?? '')),
  threads: commonest(results.map(({ training }) => training.threads)),
});

const sameTest = (a: CellResult, b: CellResult): boolean =>
  a.predictions.labels.join() === b.predictions.labels.join() &&
  a.predictions.materials.join('\n') === b.predictions.materials.join('\n');

/**
 * All results that are there, in the order of the plan. A result that is damaged, of another study,
 * store or number of threads, or tested on other materials than the first of its division, is left
 * out with the reason: nothing is compared that does not belong together.
 */
export function readResults(folder: StudyFolder): StudyResults {
  const leftOut: StudyResults['leftOut'] = [];
  const study = digestOf(folder.study);
  const readable = planCells(folder.study).flatMap((cell): CellResult[] => {
    const file = folder.resultFile(cell);
    if (!existsSync(file)) return [];
    try {
      return [checkResult(readJson(file), { cell, study })];
    } catch (error) {
      leftOut.push({ cell: cell.id, reason: messageOf(error) });
      return [];
    }
  });
  if (readable.length === 0) return { results: [], leftOut };
  const basis = basisOf(folder) ?? basisAmong(readable);
  const first = new Map<string, CellResult>();
  const results = readable.filter((result) => {
    const division = `${result.split}/${result.budget ?? ''}`;
    const other = first.get(division);
    const reason =
      result.digests.data !== basis.data
        ? 'was made from another store'
        : result.training.threads !== basis.threads
          ? `was trained with ${result.training.threads} threads, the study with ${basis.threads}`
          : other && !sameTest(other, result)
            ? `was tested on other triplets than ${other.cell}`
            : null;
    if (reason) leftOut.push({ cell: result.cell, reason });
    else if (!other) first.set(division, result);
    return reason === null;
  });
  return { results, leftOut };
}

/** Names of the result files, for a quick look at how far a study has come. */
export const resultNames = (folder: StudyFolder): string[] =>
  existsSync(join(folder.path, 'cells'))
    ? readdirSync(join(folder.path, 'cells')).filter((name) => name.endsWith('.json'))
    : [];
