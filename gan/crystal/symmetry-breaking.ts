import type { Stream } from '../../src/common/stream.ts';
import { cellMatrix, conformCell } from '../../src/crystal/cell.ts';
import type { Atom, Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { inverse, matrixVector, norm, vectorMatrix } from '../../src/crystal/matrix.ts';
import type { Operation } from '../../src/crystal/operation.ts';
import { applyOperation, coincide, onSpecialPosition, wrapped } from '../../src/crystal/orbit.ts';
import {
  centringVectors,
  latticeSystem,
  operations,
  pointGroup,
} from '../../src/crystal/spacegroup.ts';
import {
  type StandardSetting,
  settingCell,
  settingOf,
  toSetting,
} from '../../src/crystal/symmetry.ts';
import { meanRotation, projected, type SkeletonCrystal, siteAt, stabiliser } from './skeletons.ts';

/** A translationengleiche subgroup: operations of the parent that close, centring included. */
export interface Subgroup {
  parent: number;
  /** 1 to 230. */
  spaceGroup: number;
  /** Operations in the setting of the parent. */
  operations: readonly Operation[];
}

/** Rotations of a group, one an element of its point group, and their multiplication table. */
function pointTable(all: readonly Operation[]) {
  // The identity comes first.
  const keys = [...new Set(all.map(({ rotation }) => rotation.join()))];
  const rotations = keys.map((key) => key.split(',').map(Number));
  const at = new Map(keys.map((key, i) => [key, i]));
  const product = (a: readonly number[], b: readonly number[]): string =>
    Array.from({ length: 9 }, (_, i) => {
      const [row, column] = [3 * Math.floor(i / 3), i % 3];
      return a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!;
    }).join();
  const table = rotations.map((a) => rotations.map((b) => at.get(product(a, b))!));
  return { keys, table };
}

/** The subgroup that elements generate: finite, so products with the generators reach all of it. */
function closure(table: readonly (readonly number[])[], generators: readonly number[]): number[] {
  const members = [0];
  const seen = new Uint8Array(table.length);
  seen[0] = 1;
  for (const member of members) {
    for (const generator of generators) {
      const product = table[member]![generator]!;
      if (seen[product]) continue;
      seen[product] = 1;
      members.push(product);
    }
  }
  return members.sort((a, b) => a - b);
}

/** All subgroups of an order; three generators reach every crystallographic point group. */
function closedSubsets(table: readonly (readonly number[])[], order: number): number[][] {
  const elements = table.map((_, i) => i);
  const distinct = (sets: readonly (readonly number[])[]): number[][] => [
    ...new Map(
      sets.map((generators) => {
        const members = closure(table, generators);
        return [members.join(), members] as const;
      }),
    ).values(),
  ];
  const fits = (members: readonly number[]): boolean => order % members.length === 0;
  const one = distinct(elements.map((a) => [a])).filter(fits);
  const two = distinct(one.flatMap((members) => elements.map((a) => [...members, a]))).filter(fits);
  const three = distinct(two.flatMap((members) => elements.map((a) => [...members, a])));
  return three.filter((members) => members.length === order);
}

const GENERIC: readonly Vec3[] = [
  [0.0931, 0.2117, 0.3391],
  [0.4273, 0.1579, 0.0719],
];

/** A cell of the lattice system of a group without any further equality. */
const GENERIC_CELLS: Record<string, Cell> = {
  triclinic: [9.1, 10.3, 11.9, 83, 97, 105],
  monoclinic: [9.1, 10.3, 11.9, 90, 104, 90],
  orthorhombic: [9.1, 10.3, 11.9, 90, 90, 90],
  tetragonal: [9.7, 9.7, 12.4, 90, 90, 90],
  hexagonal: [9.7, 9.7, 12.9, 90, 90, 120],
  rhombohedral: [9.7, 9.7, 22.9, 90, 90, 120],
  cubic: [10.6, 10.6, 10.6, 90, 90, 90],
};

/** A structure with exactly these operations: two generic orbits of different elements. */
function decorated(parent: number, some: readonly Operation[]) {
  const atoms: Atom[] = GENERIC.flatMap((point, i) =>
    some.map((operation) => ({
      element: [8, 26][i]!,
      position: wrapped(applyOperation(operation, point)),
    })),
  );
  return { cell: GENERIC_CELLS[latticeSystem(parent)]!, atoms };
}

const subgroups = new Map<string, readonly Subgroup[]>();

const orderOf = (spaceGroup: number): number =>
  operations(spaceGroup).length / centringVectors(spaceGroup).length;

/**
 * The translationengleiche subgroups of a group with a point group of this order, closed subsets of
 * its operations: closures of up to three of its rotations, each with all translations of
 * the parent. Their groups are found from a decorated generic structure (moyo); conjugate ones are
 * all listed. Kept once found.
 */
export function subgroupsOf(parent: number, order: number): readonly Subgroup[] {
  const name = `${parent}/${order}`;
  const known = subgroups.get(name);
  if (known) return known;
  const all = operations(parent);
  const { keys, table } = pointTable(all);
  const closed =
    order < keys.length && keys.length % order === 0 ? closedSubsets(table, order) : [];
  const found = closed.flatMap((members): Subgroup[] => {
    const kept = new Set(members.map((i) => keys[i]!));
    const some = all.filter(({ rotation }) => kept.has(rotation.join()));
    const setting = settingOf(decorated(parent, some));
    return setting ? [{ parent, spaceGroup: setting.spaceGroup, operations: some }] : [];
  });
  subgroups.set(name, found);
  return found;
}

/** The ways from a parent group to a subgroup; none where it is no such subgroup. */
export const subgroupPaths = (parent: number, spaceGroup: number): readonly Subgroup[] =>
  pointGroup(parent) === pointGroup(spaceGroup)
    ? []
    : subgroupsOf(parent, orderOf(spaceGroup)).filter((one) => one.spaceGroup === spaceGroup);

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
