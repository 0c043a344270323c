import * as Plot from '@observablehq/plot';
import type {
  EmbeddingData,
  MarginData,
  PairCell,
  RelationCell,
} from '../../../synthetic/probing/probe-data.ts';
import { median } from '../../common/quantile.ts';
import { figure, isNarrow, PALETTE } from '../draw/figure.ts';
import { boxLines } from './boxes.ts';

const [BLUE, ORANGE, GREEN, PINK] = PALETTE;
/** Margins beyond this many nats stand in the outermost bin. */
const REACH = 12;
const BINS = 24;

/** How far from the boundary real and synthetic triplets lie: one histogram a kind, shares of it. */
export function marginFigure(data: MarginData, width = 760): string {
  const narrow = isNarrow(width);
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
      caption: `margins beyond ${REACH} stand at the edge; in brackets: triplets, bars: shares of them`,
    },
    {
      width,
      height: 70 + (narrow ? 100 : 92) * kinds.length,
      marginLeft: narrow ? 44 : 60,
      marginRight: narrow ? 14 : 200,
      x: { label: 'margin (nats) →', domain: [-REACH - 0.5, REACH + 0.5] },
      y: { label: narrow ? null : 'share', ticks: 3, tickFormat: '%', grid: true },
      fy: {
        ...(narrow ? { axis: null, padding: 0.3 } : { label: null, padding: 0.18 }),
        domain: kinds.map(label),
      },
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
        ...(narrow
          ? [Plot.text(middles, { fy: 'kind', text: 'kind', frameAnchor: 'top-left', dy: -14 })]
          : []),
      ],
    },
    [],
    width,
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

/** Real, random and boundary triplets of a pair in the features of the guide. */
export function embeddingFigure(
  { spaceGroup, partner, points, kept }: EmbeddingData,
  width = 720,
): string {
  const kinds = [
    { kind: 'real', name: `real ${spaceGroup}`, colour: BLUE, symbol: 'circle' },
    { kind: 'real partner', name: `real ${partner}`, colour: ORANGE, symbol: 'square' },
    { kind: 'random', name: `random synthetic ${spaceGroup}`, colour: GREEN, symbol: 'triangle' },
    { kind: 'boundary', name: `boundary synthetic ${spaceGroup}`, colour: PINK, symbol: 'diamond' },
  ].filter(({ kind }) => points.some((point) => point.kind === kind));
  const axis = (i: 0 | 1): string =>
    `principal component ${i + 1} (${(100 * kept[i]).toFixed(0)} % of the variance)`;
  return figure(
    {
      title: `Where triplets of space groups ${spaceGroup} and ${partner} lie in the guide's features`,
      subtitle:
        'penultimate layer, two principal components of the real triplets and samples shown',
    },
    {
      width,
      height: isNarrow(width) ? 400 : 520,
      marginLeft: 56,
      grid: true,
      inset: 12,
      x: { label: axis(0) },
      y: { label: axis(1) },
      marks: kinds.map(({ kind, colour, symbol }) =>
        Plot.dot(
          points.filter((point) => point.kind === kind),
          {
            x: 'x',
            y: 'y',
            symbol,
            fill: colour,
            fillOpacity: 0.75,
            stroke: 'white',
            strokeWidth: 0.6,
            r: kind === 'boundary' ? 5 : 4,
          },
        ),
      ),
    },
    kinds.map(({ name, colour }) => ({ label: name, colour })),
    width,
  );
}

/** Pairs confused less than this and not probed are not drawn. */
const LEAST = 0.01;

const CONFUSED_TITLE = 'Confused pairs, and where boundary samples were made';
const CONFUSED_SHADE = { scheme: 'blues', domain: [0, 0.5], clamp: true } as const;

/** Which pairs were probed, how often they are confused, how many samples were accepted. */
export function pairFigure(cells: readonly PairCell[], width?: number): string {
  const shown = cells.filter(({ confusion, accepted }) => confusion >= LEAST || accepted !== null);
  if (width !== undefined && isNarrow(width)) return pairLines(shown, width);
  const order = (key: 'spaceGroup' | 'partner'): string[] =>
    [...new Set(shown.map((cell) => cell[key]))].sort((a, b) => a - b).map(String);
  const [rows, columns] = [order('spaceGroup'), order('partner')];
  const text = shown.map((cell) => ({
    ...cell,
    spaceGroup: String(cell.spaceGroup),
    partner: String(cell.partner),
  }));
  const probed = text.filter(({ accepted }) => accepted !== null);
  const pitch = 24;
  return figure(
    {
      title: CONFUSED_TITLE,
      subtitle: `shade: mean probability of the partner on held-out triplets; framed: probed, with the number of accepted samples`,
    },
    {
      width: 130 + pitch * columns.length,
      height: 120 + pitch * rows.length,
      marginLeft: 60,
      marginBottom: 56,
      x: {
        label: 'taken for (space group)',
        domain: columns,
        tickRotate: -90,
        tickSize: 0,
        axis: 'bottom',
      },
      y: { label: 'space group', domain: rows, tickSize: 0 },
      color: CONFUSED_SHADE,
      marks: [
        Plot.cell(text, { x: 'partner', y: 'spaceGroup', fill: 'confusion', inset: 0.5 }),
        Plot.cell(probed, {
          x: 'partner',
          y: 'spaceGroup',
          fill: 'none',
          stroke: PALETTE[1],
          strokeWidth: 2,
          inset: 1,
        }),
        Plot.text(probed, {
          x: 'partner',
          y: 'spaceGroup',
          text: (d: { accepted: number }) => String(d.accepted),
          fill: (d: { confusion: number }) => (d.confusion > 0.3 ? 'white' : 'black'),
          fontSize: 10,
        }),
      ],
    },
  );
}

/** The same without a table of all by all: for each class those that it is taken for. */
function pairLines(shown: readonly PairCell[], width: number): string {
  const sorted = [...shown].sort((a, b) => b.confusion - a.confusion);
  const { boxes, options, placed } = boxLines(sorted, 'space group', width);
  const probed = boxes.filter(({ accepted }) => accepted !== null);
  return figure(
    {
      title: CONFUSED_TITLE,
      subtitle:
        'a line for each space group, a box for each that it is taken for; shade: mean probability on held-out triplets; framed: probed, with the number of accepted samples',
    },
    {
      ...options,
      color: CONFUSED_SHADE,
      marks: [
        Plot.cell(boxes, { ...placed, fill: 'confusion', inset: 0.5 }),
        Plot.cell(probed, {
          ...placed,
          fill: 'none',
          stroke: PALETTE[1],
          strokeWidth: 2,
          inset: 1,
        }),
        Plot.text(boxes, {
          ...placed,
          text: ({ partner, accepted }: PairCell) =>
            accepted === null ? `${partner}` : `${partner}: ${accepted}`,
          fill: ({ confusion }: PairCell) => (confusion > 0.3 ? 'white' : 'black'),
          fontSize: 10.5,
        }),
      ],
    },
    [],
    width,
  );
}

/** Amplitudes beyond this (angstrom) have the darkest shade. */
const DARKEST = 0.8;

/** The pairs of each class with their signs, those that cross first, the smallest amplitude in front. */
function signedRelations(cells: readonly RelationCell[]) {
  const order = ({ amplitude, from }: RelationCell): number => amplitude ?? 100 + from;
  return [...cells]
    .sort((a, b) => order(a) - order(b))
    .map((cell) => {
      const nothing = cell.unseen >= cell.seenAtOnce ? '–' : '0';
      const amplitude = cell.amplitude?.toFixed(2).replace(/^0/, '') ?? nothing;
      return { ...cell, sign: `${cell.from}: ${amplitude}` };
    });
}

/**
 * Every pair of a class and a supergroup: the amplitude at which the guide starts to see the lower
 * symmetry in distorted crystals of the higher one.
 */
export function relationFigure(cells: readonly RelationCell[], width?: number): string {
  const { boxes, options, placed } = boxLines(signedRelations(cells), 'distorted down to', width);
  const crossed = boxes.filter(({ amplitude }) => amplitude !== null);
  const flat = boxes.filter(({ amplitude }) => amplitude === null);
  const sum = (of: 'crossed' | 'tried') => cells.reduce((all, cell) => all + cell[of], 0);
  return figure(
    {
      title: 'The smallest distortion that the classifier can see',
      subtitle:
        'a line for each space group, a box for each supergroup: median amplitude (angstrom, farthest atom) from which the guide takes its distorted crystals for the group of the line',
      caption: `–: not seen on any of the distortions tried; 0: taken for the subgroup without any; ${cells.length} pairs, ${sum('crossed')} of ${sum('tried')} distortions cross`,
    },
    {
      ...options,
      color: { scheme: 'ylgnbu', domain: [0, DARKEST], clamp: true },
      marks: [
        Plot.cell(flat, { ...placed, fill: '#eee', inset: 0.5 }),
        Plot.cell(crossed, { ...placed, fill: 'amplitude', inset: 0.5 }),
        Plot.text(boxes, {
          ...placed,
          text: 'sign',
          fill: (cell: RelationCell) => ((cell.amplitude ?? 0) > DARKEST / 2 ? 'white' : 'black'),
          fontSize: 10.5,
        }),
      ],
    },
    [],
    width,
  );
}
