import * as Plot from '@observablehq/plot';
import { figure, PALETTE } from '../draw/figure.ts';
import { dataUrl } from '../draw/raster.ts';

export interface StripData {
  spaceGroup: number;
  partner: number;
  /** Side of the patterns. */
  size: number;
  /** Triplets along the path, with their positions. */
  frames: readonly { t: number; pixels: Uint8Array }[];
  /** Probabilities along the path. */
  curve: readonly { t: number; own: number; partner: number }[];
  /** Where the two are equal; null where they never are. */
  crossing: number | null;
}

const [BLUE, ORANGE, , , , , GREY] = PALETTE;
const WIDTH = 1120;
const CELL = 100;
/** Heights above the probabilities at which the three zone axes stand. */
const ROWS = [1.3, 1.78, 2.26] as const;
const TOP = 2.52;
const HEIGHT = 660;
/** Patterns are dark: what they are multiplied with to be seen. */
const GAIN = 1.7;

async function framePictures({ frames, size }: StripData) {
  const planes = frames.flatMap(({ t, pixels }) =>
    ROWS.map(async (_, zone) => {
      const data = new Uint8Array(size * size);
      for (let i = 0; i < data.length; i++) data[i] = Math.min(255, GAIN * pixels[3 * i + zone]!);
      const picture = { data, width: size, height: size, channels: 1 as const };
      return { t, y: ROWS[ROWS.length - 1 - zone]!, src: await dataUrl(picture, 2) };
    }),
  );
  return Promise.all(planes);
}

/**
 * Synthetic triplets of one latent vector on the way from a class to its partner, and below them
 * what the guide makes of each point of the way.
 */
export async function stripFigure(data: StripData): Promise<string> {
  const { spaceGroup, partner, curve, crossing } = data;
  const images = await framePictures(data);
  const curves = curve.flatMap(({ t, own, partner: other }) => [
    { t, p: own, which: BLUE },
    { t, p: other, which: ORANGE },
    { t, p: Math.max(0, 1 - own - other), which: GREY },
  ]);
  const mark = crossing === null ? [] : [crossing];
  return figure(
    {
      title: `From space group ${spaceGroup} to ${partner}: one latent vector along the path`,
      subtitle:
        crossing === null
          ? 'the probabilities of the two do not cross on this path'
          : `the guide changes its mind at t* = ${crossing.toFixed(3)} (dashed)`,
      caption:
        'rows: the three zone axes; the symmetry and lattice type of the class are kept all the way',
    },
    {
      width: WIDTH,
      height: HEIGHT,
      marginLeft: 70,
      marginRight: 70,
      x: {
        label: 'position t on the path (0: the class, 1: the partner)',
        domain: [0, 1],
        ticks: 9,
      },
      y: {
        label: 'probability',
        labelAnchor: 'bottom',
        domain: [0, TOP],
        ticks: [0, 0.25, 0.5, 0.75, 1],
        tickFormat: '.2f',
      },
      color: { type: 'identity' },
      marks: [
        Plot.ruleY([0, 0.5, 1], { stroke: '#ddd' }),
        Plot.ruleX(mark, { y1: 0, y2: 1, stroke: '#222', strokeDasharray: '5,4' }),
        Plot.line(curves, { x: 't', y: 'p', z: 'which', stroke: 'which', strokeWidth: 2 }),
        Plot.image(images, { x: 't', y: 'y', src: 'src', width: CELL, height: CELL }),
      ],
    },
    [
      { label: `p(${spaceGroup})`, colour: BLUE },
      { label: `p(${partner})`, colour: ORANGE },
      { label: 'all others together', colour: GREY },
    ],
  );
}
