import { readFileSync } from 'node:fs';
import { usageError } from '../../common/errors.ts';
import { groupBy } from '../../common/group.ts';
import { dataFile } from '../../common/paths.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { Stream } from '../../common/stream.ts';
import { didYouMean } from '../../common/suggest.ts';
import type { Crystal } from '../../crystal/crystal.ts';
import { generateCrystal } from '../../crystal/generate.ts';
import { loadMinerals } from '../../crystal/minerals.ts';
import type { SimulationSettings } from '../../simulate/options.ts';
import { DEFAULT_SPLIT_RULE, type SplitRule } from '../split.ts';
import { TASKS } from './task-names.ts';

/** A dataset that can be made without any file: its crystals, and how they are imaged and split. */
export interface BuiltInTask {
  crystals: Crystal[];
  simulation: SimulationSettings;
  rule: SplitRule;
}

export interface TaskOptions {
  seed: number;
  /** About this many crystals instead of all; every class keeps enough to be split. */
  limit?: number;
  /** Pixels a side of the patterns, instead of the simulator's default. */
  size?: number;
  progress?: ProgressFactory;
}

/** Fewest materials of a space group in the task `minerals`. */
export const MINERALS_LEAST = 10;

/** Space groups of the task `ladder`: structure types from all seven crystal systems. */
const LADDER_GROUPS = [
  2, 12, 14, 15, 19, 33, 62, 63, 122, 136, 139, 141, 148, 166, 167, 176, 186, 194, 205, 216, 221,
  225, 227,
] as const;

const LADDER = { head: 150, tail: 5, test: 30, validation: 10 } as const;

/** How every built-in task is imaged. */
const imaging = ({ size }: TaskOptions): SimulationSettings => ({
  zones: 'standard',
  ...(size !== undefined && { size }),
});

/** The share of something that a limit leaves. */
const shareOf = (limit: number | undefined, all: number): number =>
  limit === undefined ? 1 : Math.min(1, limit / all);

/** Minerals of the groups that have at least so many materials. */
function minerals({ seed, limit }: TaskOptions, least: number): Crystal[] {
  const stream = new Stream(seed, 'task/minerals');
  const classes = [...groupBy(loadMinerals(), (one) => one.spaceGroup)]
    .map(([spaceGroup, members]) => ({
      spaceGroup,
      materials: groupBy(members, (one) => one.material),
    }))
    .filter(({ materials }) => materials.size >= least);
  const count = classes.reduce(
    (sum, { materials }) => sum + [...materials.values()].flat().length,
    0,
  );
  const share = shareOf(limit, count);
  return classes.flatMap(({ spaceGroup, materials }) => {
    const names = [...materials.keys()];
    const keep = Math.max(MINERALS_LEAST, Math.round(share * names.length));
    const kept = new Set(stream.split(spaceGroup).shuffled(names).slice(0, keep));
    return names.filter((name) => kept.has(name)).flatMap((name) => materials.get(name)!);
  });
}

/**
 * Training materials of each class of the ladder: from 150 down to 5 in equal ratios, in the
 * order in which these groups occur in the Summit data (`data/summit-counts.csv`, most frequent
 * first; a group that does not occur there comes last).
 */
export function ladderCounts(): { spaceGroup: number; train: number }[] {
  const counts = summitCounts();
  const samples = (spaceGroup: number): number => counts.get(spaceGroup)?.overall ?? 0;
  const order = [...LADDER_GROUPS].sort((a, b) => samples(b) - samples(a) || a - b);
  const { head, tail } = LADDER;
  return order.map((spaceGroup, rank) => ({
    spaceGroup,
    train: Math.round(head * (tail / head) ** (rank / (order.length - 1))),
  }));
}

/** Generated crystals, so many training materials of each class beside equal numbers of held-out ones. */
function generated(
  classes: readonly { spaceGroup: number; train: number }[],
  options: TaskOptions,
): BuiltInTask {
  const { seed, limit, progress = silentProgress } = options;
  const held = LADDER.test + LADDER.validation;
  const all = classes.reduce((sum, { train }) => sum + train + held, 0);
  const share = shareOf(limit, all);
  const test = Math.max(5, Math.round(share * LADDER.test));
  const validation = Math.max(2, Math.round(share * LADDER.validation));
  const sizes = classes.map(({ spaceGroup, train }) => ({
    spaceGroup,
    count: Math.max(LADDER.tail, Math.round(share * train)) + test + validation,
  }));
  const stream = new Stream(seed, 'task/ladder');
  const bar = progress(
    'generating crystals',
    sizes.reduce((sum, { count }) => sum + count, 0),
  );
  const crystals = sizes.flatMap(({ spaceGroup, count }) =>
    Array.from({ length: count }, (_, i) => {
      const id = `generated:${seed}-${spaceGroup}-${String(i).padStart(3, '0')}`;
      const crystal = generateCrystal({
        spaceGroup,
        stream: stream.split(`${spaceGroup}/${i}`),
        id,
      });
      bar.advance();
      return crystal;
    }),
  );
  bar.done();
  // Shares of 1: every class gives the full number, and the rest is its training materials.
  const rule = { test: { share: 1, cap: test }, validation: { share: 1, cap: validation } };
  return { crystals, rule, simulation: imaging(options) };
}

/**
 * The crystals of a built-in task and how they are imaged and split.
 *
 * @throws a usage error for an unknown name.
 */
export function builtInTask(name: string, options: TaskOptions): BuiltInTask {
  if (name === 'minerals') {
    const crystals = minerals(options, MINERALS_LEAST);
    return { crystals, rule: DEFAULT_SPLIT_RULE, simulation: imaging(options) };
  }
  if (name === 'universal') {
    const rule: SplitRule = { ...DEFAULT_SPLIT_RULE, single: 'test' };
    return { crystals: minerals(options, 1), rule, simulation: imaging(options) };
  }
  if (name === 'ladder') return generated(ladderCounts(), options);
  if (name === 'balanced') {
    return generated(
      ladderCounts().map(({ spaceGroup }) => ({ spaceGroup, train: LADDER.head })),
      options,
    );
  }
  throw usageError(`--task ${name}: there is no such task`, didYouMean(name, Object.keys(TASKS)));
}

/** Samples of one space group in the official Summit files. */
export interface SummitCount {
  train: number;
  dev: number;
  test: number;
  overall: number;
}

/** Samples of each of the 230 space groups in the official Summit files. */
export function summitCounts(): Map<number, SummitCount> {
  const lines = readFileSync(dataFile('summit-counts.csv'), 'utf8').split('\n');
  const rows = lines.filter((line) => /^\d/.test(line)).map((line) => line.split(',').map(Number));
  return new Map(
    rows.map(([spaceGroup, train, dev, test, overall]) => [
      spaceGroup!,
      { train: train!, dev: dev!, test: test!, overall: overall! },
    ]),
  );
}
