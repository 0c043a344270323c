import * as Plot from '@observablehq/plot';
import { figure, PALETTE } from '../draw/figure.ts';

/** One pair of classes: how often it is confused, and what was sampled at its boundary. */
export interface PairCell {
  spaceGroup: number;
  partner: number;
  /** Mean probability of the partner on held-out triplets of the class, 0 to 1. */
  confusion: number;
  /** Accepted boundary samples; null where the pair was not probed. */
  accepted: number | null;
}

/** Pairs confused less than this and not probed are not drawn. */
const LEAST = 0.01;

/** Which pairs were probed, how often they are confused, how many samples were accepted. */
export function pairFigure(cells: readonly PairCell[]): string {
  const shown = cells.filter(({ confusion, accepted }) => confusion >= LEAST || accepted !== null);
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
      title: 'Confused pairs, and where boundary samples were made',
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
      color: { scheme: 'blues', domain: [0, 0.5], clamp: true, label: 'probability' },
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
