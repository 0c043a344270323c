import type { Atom, Cell, Vec3 } from '../../src/crystal/crystal.ts';
import type { Operation } from '../../src/crystal/operation.ts';
import { applyOperation, wrapped } from '../../src/crystal/orbit.ts';
import {
  centringVectors,
  crystalSystem,
  latticeSystem,
  operations,
  pointGroup,
  SPACE_GROUPS,
} from '../../src/crystal/spacegroup.ts';
import { settingOf } from '../../src/crystal/symmetry.ts';

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

/** Indices of maximal translationengleiche subgroups; 4 only from cubic to trigonal, else it is twice 2. */
const INDICES = [2, 3, 4] as const;
const isMaximal = (index: number, from: number, to: number): boolean =>
  index < 4 || (crystalSystem(from) === 'cubic' && crystalSystem(to) === 'trigonal');

const neighbours = new Map<number, Set<number>>();

/** Joins every group with its translationengleiche maximal subgroups; seconds the first time. */
function joinAll(): void {
  if (neighbours.size > 0) return;
  for (const group of SPACE_GROUPS) neighbours.set(group, new Set());
  for (const group of SPACE_GROUPS) {
    const order = orderOf(group);
    for (const index of INDICES.filter((one) => order % one === 0)) {
      if (index === 4 && crystalSystem(group) !== 'cubic') continue;
      for (const { spaceGroup } of subgroupsOf(group, order / index)) {
        if (!isMaximal(index, group, spaceGroup)) continue;
        neighbours.get(group)!.add(spaceGroup);
        neighbours.get(spaceGroup)!.add(group);
      }
    }
  }
}

/**
 * Steps from a group to every other in the graph of maximal translationengleiche subgroups (up or
 * down). Groups of one point group, such as P4 and P4_2, are two steps or more apart.
 */
export function subgroupDistances(from: number): ReadonlyMap<number, number> {
  joinAll();
  const steps = new Map([[from, 0]]);
  for (const group of steps.keys()) {
    for (const next of neighbours.get(group)!) {
      if (!steps.has(next)) steps.set(next, steps.get(group)! + 1);
    }
  }
  return steps;
}
