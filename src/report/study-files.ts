import { join } from 'node:path';
import { compareStudy } from '../benchmark/compare.ts';
import { readOutcomes, type StudyFolder } from '../benchmark/folder.ts';
import { writeAtomic, writeJson } from '../ground/files.ts';
import { textTable } from '../ground/log.ts';
import type { Section } from './page.ts';
import { writeFigure } from './raster.ts';
import { armRows, differenceRows, studyFigures, studyPage } from './study.ts';

export type StudyFormat = 'html' | 'markdown' | 'json' | 'csv';

const markdownTable = (rows: readonly string[][]): string => {
  const [head, ...body] = rows;
  return [head!, head!.map(() => '---'), ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
};

const csv = (rows: readonly string[][]): string =>
  rows
    .map((row) =>
      row.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(','),
    )
    .join('\n');

/**
 * Writes report.html, report.md, arms.csv, differences.csv, comparison.json and the figures of a
 * study into its folder; returns what to print.
 */
export async function writeStudyReport(
  folder: StudyFolder,
  format: StudyFormat,
  extra: readonly Section[] = [],
): Promise<{ lines: string[]; page: string }> {
  const comparison = compareStudy(folder.study, readOutcomes(folder));
  const at = (...parts: string[]) => join(folder.path, ...parts);
  const command = `npx gan bench run --study ${at('study.json')} --out NEW-FOLDER`;
  writeAtomic(at('report.html'), studyPage({ comparison, settings: folder.study, command, extra }));
  const markdown = [
    `# Study "${comparison.study}"`,
    comparison.verdict.join('\n'),
    markdownTable(armRows(comparison)),
    markdownTable(differenceRows(comparison)),
    '',
  ].join('\n\n');
  writeAtomic(at('report.md'), markdown);
  writeAtomic(at('arms.csv'), `${csv(armRows(comparison))}\n`);
  writeAtomic(at('differences.csv'), `${csv(differenceRows(comparison))}\n`);
  writeJson(at('comparison.json'), comparison);
  for (const [name, svg] of Object.entries(studyFigures(comparison))) {
    await writeFigure(at('figures', name), svg);
  }
  const printed: Record<StudyFormat, () => string[]> = {
    html: () => [
      textTable(armRows(comparison)),
      '',
      ...comparison.verdict,
      `report: ${at('report.html')}`,
    ],
    markdown: () => [markdown],
    json: () => [JSON.stringify(comparison, null, 2)],
    csv: () => [csv(armRows(comparison))],
  };
  return { lines: printed[format](), page: at('report.html') };
}
