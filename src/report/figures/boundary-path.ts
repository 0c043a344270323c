import * as Plot from '@observablehq/plot';
import type {
  ChangedReflection,
  CrossingData,
  StripData,
} from '../../../synthetic/probing/probe-data.ts';
import type { Vec3 } from '../../crystal/crystal.ts';
import { figure, PALETTE } from '../draw/figure.ts';
import { dataUrl } from '../draw/raster.ts';

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
  const { spaceGroup, partner, curve, crossing, leader } = data;
  const images = await framePictures(data);
  const curves = curve.flatMap(({ t, own, partner: other }) => [
    { t, p: own, which: BLUE },
    { t, p: other, which: ORANGE },
    { t, p: Math.max(0, 1 - own - other), which: GREY },
  ]);
  const mark = crossing === null ? [] : [crossing];
  const there =
    leader === null
      ? ''
      : `; a third class leads there: ${leader.spaceGroup}, p = ${leader.probability.toFixed(2)}`;
  return figure(
    {
      title: `From space group ${spaceGroup} to ${partner}: one latent vector along the path`,
      subtitle:
        crossing === null
          ? 'the probabilities of the two do not cross on this path'
          : `the guide finds both equally probable at t* = ${crossing.toFixed(3)} (dashed)${there}`,
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

/** Changes of this many units of ln I have the full colour. */
const FULL = 3;
/** Reflections named in each pattern: those that change most. */
const NAMED = 5;
/** Brightness below which a disc is not drawn. */
const FAINT = 0.3;

const indices = (v: Vec3): string => v.map((i) => (i < 0 ? `${-i}\u0305` : String(i))).join('');

/** How much a change matters to the eye: by how much, and how bright it is at its brightest. */
const weight = ({ from, to }: ChangedReflection): number =>
  Math.abs(Math.max(0, to) - Math.max(0, from)) * Math.max(from, to, 0);

function panel({ zone, reach, reflections }: CrossingData['patterns'][number]): Plot.PlotOptions {
  const drawn = reflections.filter(({ from, to }) => Math.max(from, to) > FAINT);
  const named = [...drawn].sort((a, b) => weight(b) - weight(a)).slice(0, NAMED);
  return {
    width: 360,
    height: 380,
    marginLeft: 48,
    marginTop: 28,
    x: { label: 'g (1/angstrom)', domain: [-reach, reach], ticks: 5 },
    y: { label: null, domain: [-reach, reach], ticks: 5 },
    r: { type: 'sqrt', domain: [0, 14], range: [1, 9] },
    color: { scheme: 'PuOr', domain: [-FULL, FULL], clamp: true, reverse: true },
    marks: [
      Plot.dot(drawn, {
        x: 'x',
        y: 'y',
        r: (d: ChangedReflection) => Math.max(d.from, d.to),
        fill: (d: ChangedReflection) => Math.max(0, d.to) - Math.max(0, d.from),
        stroke: '#888',
        strokeWidth: 0.5,
      }),
      Plot.text(named, {
        x: 'x',
        y: 'y',
        text: (d: ChangedReflection) => indices(d.hkl),
        dy: -12,
        fontSize: 11,
        fontWeight: 'bold',
        stroke: 'white',
        strokeWidth: 3,
        fill: 'black',
      }),
      Plot.text([`zone axis [${indices(zone)}]`], {
        frameAnchor: 'top',
        dy: -16,
        fontWeight: 'bold',
      }),
    ],
  };
}

const NAMES = ['a', 'b', 'c', 'alpha', 'beta', 'gamma'] as const;

/** The cell numbers that change, in words. */
function cellText({ from, to }: CrossingData['cells']): string {
  const changes = NAMES.map((name, i) => ({
    name,
    from: from[i]!,
    to: to[i]!,
    unit: i < 3 ? ' Å' : '°',
  }))
    .filter((one) => Math.abs(one.to - one.from) > 1e-3 * Math.abs(one.from))
    .map((one) => `${one.name} ${one.from.toFixed(2)} → ${one.to.toFixed(2)}${one.unit}`);
  return changes.length === 0 ? 'the lattice stays as it is' : `lattice: ${changes.join(', ')}`;
}

/** What crosses the boundary, in the crystal's own terms: intensities that change, and the lattice. */
export function crossingFigure(data: CrossingData): string {
  const { spaceGroup, partner, t, patterns, cells } = data;
  return figure(
    {
      title: `What changes from space group ${spaceGroup} to the boundary with ${partner} (t = ${t.toFixed(3)})`,
      subtitle: `orange: the reflection grows brighter, violet: weaker, at full colour by a factor of ${Math.exp(FULL).toFixed(0)}; size: brightness`,
      caption: `${cellText(cells)}; named: the ${NAMED} largest changes of each pattern`,
    },
    patterns.map(panel),
  );
}
