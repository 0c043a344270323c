import type { ProbedImages } from '../../../synthetic/probing/image-probe.ts';
import type { ProbedPair } from '../../../synthetic/probing/pair-probe.ts';
import { crossingFigure, movedAtomsFigure, stripFigure } from './boundary-path.ts';
import { planeFigure } from './boundary-plane.ts';
import { embeddingFigure, marginFigure, pairFigure } from './boundary-sets.ts';

/** A figure and the name of its file, without an ending. */
export interface NamedFigure {
  name: string;
  svg: string;
}

/** The figures of a probed pair; what crosses the boundary only where the generator knows discs. */
export async function pairProbeFigures(probed: ProbedPair): Promise<NamedFigure[]> {
  return [
    { name: 'plane', svg: planeFigure(probed.plane) },
    ...(probed.strip ? [{ name: 'strip', svg: await stripFigure(probed.strip) }] : []),
    { name: 'margins', svg: marginFigure(probed.margins) },
    { name: 'embedding', svg: embeddingFigure(probed.embedding) },
    ...(probed.crossing ? [{ name: 'crossing', svg: crossingFigure(probed.crossing) }] : []),
    ...(probed.moved
      ? [{ name: 'atoms', svg: movedAtomsFigure({ ...probed.moved, ...probed.margins }) }]
      : []),
  ];
}

/** The four figures of images of one's own around a boundary. */
export const imageProbeFigures = (probed: ProbedImages): NamedFigure[] => [
  { name: 'plane', svg: planeFigure(probed.plane) },
  { name: 'margins', svg: marginFigure(probed.margins) },
  { name: 'embedding', svg: embeddingFigure(probed.embedding) },
  { name: 'pairs', svg: pairFigure(probed.pairs) },
];
