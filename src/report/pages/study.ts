import type { StudyComparison } from '../../benchmark/comparison/compare.ts';
import type { Study } from '../../benchmark/study/study.ts';
import {
  armsFigure,
  classChangeFigure,
  confusionFigure,
  intervalFigure,
  sharesFigure,
} from '../figures/comparison.ts';
import { budgetCurve, settingCurves } from '../figures/study-curves.ts';
import { figureHtml, foldedBody, type Lead, type Section, tableHtml } from './page.ts';
import { armRows, classRows, differenceRows, shareRows, tuningRows } from './study-tables.ts';

/** A study and what came of it: one comparison a budget, ascending; one where it has none. */
export interface Compared {
  study: Study;
  comparisons: readonly StudyComparison[];
}

/** Figures by file name. */
export type Figures = Record<string, string>;

/** The figures of one comparison by file name. */
export function comparisonFigures(study: Study, comparison: StudyComparison): Figures {
  const figures: Figures = {
    'arms-macro-f1': armsFigure(comparison, 'macroF1'),
    'arms-few-recall': armsFigure(comparison, 'fewRecall'),
  };
  if (comparison.against.macroF1.length > 0) {
    figures['interval-macro-f1'] = intervalFigure(comparison, 'macroF1');
  }
  if (comparison.against.fewRecall.length > 0) {
    figures['interval-few-recall'] = intervalFigure(comparison, 'fewRecall');
  }
  if (comparison.shares.length > 0) figures.shares = sharesFigure(comparison);
  if (comparison.classes.length > 0) figures['class-change'] = classChangeFigure(comparison);
  if (comparison.confusions.length > 0) figures.confusions = confusionFigure(comparison);
  return { ...figures, ...settingCurves(study, comparison) };
}

/** All figures of a study by file name; those of a budget end in `-b` and the budget. */
export function studyFigures({ study, comparisons }: Compared): Figures {
  const figures: Figures = {};
  for (const comparison of comparisons) {
    const ending = comparison.budget === null ? '' : `-b${comparison.budget}`;
    const own = comparisonFigures(study, comparison);
    for (const [name, svg] of Object.entries(own)) figures[`${name}${ending}`] = svg;
  }
  if (comparisons[0]!.budget !== null) figures['budget-curve'] = budgetCurve(comparisons);
  return figures;
}

const shownFrom =
  (figures: Figures) =>
  (test: RegExp): string =>
    Object.keys(figures)
      .filter((name) => test.test(name))
      .map((name) => figureHtml(figures[name]!, name.replaceAll('-', ' ')))
      .join('');

/** The sections of one comparison; those without anything to show are left out. */
function comparisonSections(study: Study, comparison: StudyComparison): Section[] {
  const shown = shownFrom(comparisonFigures(study, comparison));
  const judged = comparison.against.macroF1.length > 0;
  const curves = shown(/curve/);
  const within =
    comparison.budget === null
      ? ''
      : `, at most ${comparison.budget} training materials of a class`;
  const sections = [
    { heading: 'With and without', body: tableHtml(armRows(comparison)) + shown(/^arms/) },
    {
      heading: 'Differences',
      body: judged ? shown(/^interval/) + tableHtml(differenceRows(comparison)) : '',
    },
    {
      heading: 'What brings it',
      body: comparison.shares.length > 0 ? shown(/^shares/) + tableHtml(shareRows(comparison)) : '',
    },
    {
      heading: 'Class by class',
      body:
        comparison.classes.length > 0
          ? shown(/^class-change/) +
            foldedBody('F1 of every class', tableHtml(classRows(comparison)))
          : '',
    },
    { heading: 'What is confused', body: shown(/^confusions/) },
    { heading: 'How many samples, how near', body: curves },
    { heading: 'What validation chose', body: tableHtml(tuningRows(comparison)) },
  ];
  return sections
    .filter(({ body }) => body !== '')
    .map(({ heading, body }) => ({ heading: heading + within, body }));
}

/** The sections of a study's comparisons; a study with budgets begins with their curve. */
export function studySections({ study, comparisons }: Compared): Section[] {
  const sections = comparisons.flatMap((one) => comparisonSections(study, one));
  if (comparisons[0]!.budget === null) return sections;
  const body = figureHtml(budgetCurve(comparisons), 'budget curve');
  return [{ heading: 'How much data it takes', body }, ...sections];
}

/** The verdict of a study in words, budget by budget where it has some. */
export const verdictOf = ({ comparisons }: Compared): string[] =>
  comparisons.flatMap(({ budget, verdict }) =>
    verdict.map((line, i) =>
      i === 0 && budget !== null
        ? `At most ${budget} training materials of a class: ${line}`
        : line,
    ),
  );

/** What a study's page opens with; its tone is the verdict on macro-F1 with most materials. */
export const leadOf = (compared: Compared): Lead => ({
  tone: compared.comparisons.at(-1)!.best?.overall.verdict ?? 'undecided',
  lines: verdictOf(compared),
});
