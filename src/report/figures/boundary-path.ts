import * as Plot from '@observablehq/plot';
import type {
  ChangedReflection,
  CrossingData,
  MovedAtomsData,
  PathAxis,
  StripData,
} from '../../../synthetic/probing/probe-data.ts';
import type { Vec3 } from '../../crystal/crystal.ts';
import { type Drawing, figure, isNarrow, PALETTE } from '../draw/figure.ts';
import { brightened, dataUrl } from '../draw/raster.ts';

const [BLUE, ORANGE, , , , , GREY] = PALETTE;
const WIDTH = 1120;
const CELL = 100;
/** Heights above the probabilities at which the three zone axes stand, the first on top. */
const ROWS = [2.26, 1.78, 1.3] as const;
const TOP = 2.52;
const HEIGHT = 660;

function framePictures({ frames, size }: StripData): Promise<FramePicture[]> {
  const planes = frames.flatMap(({ t, pixels }) =>
    [0, 1, 2].map(async (zone) => {
      const data = new Uint8Array(size * size);
      for (let i = 0; i < data.length; i++) data[i] = brightened(pixels[3 * i + zone]!);
      const picture = { data, width: size, height: size, channels: 1 as const };
      return { t, zone, src: await dataUrl(picture, 2) };
    }),
  );
  return Promise.all(planes);
}

/** A position on a path in words, such as `0.213 angstrom`. */
const position = (t: number, { unit }: PathAxis): string =>
  unit ? `${t.toFixed(3)} ${unit}` : `t = ${t.toFixed(3)}`;

/** What the guide makes of a distortion: where it starts to see the class, and whether it stays so. */
function distortionText({ spaceGroup, curve, crossing, axis }: StripData): string {
  const isOwn = ({ likeliest }: StripData['curve'][number]): boolean => likeliest === spaceGroup;
  if (crossing === null) {
    return curve.every(isOwn)
      ? `the guide takes it for ${spaceGroup} on all of this path`
      : `the guide does not change to ${spaceGroup} on this path`;
  }
  const beyond = curve.filter(({ t }) => t > crossing);
  const lost = beyond.find((point) => !isOwn(point));
  const at = position(crossing, axis);
  if (!lost) return `the guide takes it for ${spaceGroup} from ${at} on (dashed)`;
  const other = `for ${lost.likeliest} from ${position(lost.t, axis)} on`;
  return lost === beyond[0]
    ? `the guide finds ${spaceGroup} likeliest at ${at} only (dashed); it takes it ${other}`
    : `the guide takes it for ${spaceGroup} from ${at} on (dashed), but ${other}`;
}

/** What the guide makes of the way between two classes, also where it sees a third one. */
function wayText({ curve, crossing, leader }: StripData): string {
  if (crossing === null) {
    const sides = new Set(curve.map(({ own, partner }) => own > partner));
    return sides.size > 1
      ? 'the search found no crossing of the two on this path'
      : 'the probabilities of the two do not cross on this path';
  }
  const there =
    leader === null
      ? ''
      : `; a third class leads there: ${leader.spaceGroup}, p = ${leader.probability.toFixed(2)}`;
  return `the guide finds both equally probable at t* = ${crossing.toFixed(3)} (dashed)${there}`;
}

/** A pattern of a strip and where it stands. */
interface FramePicture {
  t: number;
  zone: number;
  src: string;
}

interface CurvePoint {
  t: number;
  p: number;
  which: string;
}

/** What a strip is drawn from. */
interface StripParts {
  images: readonly FramePicture[];
  curves: readonly CurvePoint[];
  /** Of other seeds, a line a value of z. */
  others: readonly (CurvePoint & { z: string })[];
  mark: readonly number[];
  way: { label: string; domain: number[]; ticks: number };
  frames: number;
}

const OTHER_SEEDS = { z: 'z', stroke: 'which', strokeWidth: 0.9, strokeOpacity: 0.7 } as const;
const GUIDE = { z: 'which', stroke: 'which', strokeWidth: 2.2 } as const;
const CROSSING = { stroke: '#222', strokeDasharray: '5,4' } as const;

/** The way from left to right, the triplets above their probabilities. */
const stripAcross = ({ images, curves, others, mark, way }: StripParts): Plot.PlotOptions => ({
  width: WIDTH,
  height: HEIGHT,
  marginLeft: 70,
  marginRight: 70,
  x: way,
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
    Plot.ruleX(mark, { y1: 0, y2: 1, ...CROSSING }),
    Plot.line(others, { x: 't', y: 'p', ...OTHER_SEEDS }),
    Plot.line(curves, { x: 't', y: 'p', ...GUIDE }),
    Plot.image(images, {
      x: 't',
      y: ({ zone }: FramePicture) => ROWS[zone],
      src: 'src',
      width: CELL,
      height: CELL,
    }),
  ],
});

/** Side of a pattern, and pixels from one to the next, in a strip that runs down. */
const SMALL = 58;
const SMALL_PITCH = 60;
const DOWN_MARGINS = { marginLeft: 44, marginRight: 16, marginTop: 28, marginBottom: 42 };

/** The way from top to bottom, the triplets to the left of their probabilities. */
function stripDown(
  { images, curves, others, mark, way, frames }: StripParts,
  width: number,
): Plot.PlotOptions {
  const { marginLeft, marginRight, marginTop, marginBottom } = DOWN_MARGINS;
  const patterns = 3 * SMALL_PITCH + 10;
  const probability = width - marginLeft - marginRight - patterns;
  const left = ({ zone }: FramePicture): number =>
    ((zone + 0.5) * SMALL_PITCH - patterns) / probability;
  return {
    width,
    height: marginTop + SMALL_PITCH * frames + marginBottom,
    ...DOWN_MARGINS,
    x: {
      label: 'probability',
      labelAnchor: 'right',
      domain: [-patterns / probability, 1],
      ticks: [0, 0.5, 1],
    },
    y: { ...way, labelAnchor: 'top', labelOffset: 42, inset: SMALL_PITCH / 2, reverse: true },
    color: { type: 'identity' },
    marks: [
      Plot.ruleX([0, 0.5, 1], { stroke: '#ddd' }),
      Plot.ruleY(mark, { x1: 0, x2: 1, ...CROSSING }),
      Plot.line(others, { x: 'p', y: 't', ...OTHER_SEEDS }),
      Plot.line(curves, { x: 'p', y: 't', ...GUIDE }),
      Plot.image(images, { x: left, y: 't', src: 'src', width: SMALL, height: SMALL }),
    ],
  };
}

/**
 * Synthetic triplets on the way between a class and its partner, and below them what the guide, and
 * classifiers of other seeds, make of each point of the way.
 */
export async function stripFigure(data: StripData): Promise<Drawing> {
  const images = await framePictures(data);
  return (width) => drawStrip(data, images, width);
}

function drawStrip(data: StripData, images: readonly FramePicture[], most?: number): string {
  const { spaceGroup, partner, curve, verifiers, crossing, axis, frames } = data;
  const distorted = axis.unit !== '';
  const curves = curve.flatMap(({ t, own, partner: other }) => [
    { t, p: own, which: BLUE },
    { t, p: other, which: ORANGE },
    { t, p: Math.max(0, 1 - own - other), which: GREY },
  ]);
  const others = verifiers.flatMap((own, i) =>
    own.flatMap((at) => [
      { t: at.t, p: at.own, which: BLUE, z: `own ${i}` },
      { t: at.t, p: at.partner, which: ORANGE, z: `partner ${i}` },
    ]),
  );
  const mark = crossing === null ? [] : [crossing];
  const way = {
    label: distorted
      ? `${axis.name} (${axis.unit})`
      : 'position t on the path (0: the class, 1: the partner)',
    domain: [frames[0]!.t, frames.at(-1)!.t],
    ticks: 9,
  };
  const parts = { images, curves, others, mark, way, frames: frames.length };
  const narrow = most !== undefined && isNarrow(most);
  return figure(
    {
      title: distorted
        ? `From space group ${partner} down to ${spaceGroup}: one crystal along a distortion`
        : `From space group ${spaceGroup} to ${partner}: one latent vector along the path`,
      subtitle: distorted ? distortionText(data) : wayText(data),
      caption: `${narrow ? 'columns' : 'rows'}: the three zone axes; ${
        distorted
          ? 'at 0 the crystal has the higher group, beyond 0 the lower one; the lattice stays'
          : 'the symmetry and lattice type of the class are kept all the way'
      }${verifiers.length > 0 ? '; thin: classifiers of other seeds' : ''}`,
    },
    narrow ? stripDown(parts, most) : stripAcross(parts),
    [
      { label: `p(${spaceGroup})`, colour: BLUE },
      { label: `p(${partner})`, colour: ORANGE },
      { label: 'all others together', colour: GREY },
    ],
    most,
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

function panel(
  { zone, reach, reflections }: CrossingData['patterns'][number],
  width: number,
): Plot.PlotOptions {
  const drawn = reflections.filter(({ from, to }) => Math.max(from, to) > FAINT);
  const named = [...drawn]
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, NAMED)
    .filter((one) => weight(one) > FAINT);
  return {
    width,
    height: 380,
    marginLeft: 48,
    marginTop: 28,
    x: { label: 'g (1/angstrom)', domain: [-reach, reach], ticks: 5 },
    y: { label: null, domain: [-reach, reach], ticks: 5 },
    r: { type: 'sqrt', domain: [0, 14], range: [1, 9] },
    color: { scheme: 'PuOr', domain: [-FULL, FULL], clamp: true },
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
export function crossingFigure(data: CrossingData, width?: number): string {
  const { spaceGroup, partner, t, axis, patterns, cells } = data;
  return figure(
    {
      title: axis.unit
        ? `What changes from space group ${partner} to ${spaceGroup} at ${position(t, axis)}`
        : `What changes from space group ${spaceGroup} to the boundary with ${partner} (${position(t, axis)})`,
      subtitle: `orange: the reflection grows brighter, violet: weaker, at full colour by a factor of ${Math.exp(FULL).toFixed(0)}; size: brightness`,
      caption: `${cellText(cells)}; named: the ${NAMED} largest changes of each pattern`,
    },
    patterns.map((pattern) => panel(pattern, Math.min(360, width ?? 360))),
    [],
    width,
  );
}

/** Share of the drawing that the longest arrow takes. */
const ARROW = 0.11;

/** The atoms that a distortion moves, in projection, with arrows drawn longer than they are. */
export function movedAtomsFigure(
  data: MovedAtomsData & Pick<StripData, 'spaceGroup' | 'partner'>,
  width = 750,
): string {
  const { spaceGroup, partner, t, zone, edges, atoms } = data;
  const elements = [...new Set(atoms.map(({ element }) => element))];
  const colour = (element: string): string => PALETTE[elements.indexOf(element) % PALETTE.length]!;
  const points = [...edges.flat(), ...atoms.map(({ at }) => at)];
  const range = (axis: 0 | 1): [number, number] => {
    const values = points.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [x, y] = [range(0), range(1)];
  const extent = Math.max(x[1] - x[0], y[1] - y[0]);
  const longest = Math.max(...atoms.map(({ move }) => Math.hypot(...move)));
  const times = longest > 0 ? (ARROW * extent) / longest : 1;
  const pad = 1.3 * ARROW * extent;
  const scale = Math.min((width - 70) / (x[1] - x[0] + 2 * pad), 460 / (y[1] - y[0] + 2 * pad));
  const arrows = atoms
    .filter(({ move }) => Math.hypot(...move) > 0.02 * longest)
    .map(({ at, move, element }) => ({
      ...{ x1: at[0], y1: at[1], colour: colour(element) },
      ...{ x2: at[0] + times * move[0], y2: at[1] + times * move[1] },
    }));
  return figure(
    {
      title: `The atoms that move from space group ${partner} to ${spaceGroup}, along [${indices(zone)}]`,
      subtitle: `arrows: displacements at an amplitude of ${t.toFixed(3)} angstrom, drawn ${times.toFixed(0)} times as long`,
      caption: `${arrows.length} of ${atoms.length} atoms of the cell move in this projection`,
    },
    {
      width: Math.round(scale * (x[1] - x[0] + 2 * pad)) + 70,
      height: Math.round(scale * (y[1] - y[0] + 2 * pad)) + 60,
      marginLeft: 50,
      marginRight: 20,
      marginTop: 18,
      x: { label: 'angstrom', domain: [x[0] - pad, x[1] + pad], ticks: 6 },
      y: { label: null, domain: [y[0] - pad, y[1] + pad], ticks: 6 },
      color: { type: 'identity' },
      marks: [
        Plot.link(edges, {
          x1: (edge: MovedAtomsData['edges'][number]) => edge[0][0],
          y1: (edge: MovedAtomsData['edges'][number]) => edge[0][1],
          x2: (edge: MovedAtomsData['edges'][number]) => edge[1][0],
          y2: (edge: MovedAtomsData['edges'][number]) => edge[1][1],
          stroke: '#bbb',
        }),
        Plot.dot(atoms, {
          x: (atom: MovedAtomsData['atoms'][number]) => atom.at[0],
          y: (atom: MovedAtomsData['atoms'][number]) => atom.at[1],
          fill: (atom: MovedAtomsData['atoms'][number]) => colour(atom.element),
          fillOpacity: 0.85,
          stroke: 'white',
          r: 7,
        }),
        Plot.arrow(arrows, {
          ...{ x1: 'x1', y1: 'y1', x2: 'x2', y2: 'y2' },
          ...{ stroke: '#222', strokeWidth: 1.8, headLength: 7 },
        }),
      ],
    },
    elements.map((element) => ({ label: element, colour: colour(element) })),
    width,
  );
}
