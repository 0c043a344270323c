import { existsSync } from 'node:fs';
import { inputError } from '../../common/errors.ts';
import { groupBy } from '../../common/group.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { defaultStorePath } from '../../common/run.ts';
import { Stream } from '../../common/stream.ts';
import { SPACE_GROUPS } from '../../crystal/spacegroup.ts';
import { bandOf } from '../../dataset/census.ts';
import { materialCounts } from '../../dataset/examples.ts';
import { DEFAULT_SPLIT_RULE, SPLITS, type SplitRule } from '../../dataset/split.ts';
import { openStore, type Store } from '../../dataset/store/store.ts';
import { resplit, withClasses, withSplit } from '../../dataset/store/view.ts';
import { ensureTask } from '../../dataset/tasks/make-task.ts';
import { isTask, taskStorePath } from '../../dataset/tasks/task-names.ts';
import type { CellPlan, Study } from './study.ts';

/** The word for the prepared store of the workspace, the one that other commands use too. */
const WORKSPACE = 'workspace';

/** Where the store of a study stands: the workspace's, a built-in task's or a file. */
export function studyStorePath({ data }: Pick<Study, 'data'>): string {
  if (isTask(data)) return taskStorePath(data);
  return data === WORKSPACE ? defaultStorePath() : data;
}

/**
 * The store of a study, a built-in task made where it is missing.
 *
 * @throws input error where there is none.
 */
export async function studyStore(
  study: Study,
  progress: ProgressFactory = silentProgress,
): Promise<string> {
  if (isTask(study.data)) return ensureTask(study.data, progress);
  const path = studyStorePath(study);
  if (existsSync(path)) return path;
  throw inputError(
    `no store at ${path}`,
    'make one with gan data prepare, or use --data minerals or ladder',
  );
}

/** Which split and budget of a store a cell works on. */
type Division = Pick<CellPlan, 'split' | 'budget'>;

/** A store with its materials divided, and what a cell sees of it. */
export interface DividedStore {
  /** All rows: 0 is the store's own division, every other split divides anew by the same rule. */
  whole: Store;
  /** Its training part cut to the budget, withheld groups without training and validation rows. */
  store: Store;
  /** Space groups that are withheld, ascending. */
  withheld: number[];
}

/** A store divided for a split number and a budget as its study says. */
export function divideStore(
  store: Store,
  { split, budget }: Division,
  { withheld: every, classes }: Pick<Study, 'withheld' | 'classes'>,
): DividedStore {
  const rule = (store.config.rule as SplitRule | undefined) ?? DEFAULT_SPLIT_RULE;
  const own = classes === 'all' ? withClasses(store, SPACE_GROUPS) : store;
  const whole = split === 0 ? own : resplit(own, { seed: split, rule });
  const withheld = every === undefined ? [] : withheldGroups(whole, { every, split });
  const open = withheld.length === 0 ? whole : withoutGroups(whole, withheld);
  return {
    whole,
    store: budget === null ? open : withinBudget(open, { budget, seed: split }),
    withheld,
  };
}

/** The store of a study as the cells of a split and budget see it, and the digest of the whole. */
export async function openDivision(
  study: Study,
  division: Division,
): Promise<{ store: Store; data: string }> {
  const whole = await openStore(await studyStore(study));
  return { store: divideStore(whole, division, study).store, data: whole.digest };
}

/** Code of rows that a budget leaves out: they stand in no part of the store. */
const LEFT_OUT = 255;

const TRAIN = SPLITS.indexOf('train');
const TEST = SPLITS.indexOf('test');

/** Few-shot groups with test rows, of which every `every`th is withheld, another part each split. */
function withheldGroups(store: Store, { every, split }: { every: number; split: number }) {
  const counts = materialCounts(store.examples('train'));
  const tested = new Set(store.examples('test').labels);
  const few = store.classes.filter(
    (_, label) => counts[label]! > 0 && bandOf(counts[label]!) === 'few' && tested.has(label),
  );
  return few.filter((_, i) => i % every === split % every);
}

/**
 * The same store without the training and validation rows of some groups: they stand in no part, so
 * that neither a network nor a choice, a prior or a generator sees a crystal of theirs. Test rows stay.
 */
function withoutGroups(store: Store, groups: readonly number[]): Store {
  const out = new Set(groups);
  const { split, spaceGroup } = store.rows;
  return withSplit(
    store,
    split.map((part, row) => (part !== TEST && out.has(spaceGroup[row]!) ? LEFT_OUT : part)),
  );
}

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
