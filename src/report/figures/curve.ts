import * as Plot from '@observablehq/plot';
import { type FigureText, figure, isNarrow, PALETTE } from '../draw/figure.ts';

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

/** Width and height of a panel in pixels. */
const PANEL = 450;
const HEIGHT = 340;

/** Colours of lines; where there are more arms, the pattern of the line tells them apart. */
const styleOf = (index: number): { colour: string; dash: string } => ({
  colour: PALETTE[index % PALETTE.length]!,
  dash: index < PALETTE.length ? 'none' : '5 4',
});

function panelPlot(
  { label, series }: CurvePanel,
  axis: { label: string; domain: readonly string[] },
  width: number,
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
    width,
    height: HEIGHT,
    marginLeft: 56,
    x: { type: 'point', domain: [...axis.domain], label: axis.label, padding: 0.4 },
    y: { label, grid: true, nice: true, zero: false },
    marks: [
      // A mark each, for the pattern of a line belongs to its mark.
      ...series.map((_, index) => {
        const { colour, dash } = styleOf(index);
        const own = points.filter((point) => point.index === index);
        return Plot.line(own, { x: 'x', y: 'mean', stroke: colour, strokeDasharray: dash });
      }),
      Plot.link(points, { x1: 'x', x2: 'x', y1: 'low', y2: 'high', stroke: 'colour' }),
      Plot.dot(points, { x: 'x', y: 'mean', fill: 'colour', r: 4 }),
    ],
  };
}

/** Names of the lines one below the other: in a row, those of a whole study would not fit. */
function legendPlot(names: readonly string[], height: number): Plot.PlotOptions {
  const rows = names.map((name, index) => ({ name, ...styleOf(index) }));
  return {
    // As wide as the longest name, dashed or not.
    width: 60 + 7 * Math.max(...names.map(({ length }) => length + 9)),
    height,
    marginTop: 4,
    marginBottom: 4,
    marginLeft: 24,
    marginRight: 8,
    x: { axis: null, domain: [0, 1] },
    y: { type: 'point', axis: null, domain: [...names], padding: 1 },
    marks: [
      Plot.dot(rows, { x: () => 0, y: 'name', fill: 'colour', r: 4 }),
      Plot.text(rows, {
        x: () => 0,
        y: 'name',
        text: (d: { name: string; dash: string }) =>
          d.dash === 'none' ? d.name : `${d.name} (dashed)`,
        textAnchor: 'start',
        dx: 10,
      }),
    ],
  };
}

/** Statistics against a setting that was varied, one panel a statistic, one line an arm. */
export function curveFigure(
  text: FigureText,
  axis: { label: string; domain: readonly string[] },
  panels: readonly CurvePanel[],
  width?: number,
): string {
  const names = panels[0]?.series.map(({ name }) => name) ?? [];
  const narrow = width !== undefined && isNarrow(width);
  const plots = panels.map((panel) => panelPlot(panel, axis, narrow ? width : PANEL));
  if (names.length > 1) {
    const legend = legendPlot(names, narrow ? 18 * names.length + 8 : HEIGHT);
    return figure(text, [...plots, legend], [], width);
  }
  return figure(
    text,
    plots,
    names.map((label) => ({ label, colour: styleOf(0).colour })),
    width,
  );
}
