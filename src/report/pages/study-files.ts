import { join } from 'node:path';
import type { CellResult } from '../../benchmark/cells/result.ts';
import { compareBudgets } from '../../benchmark/comparison/compare.ts';
import { readResults, type StudyFolder } from '../../benchmark/study/folder.ts';
import { csvOf } from '../../common/csv.ts';
import { writeAtomic, writeJson } from '../../common/files.ts';
import { writeFigure } from '../draw/raster.ts';
import { type Compared, studyFigures, verdictOf } from './study-page.ts';
import { armRows, budgetTable, differenceRows, shareRows, shotRows } from './study-text.ts';

/** A study's results as text, table and data. */
export interface StudyTexts {
  markdown: string;
  json: unknown;
  csv: string;
}

const markdownTable = (rows: readonly string[][]): string => {
  const [head, ...body] = rows;
  return [head!, head!.map(() => '---'), ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
};

/** What the results of a study's folder come to. */
export interface FolderComparison {
  compared: Compared;
  outcomes: CellResult[];
}

/** Reads the results in a study's folder and compares its arms. */
export function compareFolder({ study, ...folder }: StudyFolder): FolderComparison {
  const { results, leftOut } = readResults({ study, ...folder });
  const comparisons = compareBudgets(study, results);
  return { compared: { study, comparisons, leftOut }, outcomes: results };
}

/** The results of a study in words, as CSV of the arms, and as data. */
export function studyTexts(compared: Compared): StudyTexts {
  const { study, comparisons } = compared;
  const tables = [armRows, differenceRows, shareRows, shotRows]
    .map((rowsOf) => budgetTable(comparisons, rowsOf))
    .filter((rows) => rows.length > 1);
  const budgets = { study: study.name, budgets: comparisons };
  return {
    markdown: [
      `# Study "${study.name}"`,
      verdictOf(compared).join('\n'),
      ...tables.map(markdownTable),
      '',
    ].join('\n\n'),
    csv: csvOf(tables[0] ?? []),
    json: comparisons[0]!.budget === null ? comparisons[0]! : budgets,
  };
}

/** Writes report.md, arms.csv, differences.csv, comparison.json and the figures of a study into its folder. */
export async function writeStudyFiles(folder: StudyFolder, compared: Compared): Promise<void> {
  const at = (...parts: string[]) => join(folder.path, ...parts);
  const { markdown, csv, json } = studyTexts(compared);
  writeAtomic(at('report.md'), markdown);
  writeAtomic(at('arms.csv'), `${csv}\n`);
  const differences = budgetTable(compared.comparisons, differenceRows);
  writeAtomic(at('differences.csv'), `${csvOf(differences)}\n`);
  writeJson(at('comparison.json'), json);
  for (const [name, draw] of Object.entries(studyFigures(compared))) {
    await writeFigure(at('figures', name), draw());
  }
}
