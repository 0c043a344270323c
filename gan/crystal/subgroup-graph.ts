import {
  centringVectors,
  crystalSystem,
  operations,
  SPACE_GROUPS,
} from '../../src/crystal/spacegroup.ts';
import { subgroupsOf } from './symmetry-breaking.ts';

/** Indices of maximal translationengleiche subgroups; 4 only from cubic to trigonal, else it is twice 2. */
const INDICES = [2, 3, 4] as const;
const isMaximal = (index: number, from: number, to: number): boolean =>
  index < 4 || (crystalSystem(from) === 'cubic' && crystalSystem(to) === 'trigonal');

const neighbours = new Map<number, Set<number>>();

/** Joins every group with its translationengleiche maximal subgroups; some 15 s the first time. */
function joinAll(): void {
  if (neighbours.size > 0) return;
  for (const group of SPACE_GROUPS) neighbours.set(group, new Set());
  for (const group of SPACE_GROUPS) {
    const order = operations(group).length / centringVectors(group).length;
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
