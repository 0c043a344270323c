import type { Comparison } from '../benchmark/compare.ts';
import { STATISTICS } from '../benchmark/macro.ts';
import { statisticName } from '../benchmark/verdict.ts';
import { armsFigure, classChangeFigure, intervalFigure } from './comparison.ts';
import { figureHtml, foldedHtml, page, type Section, tableHtml } from './page.ts';

const percent = (value: number): string => (Number.isNaN(value) ? '-' : (100 * value).toFixed(1));

/** Rows of the table of arms: means and standard deviations in percent. */
export function armRows(comparison: Comparison): string[][] {
  const head = ['arm', ...STATISTICS.map(statisticName), 'real', 'synthetic', 's a run'];
  const body = comparison.arms.map((arm) => [
    arm.arm,
    ...STATISTICS.map((statistic) => {
      const { mean, sd } = arm.statistics[statistic];
      return Number.isNaN(sd) ? percent(mean) : `${percent(mean)} ± ${percent(sd)}`;
    }),
    arm.realRows.toFixed(0),
    arm.syntheticRows.toFixed(0),
    arm.seconds.toFixed(0),
  ]);
  return [head, ...body];
}

/** Rows of the table of differences against the baseline. */
export function differenceRows(comparison: Comparison): string[][] {
  const head = [
    'arm',
    'statistic',
    'difference',
    '95 % interval',
    'Holm p',
    'win/tie/loss',
    'detectable',
    'verdict',
  ];
  const body = (['macroF1', 'fewRecall'] as const).flatMap((statistic) =>
    comparison.against[statistic].map((judged) => [
      judged.subject,
      statisticName(statistic),
      percent(judged.difference),
      `${percent(judged.low)} to ${percent(judged.high)}`,
      judged.adjustedP.toPrecision(2),
      `${judged.wins}/${judged.ties}/${judged.losses}`,
      percent(judged.detectable),
      judged.verdict,
    ]),
  );
  return [head, ...body];
}

/** The figures of a study by file name. */
export function studyFigures(comparison: Comparison): Record<string, string> {
  const figures: Record<string, string> = {
    'arms-macro-f1': armsFigure(comparison, 'macroF1'),
    'arms-few-recall': armsFigure(comparison, 'fewRecall'),
  };
  if (comparison.against.macroF1.length > 0) {
    figures['interval-macro-f1'] = intervalFigure(comparison, 'macroF1');
  }
  if (comparison.against.fewRecall.length > 0) {
    figures['interval-few-recall'] = intervalFigure(comparison, 'fewRecall');
  }
  if (comparison.classes.length > 0) figures['class-change'] = classChangeFigure(comparison);
  return figures;
}

/** The sections of a study's comparison, for its own page and for quickstart's. */
export function studySections(comparison: Comparison): Section[] {
  const figures = studyFigures(comparison);
  const shown = (names: readonly string[]) =>
    names
      .filter((name) => figures[name])
      .map((name) => figureHtml(figures[name]!, name.replaceAll('-', ' ')))
      .join('');
  const sections: Section[] = [
    {
      heading: 'With and without',
      body: tableHtml(armRows(comparison)) + shown(['arms-macro-f1', 'arms-few-recall']),
    },
  ];
  if (comparison.against.macroF1.length > 0) {
    sections.push({
      heading: 'Differences',
      body:
        shown(['interval-macro-f1', 'interval-few-recall']) + tableHtml(differenceRows(comparison)),
    });
  }
  if (comparison.classes.length > 0) {
    sections.push({
      heading: 'Class by class',
      body: shown(['class-change']) + classTable(comparison),
    });
  }
  return sections;
}

function classTable(comparison: Comparison): string {
  const rows = comparison.classes.map(({ spaceGroup, trainCount, band, judged }) => [
    spaceGroup,
    trainCount,
    band,
    percent(judged.baseline),
    percent(judged.treated),
    percent(judged.difference),
    judged.verdict,
  ]);
  return tableHtml([
    ['space group', 'training', 'band', 'F1 before', 'F1 after', 'change', 'verdict'],
    ...rows,
  ]);
}

/** The tone of the page: the verdict on macro-F1. */
export const toneOf = (comparison: Comparison) => comparison.best?.overall.verdict ?? 'undecided';

/** The self-contained page of a study; `extra` sections stand between verdict and settings. */
export function studyPage(options: {
  comparison: Comparison;
  settings: unknown;
  command: string;
  extra?: readonly Section[];
}): string {
  const { comparison, settings, command, extra = [] } = options;
  return page({
    title: `Does synthetic data help? Study "${comparison.study}"`,
    subtitle: `${comparison.arms.length} arms, ${comparison.seeds} seeds, every arm with equal updates, tested on real triplets of unseen materials`,
    lead: { tone: toneOf(comparison), lines: comparison.verdict },
    sections: [
      ...studySections(comparison),
      ...extra,
      {
        heading: 'How to repeat it',
        body: `<pre>${command}</pre>${foldedHtml('resolved settings', JSON.stringify(settings, null, 2))}`,
      },
    ],
  });
}
