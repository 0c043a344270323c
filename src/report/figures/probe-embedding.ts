import * as Plot from '@observablehq/plot';
import { figure, PALETTE } from '../draw/figure.ts';

/** One triplet on the map. */
export interface EmbeddedPoint {
  kind: 'real' | 'real partner' | 'random' | 'boundary';
  x: number;
  y: number;
}

export interface EmbeddingData {
  spaceGroup: number;
  partner: number;
  points: readonly EmbeddedPoint[];
  /** Shares of the variance that the two axes keep. */
  kept: readonly [number, number];
}

const [BLUE, ORANGE, GREEN, PINK] = PALETTE;

/** Real, random and boundary triplets of a pair in the features of the guide. */
export function embeddingFigure({ spaceGroup, partner, points, kept }: EmbeddingData): string {
  const kinds = [
    { kind: 'real', name: `real ${spaceGroup}`, colour: BLUE, symbol: 'circle' },
    { kind: 'real partner', name: `real ${partner}`, colour: ORANGE, symbol: 'square' },
    { kind: 'random', name: `random synthetic ${spaceGroup}`, colour: GREEN, symbol: 'triangle' },
    { kind: 'boundary', name: `boundary synthetic ${spaceGroup}`, colour: PINK, symbol: 'diamond' },
  ] as const;
  const axis = (i: 0 | 1): string =>
    `principal component ${i + 1} (${(100 * kept[i]).toFixed(0)} % of the variance)`;
  return figure(
    {
      title: `Where triplets of space groups ${spaceGroup} and ${partner} lie in the guide's features`,
      subtitle:
        'penultimate layer, two principal components of the real triplets and samples shown',
    },
    {
      width: 720,
      height: 520,
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
  );
}
