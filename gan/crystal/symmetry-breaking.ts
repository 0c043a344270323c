import type { Stream } from '../../src/common/stream.ts';
import { cellMatrix, conformCell } from '../../src/crystal/cell.ts';
import type { Atom, Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { inverse, matrixVector, norm, vectorMatrix } from '../../src/crystal/matrix.ts';
import type { Operation } from '../../src/crystal/operation.ts';
import { applyOperation, coincide, onSpecialPosition, wrapped } from '../../src/crystal/orbit.ts';
import { latticeSystem, operations } from '../../src/crystal/spacegroup.ts';
import {
  type StandardSetting,
  settingCell,
  settingOf,
  toSetting,
} from '../../src/crystal/symmetry.ts';
import { meanRotation, projected, type SkeletonCrystal, siteAt, stabiliser } from './skeletons.ts';
import type { Subgroup } from './subgroups.ts';

/**
 * A way to break the symmetry of a crystal: at amplitude 0 its atoms stand as in the parent, and at
 * every amplitude they have the symmetry of the subgroup. Plain data, in the subgroup's standard setting.
 */
export interface DistortionPath {
  /** Space groups at amplitude 0 and beyond. */
  parent: number;
  spaceGroup: number;
  /** The parent's atoms as orbits of the subgroup. */
  start: SkeletonCrystal;
  /** Displacement of each site (fractions) at an amplitude of 1 angstrom: the farthest atom moves by it. */
  direction: readonly Vec3[];
  /** Change of lengths (share) and angles (degrees) at an amplitude of 1 angstrom. */
  strain: Cell;
  /** Atoms of other elements on some of the split orbits. */
  ordered: boolean;
}

/** One orbit of the subgroup: an atom, the parent's site it comes from, its displacement. */
interface Branch {
  parentSite: number;
  element: number;
  position: Vec3;
  /** Fractions of the parent's cell. */
  move: Vec3;
}

/** How far apart, in fractions of the cell, two positions may lie and be one. */
const ONE_POSITION: Vec3 = [2e-3, 2e-3, 2e-3];
const near = (a: Vec3, b: Vec3): boolean => coincide(a, b, ONE_POSITION);

/** The parent's orbits, each split into those of a subgroup. */
function branchesOf(parent: SkeletonCrystal, { operations: some }: Subgroup): Branch[] {
  const { skeleton, positions, elements } = parent;
  return skeleton.sites.flatMap((site, parentSite) => {
    const left = site.images.map((image) => wrapped(applyOperation(image, positions[parentSite]!)));
    const branches: Branch[] = [];
    while (left.length > 0) {
      const position = left[0]!;
      branches.push({
        parentSite,
        element: elements[site.slot]!,
        position,
        move: [0, 0, 0],
      });
      for (const operation of some) {
        const image = applyOperation(operation, position);
        const at = left.findIndex((other) => near(other, image));
        if (at >= 0) left.splice(at, 1);
      }
    }
    return branches;
  });
}

/** Random displacements that the subgroup allows, without what the parent allows and rigid shifts. */
function drawMoves(
  parent: SkeletonCrystal,
  { operations: some }: Subgroup,
  branches: Branch[],
  stream: Stream,
): boolean {
  const rows = cellMatrix(parent.cell);
  const back = inverse(rows);
  const turn = (operation: Operation, move: Vec3): Vec3 => projected(operation.rotation, move);
  // Displacement of every atom, by position.
  const field: { position: Vec3; move: Vec3 }[] = [];
  for (const branch of branches) {
    const free = meanRotation(stabiliser(branch.position, some));
    const cartesian: Vec3 = [stream.normal(), stream.normal(), stream.normal()];
    const move = projected(free, vectorMatrix(cartesian, back));
    for (const operation of some) {
      const position = applyOperation(operation, branch.position);
      if (field.some((known) => near(known.position, position))) continue;
      field.push({ position, move: turn(operation, move) });
    }
  }
  const all = operations(parent.skeleton.spaceGroup);
  const inverses = all.map(({ rotation: r }) => {
    const m = inverse([
      [r[0]!, r[1]!, r[2]!],
      [r[3]!, r[4]!, r[5]!],
      [r[6]!, r[7]!, r[8]!],
    ]);
    return { rotation: m.flat(), translation: [0, 0, 0] as Vec3 };
  });
  const moveAt = (position: Vec3): Vec3 =>
    field.find((known) => near(known.position, position))!.move;
  /** The part of the field at a position that the whole parent group keeps. */
  const symmetric = (position: Vec3): Vec3 => {
    const sum: [number, number, number] = [0, 0, 0];
    all.forEach((operation, i) => {
      const turned = turn(inverses[i]!, moveAt(applyOperation(operation, position)));
      for (const k of [0, 1, 2] as const) sum[k] += turned[k] / all.length;
    });
    return sum;
  };
  const kept = field.map(({ position, move }): Vec3 => {
    const s = symmetric(position);
    return [move[0] - s[0], move[1] - s[1], move[2] - s[2]];
  });
  const shift = [0, 1, 2].map((k) => kept.reduce((sum, m) => sum + m[k]!, 0) / kept.length);
  const moves = kept.map((m): Vec3 => [m[0] - shift[0]!, m[1] - shift[1]!, m[2] - shift[2]!]);
  const farthest = Math.max(...moves.map((move) => norm(vectorMatrix(move, rows))));
  if (farthest < 0.05) return false;
  for (const branch of branches) {
    const at = field.findIndex((known) => near(known.position, branch.position));
    const [x, y, z] = moves[at]!;
    branch.move = [x / farthest, y / farthest, z / farthest];
  }
  return true;
}

/** Puts another element on some orbits that come from one of the parent's; false where none split. */
function order(
  branches: Branch[],
  substitute: (element: number) => number,
  stream: Stream,
): boolean {
  const split = [...new Set(branches.map(({ parentSite }) => parentSite))].filter(
    (site) => branches.filter(({ parentSite }) => parentSite === site).length > 1,
  );
  if (split.length === 0) return false;
  const site = stream.pick(split);
  const own = stream.shuffled(branches.filter(({ parentSite }) => parentSite === site));
  const element = substitute(own[0]!.element);
  if (element === own[0]!.element) return false;
  for (const branch of own.slice(0, 1 + stream.index(own.length - 1))) branch.element = element;
  return true;
}

/** Amplitudes (angstrom) at which the setting of a distorted structure is looked for. */
const LOOKED_AT = [0.4, 0.7, 0.25, 1];

/** The structure of branches at an amplitude, in the parent's cell. */
const structureAt = (
  cell: Cell,
  branches: readonly Branch[],
  some: readonly Operation[],
  amplitude: number,
): Pick<Crystal, 'cell' | 'atoms'> => {
  const atoms: Atom[] = [];
  for (const { element, position, move } of branches) {
    const there: Vec3 = [
      position[0] + amplitude * move[0],
      position[1] + amplitude * move[1],
      position[2] + amplitude * move[2],
    ];
    const first = atoms.length;
    for (const operation of some) {
      const image = wrapped(applyOperation(operation, there));
      const seen = atoms.slice(first).some((atom) => near(atom.position, image));
      if (!seen) atoms.push({ element, position: image });
    }
  }
  return { cell, atoms };
};

export interface BreakRequest {
  /** The crystal whose symmetry is broken. */
  parent: SkeletonCrystal;
  subgroup: Subgroup;
  stream: Stream;
  /**
   * Another element for an atom: orders different elements on an orbit that the subgroup splits,
   * where it splits one. Absent: atoms are only moved.
   */
  substitute?: (element: number) => number;
}

/**
 * A way to break the symmetry of a crystal down to a subgroup: a random displacement of its atoms
 * that the subgroup allows and the parent forbids, with a strain of the lattice, and, where asked for,
 * other elements on part of a split orbit. Null where the subgroup leaves nothing to move or to order,
 * or where what comes out has another group than the subgroup.
 */
export function breakSymmetry(request: BreakRequest): DistortionPath | null {
  const { parent, subgroup, stream, substitute } = request;
  const branches = branchesOf(parent, subgroup);
  const ordered = substitute ? order(branches, substitute, stream) : false;
  const moved = drawMoves(parent, subgroup, branches, stream);
  if (!moved && !ordered) return null;
  let setting: StandardSetting | null = null;
  for (const amplitude of LOOKED_AT) {
    const structure = structureAt(parent.cell, branches, subgroup.operations, amplitude);
    setting = settingOf(structure);
    if (setting?.spaceGroup === subgroup.spaceGroup) break;
    setting = null;
  }
  if (!setting) return null;
  return pathIn(setting, { parent, subgroup, branches, ordered, stream });
}

/** The path in the standard setting of the subgroup. */
function pathIn(
  setting: StandardSetting,
  found: {
    parent: SkeletonCrystal;
    subgroup: Subgroup;
    branches: readonly Branch[];
    ordered: boolean;
    stream: Stream;
  },
): DistortionPath | null {
  const { parent, subgroup, branches, ordered, stream } = found;
  const { spaceGroup } = subgroup;
  const cell = conformCell(settingCell(setting, parent.cell), latticeSystem(spaceGroup));
  const elements: number[] = [];
  const moves: Vec3[] = branches.map(({ move }) => matrixVector(setting.back, move));
  const positions: Vec3[] = [];
  const sites = branches.map(({ element, position }, i) => {
    if (!elements.includes(element)) elements.push(element);
    // A point of the path, off the parent's special positions.
    const [p, m] = [toSetting(setting, position), moves[i]!];
    const there: Vec3 = [p[0] + 0.4 * m[0], p[1] + 0.4 * m[1], p[2] + 0.4 * m[2]];
    const exact = onSpecialPosition(there, operations(spaceGroup), [2e-3, 2e-3, 2e-3]);
    const site = siteAt(spaceGroup, exact, elements.indexOf(element));
    const along = projected(site.projector, m);
    moves[i] = along;
    positions.push([
      exact[0] - 0.4 * along[0],
      exact[1] - 0.4 * along[1],
      exact[2] - 0.4 * along[2],
    ]);
    return site;
  });
  const expected =
    parent.skeleton.sites.reduce((sum, s) => sum + s.multiplicity, 0) * setting.volume;
  const count = sites.reduce((sum, { multiplicity }) => sum + multiplicity, 0);
  if (Math.abs(count - expected) > 0.5) return null;
  const length = (): number => 0.01 * stream.normal();
  const angle = (): number => 0.6 * stream.normal();
  return {
    parent: parent.skeleton.spaceGroup,
    spaceGroup,
    start: {
      skeleton: { spaceGroup, sites, slots: elements.length },
      positions,
      elements,
      cell,
    },
    direction: moves,
    strain: [length(), length(), length(), angle(), angle(), angle()],
    ordered,
  };
}

/** The crystal on a path at an amplitude in angstrom: how far its farthest atom is moved. */
export function distort(
  { start, direction, strain }: DistortionPath,
  amplitude: number,
): SkeletonCrystal {
  const { spaceGroup } = start.skeleton;
  const [a, b, c, alpha, beta, gamma] = start.cell;
  const s = strain.map((value) => amplitude * value) as unknown as Cell;
  const cell: Cell = [
    a * (1 + s[0]),
    b * (1 + s[1]),
    c * (1 + s[2]),
    alpha + s[3],
    beta + s[4],
    gamma + s[5],
  ];
  return {
    ...start,
    positions: start.positions.map((p, i): Vec3 => {
      const m = direction[i]!;
      return [p[0] + amplitude * m[0], p[1] + amplitude * m[1], p[2] + amplitude * m[2]];
    }),
    cell: conformCell(cell, latticeSystem(spaceGroup)),
  };
}
