import * as Plot from '@observablehq/plot';
import { median } from '../../common/quantile.ts';
import { figure, PALETTE } from '../draw/figure.ts';

export interface MarginData {
  spaceGroup: number;
  partner: number;
  /** log p(class) - log p(partner) of each triplet, by kind. */
  real: readonly number[];
  realPartner: readonly number[];
  random: readonly number[];
  boundary: readonly number[];
  /** The same boundary samples under classifiers of other seeds. */
  boundaryElsewhere: readonly number[];
}

const [BLUE, ORANGE, GREEN, PINK] = PALETTE;
/** Margins beyond this many nats stand in the outermost bin. */
const REACH = 12;
const BINS = 24;

/** How far from the boundary real and synthetic triplets lie: one histogram a kind, shares of it. */
export function marginFigure(data: MarginData): string {
  const { spaceGroup, partner } = data;
  const kinds = [
    { name: `real ${spaceGroup}`, values: data.real, colour: BLUE },
    { name: `real ${partner}`, values: data.realPartner, colour: ORANGE },
    { name: `random synthetic ${spaceGroup}`, values: data.random, colour: GREEN },
    { name: `boundary synthetic ${spaceGroup}`, values: data.boundary, colour: PINK },
    { name: 'the same, other seeds', values: data.boundaryElsewhere, colour: '#555555' },
  ].filter(({ values }) => values.length > 0);
  const label = (kind: (typeof kinds)[number]): string => `${kind.name} (${kind.values.length})`;
  const bars = kinds.flatMap((kind) =>
    histogram(kind.values).map((bar) => ({ ...bar, kind: label(kind), colour: kind.colour })),
  );
  const middles = kinds.map((kind) => ({
    kind: label(kind),
    m: Math.max(-REACH, Math.min(REACH, median(kind.values))),
  }));
  return figure(
    {
      title: `Distance from the boundary between space groups ${spaceGroup} and ${partner}`,
      subtitle: `margin ln p(${spaceGroup}) - ln p(${partner}) of the guide; right of 0 it says ${spaceGroup}; bar: median`,
      caption: `margins beyond ${REACH} stand at the edge; in brackets: triplets`,
    },
    {
      width: 760,
      height: 70 + 92 * kinds.length,
      marginLeft: 60,
      marginRight: 200,
      x: { label: 'margin (nats) →', domain: [-REACH - 0.5, REACH + 0.5] },
      y: { label: 'share', ticks: 3, tickFormat: '%', grid: true },
      fy: { label: null, domain: kinds.map(label), padding: 0.18 },
      color: { type: 'identity' },
      marks: [
        Plot.rectY(bars, {
          x1: 'from',
          x2: 'to',
          y: 'share',
          fy: 'kind',
          fill: 'colour',
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        Plot.ruleX([0], { stroke: '#222', strokeDasharray: '4,3' }),
        Plot.ruleX(middles, { x: 'm', fy: 'kind', stroke: '#222', strokeWidth: 2.5 }),
        Plot.ruleY([0]),
      ],
    },
  );
}

function histogram(values: readonly number[]): { from: number; to: number; share: number }[] {
  const width = (2 * REACH) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor((value + REACH) / width);
    counts[Math.max(0, Math.min(BINS - 1, bin))]!++;
  }
  return counts.map((count, bin) => ({
    from: -REACH + bin * width,
    to: -REACH + (bin + 1) * width,
    share: count / values.length,
  }));
}
