import type { ProbedImages } from '../../../synthetic/probing/image-probe.ts';
import type { ProbedPair } from '../../../synthetic/probing/pair-probe.ts';
import type { Drawing } from '../draw/figure.ts';
import { crossingFigure, movedAtomsFigure, stripFigure } from './boundary-path.ts';
import { planeFigure } from './boundary-plane.ts';
import { embeddingFigure, marginFigure, pairFigure } from './boundary-sets.ts';

/** A figure and the name of its file, without an ending. */
export interface NamedFigure {
  name: string;
  draw: Drawing;
}

/** The figures of a probed pair; what crosses the boundary only where the generator knows discs. */
export async function pairProbeFigures(probed: ProbedPair): Promise<NamedFigure[]> {
  const { crossing, moved } = probed;
  return [
    { name: 'plane', draw: (width) => planeFigure(probed.plane, width) },
    ...(probed.strip ? [{ name: 'strip', draw: await stripFigure(probed.strip) }] : []),
    { name: 'margins', draw: (width) => marginFigure(probed.margins, width) },
    { name: 'embedding', draw: (width) => embeddingFigure(probed.embedding, width) },
    ...(crossing
      ? [{ name: 'crossing', draw: (width?: number) => crossingFigure(crossing, width) }]
      : []),
    ...(moved
      ? [
          {
            name: 'atoms',
            draw: (width?: number) => movedAtomsFigure({ ...moved, ...probed.margins }, width),
          },
        ]
      : []),
  ];
}

/** The four figures of images of one's own around a boundary. */
export const imageProbeFigures = (probed: ProbedImages): NamedFigure[] => [
  { name: 'plane', draw: (width) => planeFigure(probed.plane, width) },
  { name: 'margins', draw: (width) => marginFigure(probed.margins, width) },
  { name: 'embedding', draw: (width) => embeddingFigure(probed.embedding, width) },
  { name: 'pairs', draw: (width) => pairFigure(probed.pairs, width) },
];
