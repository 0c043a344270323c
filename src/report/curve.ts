import * as Plot from '@observablehq/plot';
import { type FigureText, figure, PALETTE } from './figure.ts';

/** One line of a curve: a value with its spread at each position. */
export interface CurveSeries {
  name: string;
  points: { x: string; mean: number; sd: number }[];
}

/** One panel: a statistic against what was varied. */
export interface CurvePanel {
  label: string;
  series: readonly CurveSeries[];
}

/** Colours of lines; where there are more arms, the pattern of the line tells them apart. */
const styleOf = (index: number): { colour: string; dash: string } => ({
  colour: PALETTE[index % PALETTE.length]!,
  dash: index < PALETTE.length ? 'none' : '5 4',
});

function panelPlot(
  { label, series }: CurvePanel,
  axis: { label: string; domain: readonly string[] },
): Plot.PlotOptions {
  const points = series.flatMap(({ points: own }, index) =>
    own
      .filter(({ mean }) => !Number.isNaN(mean))
      .map(({ x, mean, sd }) => {
        const reach = Number.isNaN(sd) ? 0 : sd;
        return { x, mean, low: mean - reach, high: mean + reach, index, ...styleOf(index) };
      }),
  );
  return {
    width: 450,
    height: 340,
    marginLeft: 56,
    x: { type: 'point', domain: [...axis.domain], label: axis.label, padding: 0.4 },
    y: { label, grid: true, nice: true, zero: false },
    marks: [
      Plot.line(points, {
        x: 'x',
        y: 'mean',
        z: 'index',
        stroke: 'colour',
        strokeDasharray: (d: { dash: string }) => d.dash,
      } as never),
      Plot.link(points, { x1: 'x', x2: 'x', y1: 'low', y2: 'high', stroke: 'colour' }),
      Plot.dot(points, { x: 'x', y: 'mean', fill: 'colour', r: 4 }),
    ],
  };
}

/** Statistics against a setting that was varied, one panel a statistic, one line an arm. */
export function curveFigure(
  text: FigureText,
  axis: { label: string; domain: readonly string[] },
  panels: readonly CurvePanel[],
): string {
  const names = panels[0]?.series.map(({ name }) => name) ?? [];
  const keys = names.map((label, index) => ({ label, colour: styleOf(index).colour }));
  return figure(
    text,
    panels.map((panel) => panelPlot(panel, axis)),
    keys,
  );
}
