import * as Plot from '@observablehq/plot';
import { COLOURS, figure, isNarrow } from '../draw/figure.ts';

/** Training triplets of a class before and after mixing. */
export interface MixedClass {
  spaceGroup: number;
  /** Real ones before. */
  before: number;
  /** Real ones that stay. */
  real: number;
  synthetic: number;
}

const KINDS = {
  real: COLOURS.real,
  'left out': COLOURS.leftOut,
  synthetic: COLOURS.synthetic,
} as const;

/** Class counts before and after mixing: real triplets kept and left out, synthetic ones added. */
export function mixFigure(classes: readonly MixedClass[], width?: number): string {
  const ordered = [...classes].sort((a, b) => b.before - a.before || a.spaceGroup - b.spaceGroup);
  const bars = ordered.flatMap(({ spaceGroup, before, real, synthetic }) => [
    { group: String(spaceGroup), from: 0, to: real, colour: COLOURS.real },
    { group: String(spaceGroup), from: real, to: real + synthetic, colour: COLOURS.synthetic },
    {
      group: String(spaceGroup),
      from: real + synthetic,
      to: Math.max(before, real + synthetic),
      colour: KINDS['left out'],
    },
  ]);
  const ticks = ordered.map(({ spaceGroup, before }) => ({ group: String(spaceGroup), before }));
  const sum = (key: 'before' | 'real' | 'synthetic') => classes.reduce((all, c) => all + c[key], 0);
  const most = Math.max(1, ...ordered.map((c) => Math.max(c.before, c.real + c.synthetic)));
  const across = width ?? Math.max(520, 90 + 22 * ordered.length);
  const groups = ordered.map((c) => String(c.spaceGroup));
  // As many numbers below the bars as can stand there side by side.
  const every = Math.max(1, Math.ceil((14 * groups.length) / (across - 80)));
  return figure(
    {
      title: 'Training triplets before and after mixing',
      subtitle: `${sum('before')} real before; after: ${sum('real')} real and ${sum('synthetic')} synthetic`,
      caption: 'A black tick marks the count before. Validation and test data are untouched.',
    },
    {
      width: across,
      height: 380,
      marginLeft: 60,
      marginBottom: 56,
      x: {
        domain: groups,
        ticks: groups.filter((_, i) => i % every === 0),
        label: 'space group, most frequent first',
        tickRotate: ordered.length > 20 || isNarrow(across) ? -90 : 0,
      },
      // A square root, so that the rare classes, which mixing is about, can be seen beside the common.
      y: {
        type: 'sqrt',
        domain: [0, 1.05 * most],
        label: 'training triplets (square-root scale)',
        grid: true,
      },
      marks: [
        Plot.rectY(bars, { x: 'group', y1: 'from', y2: 'to', fill: 'colour', inset: 1 } as never),
        Plot.tickY(ticks, { x: 'group', y: 'before', stroke: 'black', strokeWidth: 1.5 }),
        Plot.ruleY([0]),
      ],
    },
    Object.entries(KINDS).map(([label, colour]) => ({ label, colour })),
    width,
  );
}
