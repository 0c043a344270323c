import type { Vec3 } from './crystal.ts';
import { completeBasis, greatestDivisor } from './lattice.ts';
import { cross, inverse, type Matrix3, matrixVector, multiply, norm, transpose } from './matrix.ts';
import {
  crystalSystem,
  latticeSystem,
  operations,
  pointGroup,
  SPACE_GROUPS,
} from './spacegroup.ts';
import { standardZones } from './zone.ts';

/** Translations are counted in 72nds: twelfths, and thirds of thirds for the origins of threefold axes. */
const STEPS = 72;

/** What a projection has: its translations, and for each rotation or reflection by rows one translation. */
interface PlaneGroup {
  lattice: readonly (readonly [number, number])[];
  shifts: ReadonlyMap<string, readonly [number, number]>;
}

const step = (value: number): number => ((Math.round(value) % STEPS) + STEPS) % STEPS;

const IDENTITY = '1,0,0,1';

/** The operations of a group that leave a zone axis where it is or turn it about, seen along it. */
function projection(spaceGroup: number, zone: Vec3): PlaneGroup {
  const divisor = greatestDivisor(zone);
  const along: Vec3 = [zone[0] / divisor, zone[1] / divisor, zone[2] / divisor];
  const from = transpose(completeBasis(along));
  const to = inverse(from);
  const lattice = new Map<string, readonly [number, number]>();
  const shifts = new Map<string, readonly [number, number]>();
  for (const { rotation: r, translation } of operations(spaceGroup)) {
    const turn: Matrix3 = [
      [r[0]!, r[1]!, r[2]!],
      [r[3]!, r[4]!, r[5]!],
      [r[6]!, r[7]!, r[8]!],
    ];
    if (norm(cross(matrixVector(turn, along), along)) > 1e-9) continue;
    const [[a, b], [c, d]] = multiply(multiply(to, turn), from);
    const linear = [a, b, c, d].map((value) => Math.round(value) + 0).join();
    const [x, y] = matrixVector(to, translation);
    const shift = [step(STEPS * x), step(STEPS * y)] as const;
    if (!shifts.has(linear)) shifts.set(linear, shift);
    if (linear === IDENTITY) lattice.set(shift.join(), shift);
  }
  return { lattice: [...lattice.values()], shifts };
}

const entries = (linear: string) =>
  linear.split(',').map(Number) as [number, number, number, number];

/** Whether a reflection is a mirror line at some place: a whole translation undoes its glide. */
function isMirror(linear: string, { lattice, shifts }: PlaneGroup): boolean {
  const [a, b, c, d] = entries(linear);
  const [x, y] = shifts.get(linear)!;
  const cells = [-2, -1, 0, 1, 2];
  return lattice.some(([u, v]) =>
    cells.some((m) =>
      cells.some((n) => {
        const [p, q] = [x + u + m * STEPS, y + v + n * STEPS];
        return (a + 1) * p + b * q === 0 && c * p + (d + 1) * q === 0;
      }),
    ),
  );
}

/** The plane group on its lattice as text, the same for every origin: the least over all of them. */
function signatureOf({ lattice, shifts }: PlaneGroup): string {
  const linears = [...shifts.keys()].sort();
  let best: number[] | null = null;
  for (let sx = 0; sx < STEPS; sx++) {
    for (let sy = 0; sy < STEPS; sy++) {
      const codes = linears.map((linear) => {
        const [a, b, c, d] = entries(linear);
        const [x, y] = shifts.get(linear)!;
        const [p, q] = [x + (1 - a) * sx - b * sy, y - c * sx + (1 - d) * sy];
        return Math.min(...lattice.map(([u, v]) => step(p + u) * STEPS + step(q + v)));
      });
      const at = best === null ? -1 : codes.findIndex((code, i) => code !== best![i]);
      if (best === null || (at >= 0 && codes[at]! < best[at]!)) best = codes;
    }
  }
  const points = lattice.map(([u, v]) => u * STEPS + v).sort((a, b) => a - b);
  return `${points.join(' ')}|${linears.join(' ')}|${best!.join(' ')}`;
}

/** What of a space group a pattern shows along a zone axis where only the projection scatters. */
export interface ProjectedSymmetry {
  zone: Vec3;
  /** Order of the rotation axis: 1, 2, 3, 4 or 6. */
  rotation: number;
  /** Whether some reflections are mirror lines, and whether some are glide lines only. */
  mirrors: boolean;
  glides: boolean;
}

/** The symmetry of the projections along the standard zone axes. */
export function projectedSymmetry(spaceGroup: number): ProjectedSymmetry[] {
  return standardZones(spaceGroup).map((zone) => {
    const group = projection(spaceGroup, zone);
    const isReflection = (linear: string) => {
      const [a, b, c, d] = entries(linear);
      return a * d - b * c < 0;
    };
    const reflections = [...group.shifts.keys()].filter(isReflection);
    const mirrors = reflections.filter((linear) => isMirror(linear, group));
    return {
      zone,
      rotation: group.shifts.size - reflections.length,
      mirrors: mirrors.length > 0,
      glides: mirrors.length < reflections.length,
    };
  });
}

const FOLD: Record<number, string> = { 2: 'two', 3: 'three', 4: 'four', 6: 'six' };

/** The same in words: `[001] fourfold with mirrors; [100] twofold with glides; [110] mirrors`. */
const projectedText = (spaceGroup: number): string =>
  projectedSymmetry(spaceGroup)
    .map(({ zone, rotation, mirrors, glides }) => {
      const lines = [mirrors && 'mirrors', glides && 'glides'].filter(Boolean).join(' and ');
      const axis = FOLD[rotation] && `${FOLD[rotation]}fold`;
      const what = [axis, lines].filter(Boolean).join(' with ') || 'no symmetry';
      return `[${zone.join('')}] ${what}`;
    })
    .join('; ');

const LAUE: Record<string, readonly string[]> = {
  '-1': ['1', '-1'],
  '2/m': ['2', 'm', '2/m'],
  mmm: ['222', 'mm2', 'mmm'],
  '4/m': ['4', '-4', '4/m'],
  '4/mmm': ['422', '4mm', '-42m', '4/mmm'],
  '-3': ['3', '-3'],
  '-3m': ['32', '3m', '-3m'],
  '6/m': ['6', '-6', '6/m'],
  '6/mmm': ['622', '6mm', '-6m2', '6/mmm'],
  'm-3': ['23', 'm-3'],
  'm-3m': ['432', '-43m', 'm-3m'],
};

/** The Laue class: the point group with an inversion centre added. */
export const laueClass = (spaceGroup: number): string =>
  Object.keys(LAUE).find((laue) => LAUE[laue]!.includes(pointGroup(spaceGroup)))!;

/** Hexagonal and rhombohedral lattices have the same axes; centring shows in the projections. */
const axes = (spaceGroup: number): string =>
  latticeSystem(spaceGroup).replace('rhombohedral', 'hexagonal');

/** What a space group predicts of a crystal, in a line. */
export const symmetryText = (spaceGroup: number): string =>
  `${crystalSystem(spaceGroup)}, Laue class ${laueClass(spaceGroup)}, ${projectedText(spaceGroup)}`;

let families: number[][] | undefined;

/**
 * Space groups whose three projections along the standard zone axes have the same plane groups on the
 * same lattices: patterns of projected potentials, each about an origin of its own, cannot tell them
 * apart. Every group stands in one list, most of them alone; ascending. Some seconds the first time.
 */
export function projectionFamilies(): readonly (readonly number[])[] {
  if (families) return families;
  const byKey = new Map<string, number[]>();
  for (const group of SPACE_GROUPS) {
    const zones = standardZones(group).map((zone) => signatureOf(projection(group, zone)));
    const key = [axes(group), ...zones].join('\n');
    byKey.set(key, [...(byKey.get(key) ?? []), group]);
  }
  families = [...byKey.values()];
  return families;
}
