import * as Plot from '@observablehq/plot';
import type { Cell, Vec3 } from '../../crystal/crystal.ts';
import { figure } from '../draw/figure.ts';

/** One reflection on the pattern, at the boundary. */
export interface ChangedReflection {
  hkl: Vec3;
  /** Scattering vector in 1/angstrom, x to the right, y up. */
  x: number;
  y: number;
  /** ln of its intensity above the floor, at the start and at the boundary. */
  from: number;
  to: number;
}

export interface CrossingData {
  spaceGroup: number;
  partner: number;
  /** Position of the boundary on the path. */
  t: number;
  /** The three patterns. */
  patterns: readonly { zone: Vec3; reach: number; reflections: readonly ChangedReflection[] }[];
  cells: { from: Cell; to: Cell };
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
