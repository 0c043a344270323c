import type { Report } from './metrics.ts';
import type { TaskReport } from './task-report.ts';

const figureText = (value: number | null): string => (value === null ? '-' : value.toFixed(3));

/** The main metrics in one line. */
export const reportText = (report: Report): string =>
  [
    `macro-F1 ${figureText(report.macroF1)}`,
    `balanced accuracy ${figureText(report.balancedAccuracy)}`,
    `top-1 ${figureText(report.top1)}`,
    `top-5 ${figureText(report.top5)}`,
    `recall many/medium/few ${[report.many, report.medium, report.few].map(figureText).join('/')}`,
    `ECE ${figureText(report.ece)}`,
    `${report.count} triplets`,
  ].join(', ');

/** The metrics of the other heads in one line. */
export const taskText = (tasks: TaskReport): string =>
  [
    `crystal system ${figureText(tasks.systemAccuracy)}`,
    `point group ${figureText(tasks.pointGroupAccuracy)}`,
    `lengths ${figureText(tasks.lengthError)} angstrom`,
    `angles ${figureText(tasks.angleError)} degrees`,
    `volume ${figureText(tasks.volumeError)} cubic angstrom (median ${figureText(tasks.volumeRelativeError)} of it)`,
    `elements F1 ${figureText(tasks.elementF1)}`,
  ].join(', ');

/** Precision, recall and F1 of every tested class as rows of a table, heads first. */
export const classRows = (report: Report): (string | number)[][] => [
  ['group', 'train', 'test', 'precision', 'recall', 'F1'],
  ...report.perClass
    .filter(({ support }) => support > 0)
    .map(({ spaceGroup, trainCount, support, precision, recall, f1 }) => [
      spaceGroup,
      trainCount ?? '-',
      support,
      ...[precision, recall, f1].map((value) => value.toFixed(3)),
    ]),
];
