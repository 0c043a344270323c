import type { Stream } from '../common/stream.ts';
import { conformCell } from './cell.ts';
import { atomicRadius } from './composition.ts';
import type { Atom, Cell, Crystal, Vec3 } from './crystal.ts';
import { CLOSENESS, worstClash } from './distances.ts';
import { exactlyOf } from './exact-group.ts';
import type { Operation } from './operation.ts';
import { applyOperation, expandSites, nearestImage } from './orbit.ts';
import { latticeSystem, operations } from './spacegroup.ts';
import { standardise } from './symmetry.ts';

/** How far a step of 1 moves: lengths by this share, angles by degrees, atoms by angstrom. */
const REACH = { length: 0.2, angle: 8, position: 1 } as const;

const SAME: Vec3 = [1e-6, 1e-6, 1e-6];
const ORIGIN: Vec3 = [0, 0, 0];

/** A neighbouring cell of the same lattice system. */
function movedCell(cell: Cell, spaceGroup: number, step: number, stream: Stream): Cell {
  const length = (value: number): number => value * Math.exp(step * REACH.length * stream.normal());
  const angle = (value: number): number => value + step * REACH.angle * stream.normal();
  const [a, b, c, alpha, beta, gamma] = cell;
  const free: Cell = [length(a), length(b), length(c), angle(alpha), angle(beta), angle(gamma)];
  return conformCell(free, latticeSystem(spaceGroup));
}

/** The part of a displacement (fractions) that leaves a site on its special position. */
function allowed(site: Vec3, move: Vec3, all: readonly Operation[]): Vec3 {
  const sum = [0, 0, 0];
  let count = 0;
  for (const operation of all) {
    const off = nearestImage(applyOperation(operation, site), site);
    if (off.some((d, i) => Math.abs(d) > SAME[i]!)) continue;
    const turned = applyOperation({ rotation: operation.rotation, translation: ORIGIN }, move);
    turned.forEach((value, i) => {
      sum[i]! += value;
    });
    count++;
  }
  return [sum[0]! / count, sum[1]! / count, sum[2]! / count];
}

/** Each site moved along its free coordinates by about `step` angstrom. */
function movedSites(
  sites: readonly Atom[],
  cell: Cell,
  all: readonly Operation[],
  draw: () => number,
) {
  return sites.map((site) => {
    const move: Vec3 = [draw() / cell[0], draw() / cell[1], draw() / cell[2]];
    const [x, y, z] = allowed(site.position, move, all);
    const [u, v, w] = site.position;
    return { ...site, position: [u + x, v + y, w + z] as Vec3 };
  });
}

export interface MoveOptions {
  /** In the standard setting, as every source of crystals gives it. */
  crystal: Crystal;
  /** Size of the step: 1 moves lengths by about 20 %, angles by 8 degrees, atoms by 1 angstrom. */
  step: number;
  stream: Stream;
  /** Least distance of two atoms as a share of the sum of their radii; 0.7 by default. */
  closeness?: number;
}

/**
 * A neighbour of a crystal: its free lattice parameters and the free coordinates of its sites are
 * moved at random, elements and Wyckoff positions stay. The space group is verified as for a
 * generated crystal, and no two atoms come too near; null where the step breaks either.
 */
export function moveCrystal(options: MoveOptions): Crystal | null {
  const { crystal, step, stream, closeness = CLOSENESS } = options;
  const { spaceGroup } = crystal;
  const standard = standardise(crystal);
  if (standard?.spaceGroup !== spaceGroup) return null;
  const all = operations(spaceGroup);
  const cell = movedCell(standard.cell, spaceGroup, step, stream);
  const draw = (): number => step * REACH.position * stream.normal();
  const atoms = expandSites(movedSites(standard.sites, cell, all, draw), all, SAME);
  if (atoms.length !== crystal.atoms.length) return null;
  const radii = atoms.map(({ element }) => closeness * atomicRadius(element));
  if (worstClash(cell, atoms, radii)) return null;
  const moved = exactlyOf(spaceGroup, { cell, atoms });
  return moved && { ...crystal, cell: moved.cell, atoms: moved.atoms };
}
