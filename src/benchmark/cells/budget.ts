import { groupBy } from '../../common/group.ts';
import { Stream } from '../../common/stream.ts';
import { SPLITS } from '../../dataset/split.ts';
import type { Store } from '../../dataset/store/store.ts';
import { withSplit } from '../../dataset/store/view.ts';

/** Code of rows that a budget leaves out: they stand in no part of the store. */
const LEFT_OUT = 255;

const TRAIN = SPLITS.indexOf('train');

/** Training materials (positions in `materials`) that a budget keeps. */
function keptMaterials(store: Store, budget: number, seed: number): Set<number> {
  const { split, material, spaceGroup } = store.rows;
  const rows = [...split.keys()].filter((row) => split[row] === TRAIN);
  const stream = new Stream(seed, 'budget');
  const kept = [...groupBy(rows, (row) => spaceGroup[row]!)].flatMap(([group, members]) => {
    const materials = [...new Set(members.map((row) => material[row]!))].sort((a, b) => a - b);
    return stream.split(group).shuffled(materials).slice(0, budget);
  });
  return new Set(kept);
}

/**
 * The same store with at most `budget` training materials of each class; validation and test stay
 * whole. What is left out stands in no part, so nothing learns from it, and what learned from it
 * elsewhere is refused. Smaller budgets are subsets of larger ones of the same seed.
 */
export function withinBudget(store: Store, options: { budget: number; seed: number }): Store {
  const kept = keptMaterials(store, options.budget, options.seed);
  const split = store.rows.split.map((part, row) =>
    part === TRAIN && !kept.has(store.rows.material[row]!) ? LEFT_OUT : part,
  );
  return withSplit(store, split);
}
