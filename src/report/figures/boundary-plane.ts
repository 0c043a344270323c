import * as Plot from '@observablehq/plot';
import type { PlaneFigureData, PlanePanel } from '../../../synthetic/probing/probe-data.ts';
import { figure, isNarrow, PALETTE } from '../draw/figure.ts';

const [BLUE, ORANGE] = PALETTE;
const OTHER = '#DDDDDD';
const SHAPES = ['circle', 'square', 'star'] as const;

/** Fill of a region: colour-blind safe, light enough for the marks above it. */
const REGION = ['#9CC9E8', '#F2B58A', OTHER] as const;

/** The axis from its first to its last point, less a tenth of a step at either end. */
const shown = (axis: readonly number[]): [number, number] => {
  const margin = 0.1 * (axis[1]! - axis[0]!);
  return [axis[0]! + margin, axis.at(-1)! - margin];
};

function panelOptions(
  data: PlaneFigureData,
  panel: PlanePanel,
  { width, labelled }: { width: number; labelled: boolean },
): Plot.PlotOptions {
  const { x, y, points } = data;
  const columns = x.length;
  const [dx, dy] = [x[1]! - x[0]!, y[1]! - y[0]!];
  const cells = Array.from(panel.region, (region, i) => ({
    x: x[i % columns]!,
    y: y[Math.floor(i / columns)]!,
    region,
  }));
  const half = { x: dx / 2, y: dy / 2 };
  return {
    width,
    height: 330,
    marginLeft: labelled ? 56 : 26,
    marginTop: 26,
    // A contour is closed along the outermost points: just outside what is shown.
    x: { label: 'toward the partner', domain: shown(x) },
    y: {
      label: labelled ? 'toward the sample' : null,
      domain: shown(y),
    },
    color: { type: 'identity' },
    marks: [
      Plot.rect(cells, {
        x1: (d: { x: number }) => d.x - half.x,
        x2: (d: { x: number }) => d.x + half.x,
        y1: (d: { y: number }) => d.y - half.y,
        y2: (d: { y: number }) => d.y + half.y,
        fill: (d: { region: number }) => REGION[d.region as 0 | 1 | 2],
        shapeRendering: 'crispEdges',
        clip: true,
      }),
      Plot.contour(Array.from(panel.margin), {
        width: columns,
        height: y.length,
        x1: x[0]! - half.x,
        x2: x.at(-1)! + half.x,
        y1: y[0]! - half.y,
        y2: y.at(-1)! + half.y,
        clip: true,
        value: (d: number) => d,
        thresholds: [0],
        stroke: '#222',
        strokeWidth: 1.6,
        fill: 'none',
      }),
      Plot.dot(points, {
        x: (d: readonly number[]) => d[0],
        y: (d: readonly number[]) => d[1],
        symbol: (_d: unknown, i: number) => SHAPES[i],
        r: 7,
        fill: (_d: unknown, i: number) => [BLUE, ORANGE, '#000000'][i],
        stroke: 'white',
        strokeWidth: 1.5,
      }),
      Plot.text([panel.name], { frameAnchor: 'top', dy: -14, fontWeight: 'bold' }),
    ],
    symbol: { type: 'identity' } as never,
  };
}

/**
 * The plane of images through a real triplet of a class, a real triplet of its partner and a
 * synthetic one between them, as several classifiers divide it.
 */
export function planeFigure(data: PlaneFigureData, width?: number): string {
  const { spaceGroup, partner, panels, agreement } = data;
  const agreeing =
    agreement === null
      ? 'one classifier'
      : `${panels.length} classifiers of different seeds agree on ${(100 * agreement).toFixed(0)} % of the plane`;
  return figure(
    {
      title: `Plane through three triplets: space groups ${spaceGroup} and ${partner}`,
      subtitle: `${agreeing}; black line: equal probability of both`,
      caption:
        data.caption ??
        'axes: root mean square of grey levels; circle: real triplet of the class, square: real triplet of the partner, star: the synthetic one',
    },
    panels.map((panel, i) => {
      if (width !== undefined && isNarrow(width)) {
        return panelOptions(data, panel, { width, labelled: true });
      }
      return panelOptions(data, panel, { width: i === 0 ? 330 : 300, labelled: i === 0 });
    }),
    [
      { label: `space group ${spaceGroup}`, colour: REGION[0] },
      { label: `space group ${partner}`, colour: REGION[1] },
      { label: 'any other', colour: REGION[2] },
    ],
    width,
  );
}
