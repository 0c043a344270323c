import * as Plot from '@observablehq/plot';
import { isNarrow, linesOfText } from '../draw/figure.ts';

/** Pixels of a character of a name, and between two lines of one. */
const CHARACTER = 7;
const LINE = 14;
/** Names up to this many characters stand beside their rows on a phone, too. */
const SHORT = 14;

/** Where the names of a chart's rows stand: options of its plot, and marks that belong to it. */
export interface NamedRows {
  options: Pick<Plot.PlotOptions, 'width' | 'height' | 'marginTop' | 'marginLeft' | 'y'>;
  marks: Plot.Markish[];
}

/**
 * The rows of a chart by their names: these to the left of the rows, or above them where the chart is
 * too narrow for both.
 *
 * @param pitch pixels a row, without a name above it; `rest` those of the axis and margins.
 */
export function namedRows(
  names: readonly string[],
  { width, pitch, rest }: { width: number; pitch: number; rest: number },
): NamedRows {
  const longest = Math.max(8, ...names.map(({ length }) => length));
  const domain = [...names];
  if (!isNarrow(width) || longest <= SHORT) {
    const marginLeft = 24 + CHARACTER * longest;
    const height = rest + pitch * names.length;
    return { options: { width, height, marginLeft, y: { domain, label: null } }, marks: [] };
  }
  const lines = names.map((name) => linesOfText(name, width, CHARACTER));
  const above = LINE * Math.max(...lines.map(({ length }) => length));
  return {
    options: {
      width,
      height: rest + (pitch + above) * names.length,
      marginTop: 26,
      marginLeft: 16,
      y: { domain, axis: null },
    },
    marks: [
      Plot.text(names, {
        y: (name: string) => name,
        text: (_: string, row: number) => lines[row]!.join('\n'),
        frameAnchor: 'left',
        lineAnchor: 'bottom',
        dy: -9,
        stroke: 'white',
        strokeWidth: 3,
        fill: '#333',
      }),
    ],
  };
}
