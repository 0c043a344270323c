import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CellResult } from '../../benchmark/cells/result.ts';
import { type Best, rareAlone } from '../../benchmark/comparison/best.ts';
import type { StudyComparison } from '../../benchmark/comparison/compare.ts';
import { inWords } from '../../benchmark/comparison/verdict.ts';
import type { Learned } from '../../benchmark/pools/gan-learning.ts';
import type { StudyResults } from '../../benchmark/study/folder.ts';
import type { Study } from '../../benchmark/study/study.ts';
import { packageRoot } from '../../common/paths.ts';
import type { Drawing } from '../draw/figure.ts';
import {
  armsFigure,
  budgetCurve,
  classChangeFigure,
  confusionChangeFigure,
  intervalFigure,
  settingCurves,
  sharesFigure,
} from '../figures/comparison.ts';
import {
  escapeHtml,
  figureHtml,
  foldedBody,
  foldedHtml,
  galleryHtml,
  type Lead,
  page,
  type Section,
  slidesHtml,
  tableHtml,
  textHtml,
} from './page.ts';
import type { DataPictures, ProbePictures, SamplePictures, StudyParts } from './study-pictures.ts';
import { armRows, classRows, differenceRows, shareRows, tuningRows } from './study-text.ts';

/** A study and what came of it: one comparison a budget, ascending; one where it has none. */
export interface Compared {
  study: Study;
  comparisons: readonly StudyComparison[];
  /** Results that do not belong to the others, and why: named, and in no figure. */
  leftOut?: StudyResults['leftOut'];
}

/** Figures by file name. */
export type Figures = Record<string, Drawing>;

/** The figures of one comparison by file name. */
export function comparisonFigures(study: Study, comparison: StudyComparison): Figures {
  const figures: Figures = {
    'arms-macro-f1': (width) => armsFigure(comparison, 'macroF1', width),
    'arms-few-recall': (width) => armsFigure(comparison, 'fewRecall', width),
  };
  if (comparison.against.macroF1.length > 0) {
    figures['interval-macro-f1'] = (width) => intervalFigure(comparison, 'macroF1', width);
  }
  if (comparison.against.fewRecall.length > 0) {
    figures['interval-few-recall'] = (width) => intervalFigure(comparison, 'fewRecall', width);
  }
  if (comparison.shares.length > 0) {
    figures.shares = (width) => sharesFigure(comparison, width);
  }
  if (comparison.classes.length > 0) {
    figures['class-change'] = (width) => classChangeFigure(comparison, width);
  }
  if (comparison.confusions.length > 0) {
    figures.confusions = (width) => confusionChangeFigure(comparison, width);
  }
  return { ...figures, ...settingCurves(study, comparison) };
}

/** All figures of a study by file name; those of a budget end in `-b` and the budget. */
export function studyFigures({ study, comparisons }: Compared): Figures {
  const figures: Figures = {};
  for (const comparison of comparisons) {
    const ending = comparison.budget === null ? '' : `-b${comparison.budget}`;
    const own = comparisonFigures(study, comparison);
    for (const [name, draw] of Object.entries(own)) figures[`${name}${ending}`] = draw;
  }
  if (comparisons[0]!.budget !== null) {
    figures['budget-curve'] = (width) => budgetCurve(comparisons, width);
  }
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
  const body = figureHtml((width) => budgetCurve(comparisons, width), 'budget curve');
  return [{ heading: 'How much data it takes', body }, ...sections];
}

/** Results that a page names and does not compare, at most these one by one. */
const NAMED = 5;

const leftOutInWords = (leftOut: StudyResults['leftOut']): string => {
  const named = leftOut.slice(0, NAMED).map(({ cell, reason }) => `${cell} ${reason}`);
  const more = leftOut.length > NAMED ? `; and ${leftOut.length - NAMED} more` : '';
  return `Left out, because they do not belong to the others: ${named.join('; ')}${more}.`;
};

/** The verdict of a study in words, budget by budget where it has some. */
export const verdictOf = ({ comparisons, leftOut = [] }: Compared): string[] => [
  ...comparisons.flatMap(({ budget, verdict }) =>
    verdict.map((line, i) =>
      i === 0 && budget !== null
        ? `At most ${budget} training materials of a class: ${line}`
        : line,
    ),
  ),
  ...(leftOut.length > 0 ? [leftOutInWords(leftOut)] : []),
];

/** Whether what an arm did for rare groups is what its page opens with. */
const rareHelped = (best: Best | null): boolean =>
  best?.overall.verdict === 'undecided' && best.few?.verdict === 'helped' && rareAlone(best);

/** The command that follows from a verdict: use the arm, look closer, or leave it. */
function nextCommand({ study, comparisons }: Compared, again: string): string | null {
  const { best, baseline } = comparisons.at(-1)!;
  if (!best) return null;
  const verdict = rareHelped(best) ? 'helped' : best.overall.verdict;
  const arm = study.arms.find(({ name }) => name === (verdict === 'hurt' ? baseline : best.arm))!;
  const words = arm.techniques.length > 0 ? ` --technique ${arm.techniques.join(',')}` : '';
  if (verdict === 'hurt') return `npx gan classify train${words}`;
  if (verdict === 'undecided' || !arm.synthetic.startsWith('gan')) return again;
  const cut = arm.undersample > 0 ? ` --undersample ${arm.undersample}` : '';
  return [
    `npx gan mix --fill ${arm.fillTo}${cut}    # after gan train, gan sample and gan score`,
    `npx gan classify train --mixture${words}`,
  ].join('\n');
}

/**
 * What a study's page opens with: the first sentence of its verdict (with budgets one of each), the
 * rest folded, and what to do next. Its tone is the verdict on macro-F1 with most materials, or on rare
 * groups where these alone were helped.
 */
export function leadOf(compared: Compared, again: string): Lead {
  const { best } = compared.comparisons.at(-1)!;
  const rare = rareHelped(best);
  const first = new Set(compared.comparisons.map(({ verdict }) => verdict[0]!));
  if (rare) first.add(inWords(best!.few!));
  const isFirst = (line: string): boolean => [...first].some((one) => line.endsWith(one));
  const last = compared.comparisons.at(-1)!.verdict.at(-1)!;
  const command = nextCommand(compared, again);
  const lines = verdictOf(compared);
  return {
    tone: rare ? 'helped' : (best?.overall.verdict ?? 'undecided'),
    ...(rare && { badge: 'rare groups helped' }),
    lines: lines.filter(isFirst),
    more: lines.filter((line) => !isFirst(line) && !(command && line === last)),
    ...(command && { next: { text: last, command } }),
  };
}

/** What a page says of itself. */
export interface PageText {
  title: string;
  subtitle: string;
  /** The command that makes all of it again. */
  command: string;
  /** The command that looks closer where nothing was decided. */
  closer: string;
}

/** Everything that a study's page is made of. */
export interface StudyReport extends PageText {
  compared: Compared;
  outcomes: readonly CellResult[];
  parts: StudyParts;
}

const dataSection = ({ histogram, sheet }: DataPictures): Section => ({
  heading: 'How imbalanced the data are',
  body:
    figureHtml(histogram, 'training samples of each space group') +
    figureHtml(sheet, 'example triplets'),
});

const learnedRows = (learned: readonly Learned[]): string[][] => [
  ['feature space', 'KID, trained generator', 'KID, untrained generator'],
  ...learned.map(({ space, trained, untrained }) => [
    space,
    trained.toPrecision(3),
    untrained.toPrecision(3),
  ]),
];

const LEGEND =
  'The rarest classes: real triplets (grey edge), the most and the least realistic synthetic ones, accepted (green) and rejected (orange). Each has its passport below it.';

/** The sections of a page about the samples. */
function sampleSections({ gallery, figures, learned }: SamplePictures): Section[] {
  const realism = figureHtml(figures.realism, 'realism of the samples');
  const floors = figureHtml(
    figures.floors,
    'precision, recall, density and coverage beside their floors',
  );
  const table = learned.length > 0 ? tableHtml(learnedRows(learned)) : '';
  const sections = [
    {
      heading: 'Real and synthetic',
      body: textHtml(LEGEND) + galleryHtml(gallery) + table + realism + floors,
    },
  ];
  if (!figures.mix) return sections;
  const body = figureHtml(figures.mix, 'class counts before and after mixing');
  return [...sections, { heading: 'What the classifier trained on', body }];
}

/** The section of a page about the boundary; the slider comes first. */
const probeSection = ({ pair, figures, frames }: ProbePictures): Section => ({
  heading: `At the boundary of ${pair.join(' and ')}`,
  body:
    (frames.length > 0 ? slidesHtml(frames, `position between ${pair.join(' and ')}`) : '') +
    figures.map(({ draw, name }) => figureHtml(draw, name)).join(''),
});

/** The sections of a study's parts, by where they stand in the page. */
function partSections({ data, samples, probes }: StudyParts): {
  first: Section[];
  last: Section[];
} {
  const first =
    typeof data === 'string'
      ? { heading: 'How imbalanced the data are', body: textHtml(data) }
      : dataSection(data);
  const drawn = typeof samples === 'string' ? [] : sampleSections(samples);
  if (typeof samples === 'string' && samples === probes) {
    return { first: [first], last: [{ heading: 'Real and synthetic', body: textHtml(samples) }] };
  }
  const missing = (heading: string, part: unknown): Section[] =>
    typeof part === 'string' ? [{ heading, body: textHtml(part) }] : [];
  const boundary = typeof probes === 'string' ? [] : [probeSection(probes)];
  return {
    first: [first],
    last: [
      ...boundary,
      ...missing('At the boundary', probes),
      ...drawn,
      ...missing('Real and synthetic', samples),
    ],
  };
}

const version = (): string =>
  (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string })
    .version;

const short = (digest: string | undefined): string => digest?.slice(0, 12) ?? '-';

/** What every result was made from: split, store, classifier and synthetic samples by digest. */
const provenanceRows = (outcomes: readonly CellResult[]): string[][] => [
  ['cell', 'split', 'real', 'synthetic', 'store', 'classifier', 'archive', 'GAN'],
  ...outcomes.map(({ cell, split, training, digests }) => [
    cell,
    String(split),
    String(training.real),
    String(training.synthetic),
    ...[digests.store, digests.classifier, digests.archive, digests.gan].map(short),
  ]),
];

function provenance({ compared, outcomes }: StudyReport): Section {
  const { study } = compared;
  const tested = new Set(outcomes.flatMap(({ predictions }) => predictions.materials)).size;
  const facts = [
    `${outcomes.length} results on the store "${study.data}", judged on ${tested} real ${study.comparedOn} materials that no arm learned from; written by cbed-gan ${version()}.`,
    `Digests of SHA-256, their first 12 characters; the study is ${short(outcomes[0]?.digests.study)}.`,
  ];
  return {
    heading: 'Where it comes from',
    body:
      facts.map(textHtml).join('') +
      foldedBody('every result', tableHtml(provenanceRows(outcomes))),
  };
}

/** The sections of a study's page, in order. */
export function studyReportSections(report: StudyReport): Section[] {
  const { compared, parts, command } = report;
  const { first, last } = partSections(parts);
  const settings = JSON.stringify(compared.study, null, 2);
  return [
    ...first,
    ...studySections(compared),
    ...last,
    provenance(report),
    {
      heading: 'How to repeat it',
      body: `<pre>${escapeHtml(command)}</pre>${foldedHtml('resolved settings', settings)}`,
    },
  ];
}

/** The self-contained page of a study: opens with the verdict. */
export const studyPage = (report: StudyReport): string =>
  page({
    title: report.title,
    subtitle: report.subtitle,
    lead: leadOf(report.compared, report.closer),
    sections: studyReportSections(report),
  });
