import * as Plot from '@observablehq/plot';
import type { History, Trace } from '../../../classifier/classifier.ts';
import type { CalibrationBin, Report } from '../../../classifier/metrics.ts';
import { percentText } from '../../common/log.ts';
import { type CrystalSystem, crystalSystem } from '../../crystal/spacegroup.ts';
import { BANDS_TEXT, FEW_BELOW, MANY_ABOVE } from '../../dataset/census.ts';
import { figure, isNarrow, type Key, PALETTE, SYSTEM_COLOURS } from '../draw/figure.ts';
import { boxLines } from './boxes.ts';

const SYSTEMS = Object.keys(SYSTEM_COLOURS) as CrystalSystem[];

const systemKeys = (spaceGroups: readonly number[]): Key[] => {
  const present = new Set(spaceGroups.map(crystalSystem));
  return SYSTEMS.filter((system) => present.has(system)).map((system) => ({
    label: system,
    colour: SYSTEM_COLOURS[system]!,
  }));
};

/** Space groups from low to high symmetry. Their numbers already run through the systems in order. */
const bySystem = (spaceGroups: readonly number[]): number[] =>
  [...spaceGroups].sort(
    (a, b) => SYSTEMS.indexOf(crystalSystem(a)) - SYSTEMS.indexOf(crystalSystem(b)) || a - b,
  );

/** Triplets of a space group that were taken for one, as a share of them. */
interface Confused {
  spaceGroup: number;
  predicted: number;
  share: number;
}

const SHARES = { scheme: 'blues', domain: [0, 1] } as const;

/** Confusion without a table of all by all: for each group those that it is taken for. */
function confusionLines(cells: readonly Confused[], subtitle: string, width: number): string {
  const sorted = [...cells].sort((a, b) => b.share - a.share);
  const { boxes, options, placed } = boxLines(sorted, 'true', width);
  return figure(
    {
      title: 'What each space group is taken for',
      subtitle: `${subtitle}, in the boxes in percent`,
    },
    {
      ...options,
      color: SHARES,
      marks: [
        Plot.cell(boxes, { ...placed, fill: 'share', inset: 0.5 }),
        Plot.text(boxes, {
          ...placed,
          text: ({ predicted, share }: Confused) => `${predicted}: ${(100 * share).toFixed(0)}`,
          fill: ({ share }: Confused) => (share > 0.6 ? 'white' : 'black'),
          fontSize: 10.5,
        }),
      ],
    },
    [],
    width,
  );
}

/** Rows: true group, columns: predicted group, shade: share of the row; ordered by crystal system. */
export function confusionFigure(report: Report, width?: number): string {
  const tested = report.perClass.filter(({ support }) => support > 0);
  const order = bySystem(report.perClass.map(({ spaceGroup }) => spaceGroup)).map(String);
  const groups = report.perClass.map(({ spaceGroup }) => spaceGroup);
  const cells = report.confusion.flatMap((row, truth) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row
      .map((count, predicted) => ({
        spaceGroup: groups[truth]!,
        predicted: groups[predicted]!,
        share: total > 0 ? count / total : 0,
      }))
      .filter(({ share }) => share > 0);
  });
  const subtitle = `${report.count} test triplets of ${tested.length} groups; shade: share of the true group`;
  if (width !== undefined && isNarrow(width)) return confusionLines(cells, subtitle, width);
  const pitch = order.length > 40 ? 13 : 20;
  const side = 90 + pitch * order.length;
  const axis = { domain: order, type: 'band' as const, tickSize: 0, padding: 0.04 };
  const ticks = order.map((group) => ({
    group,
    colour: SYSTEM_COLOURS[crystalSystem(Number(group))]!,
  }));
  return figure(
    {
      title: 'Confusion between space groups, ordered by crystal system',
      subtitle,
    },
    {
      width: side,
      height: side,
      marginLeft: 60,
      marginBottom: 64,
      x: { ...axis, axis: 'bottom', label: 'predicted', labelOffset: 58, tickRotate: -90 },
      y: { ...axis, label: 'true' },
      color: SHARES,
      marks: [
        Plot.cell(cells, {
          x: ({ predicted }: Confused) => `${predicted}`,
          y: ({ spaceGroup }: Confused) => `${spaceGroup}`,
          fill: 'share',
        }),
        Plot.dot(ticks, {
          x: 'group',
          y: () => order.at(-1),
          dy: pitch / 2 + 3,
          r: 2.5,
          fill: 'colour',
        }),
        Plot.dot(ticks, {
          x: () => order[0],
          y: 'group',
          dx: -pitch / 2 - 3,
          r: 2.5,
          fill: 'colour',
        }),
      ],
    },
    systemKeys(groups),
  );
}

/** Points whose labels do not run into that of a point before them. */
function withoutCollisions<T extends { count: number; f1: number }>(rows: readonly T[]): T[] {
  const kept: T[] = [];
  for (const row of rows) {
    const near = ({ count, f1 }: T) =>
      Math.abs(Math.log10(count / row.count)) < 0.05 && Math.abs(f1 - row.f1) < 0.045;
    if (!kept.some(near)) kept.push(row);
  }
  return kept;
}

/** F1 of each class against its training examples: the picture of the imbalance. */
export function scoreFigure(report: Report, width = 720): string {
  const rows = report.perClass
    .filter(({ support, trainCount }) => support > 0 && trainCount !== null)
    .map((score) => ({
      ...score,
      count: Math.max(1, score.trainCount!),
      colour: SYSTEM_COLOURS[crystalSystem(score.spaceGroup)]!,
    }));
  const absent = report.absent.length;
  return figure(
    {
      title: 'F1 of each space group against its training materials',
      subtitle: `macro-F1 ${report.macroF1.toFixed(3)}; bands ${BANDS_TEXT}`,
      ...(absent > 0 && {
        caption: `${absent} ${absent === 1 ? 'group has' : 'groups have'} no test example: ${report.absent.join(', ')}`,
      }),
    },
    {
      width,
      height: 420,
      x: { type: 'log', label: 'training materials', grid: true },
      y: { domain: [0, 1.04], label: 'F1', grid: true },
      marks: [
        Plot.ruleX([FEW_BELOW, MANY_ABOVE], { stroke: '#bbb', strokeDasharray: '4 3' }),
        Plot.ruleY([0]),
        Plot.dot(rows, { x: 'count', y: 'f1', fill: 'colour', r: 4.5, fillOpacity: 0.85 }),
        Plot.text(withoutCollisions(rows), {
          x: 'count',
          y: 'f1',
          text: 'spaceGroup',
          dy: -10,
          fontSize: 10,
          fill: '#444',
        }),
      ],
    },
    systemKeys(rows.map(({ spaceGroup }) => spaceGroup)),
    width,
  );
}

/** Accuracy against confidence in 15 bins; dot area: predictions in the bin. */
export function reliabilityFigure(
  bins: readonly CalibrationBin[],
  ece: number,
  width = 480,
): string {
  const rows = bins.filter(({ count }) => count > 0);
  return figure(
    {
      title: 'Reliability of the probabilities',
      subtitle: `expected calibration error ${percentText(ece)}; below the line: too confident`,
    },
    {
      width,
      height: 460,
      x: { domain: [0, 1], label: 'confidence' },
      y: { domain: [0, 1], label: 'accuracy' },
      r: { range: [2, 16] },
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: '#999', strokeDasharray: '4 3' },
        ),
        Plot.line(rows, { x: 'confidence', y: 'accuracy', stroke: PALETTE[0] }),
        Plot.dot(rows, {
          x: 'confidence',
          y: 'accuracy',
          r: 'count',
          fill: PALETTE[0],
          fillOpacity: 0.6,
        }),
      ],
    },
  );
}

/** Training loss, and validation loss and macro-F1, over the updates; the kept weights marked. */
export function learningFigure(history: History, bestUpdate: number, width?: number): string {
  const x = { label: 'updates', grid: true };
  const size = { width: Math.min(460, width ?? 460), height: 340, x };
  return figure(
    {
      title: 'Learning curves',
      subtitle: `the weights of update ${bestUpdate} were kept`,
    },
    [
      {
        ...size,
        y: { label: 'loss', grid: true, zero: true },
        marks: [
          Plot.line(history.losses, { x: 'update', y: 'loss', stroke: PALETTE[0] }),
          Plot.line(history.validation, {
            x: 'update',
            y: 'loss',
            stroke: PALETTE[1],
            marker: true,
          }),
        ],
      },
      {
        ...size,
        y: { label: 'validation macro-F1', domain: [0, 1], grid: true },
        marks: [
          Plot.ruleX([bestUpdate], { stroke: '#999', strokeDasharray: '4 3' }),
          Plot.line(history.validation, {
            x: 'update',
            y: 'macroF1',
            stroke: PALETTE[1],
            marker: true,
          }),
        ],
      },
    ],
    [
      { label: 'training', colour: PALETTE[0] },
      { label: 'validation', colour: PALETTE[1] },
    ],
    width,
  );
}

/** Validation macro-F1 against the number of training rows, as searching techniques recorded it. */
export function searchFigure(traces: readonly Trace[], width = 640): string {
  const rows = traces.map((trace) => ({
    rows: Number(trace.rows),
    macroF1: Number(trace.macroF1),
    series: String(trace.strategy ?? 'progressive undersampling'),
    kept: trace.accepted === undefined || trace.accepted === 1,
  }));
  const series = [...new Set(rows.map((row) => row.series))];
  const colour = (row: { series: string }) => PALETTE[series.indexOf(row.series) % PALETTE.length]!;
  return figure(
    {
      title: 'Validation macro-F1 against training rows',
      subtitle: 'each point is a short training; a hollow point was not accepted',
    },
    {
      width,
      height: 380,
      x: { label: 'training rows', grid: true, nice: true },
      y: { label: 'validation macro-F1', grid: true, nice: true },
      marks: [
        Plot.line(rows, { x: 'rows', y: 'macroF1', z: 'series', stroke: colour }),
        Plot.dot(rows, {
          x: 'rows',
          y: 'macroF1',
          stroke: colour,
          fill: (row: { kept: boolean; series: string }) => (row.kept ? colour(row) : 'white'),
          r: 4,
        }),
      ],
    },
    series.map((label) => ({ label, colour: colour({ series: label }) })),
    width,
  );
}
