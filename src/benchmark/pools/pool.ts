import type { ArchiveContents } from '../../../synthetic/archive/archive.ts';
import type { RandomSamples } from '../../../synthetic/sampling/random.ts';
import type { PartnerChoice } from '../../../synthetic/sampling/searches.ts';
import type { Wanted } from '../../../synthetic/sampling/wanted.ts';
import type { EncodedSet } from '../../codec/encode.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { classCounts, type Examples } from '../../dataset/examples.ts';
import type { Store } from '../../dataset/store/store.ts';
import type { StudyFolder } from '../study/folder.ts';
import type { Arm, CellPlan } from '../study/study.ts';

/** A set of synthetic triplets that cells share: what it is made by, and with which settings. */
export interface Pool {
  source: Exclude<Arm['synthetic'], 'none' | 'copies' | 'archive'>;
  fillTo: number;
  each?: number;
  epsilon: number;
  applyChecks: boolean;
  partners: number;
  partnerBy: PartnerChoice;
  agreement: number;
  nearShare?: number;
}

/** What making a pool needs. */
export interface PoolWork {
  folder: StudyFolder;
  cell: CellPlan;
  pool: Pool;
  /** Where the archive goes. */
  file: string;
  store: Store;
  /** The training triplets as discs; read once for all pools of a group. */
  discs: () => EncodedSet;
  progress: ProgressFactory;
  /** Random crystals that pools of this group share, by what they are. */
  shared: Map<string, Promise<RandomSamples>>;
}

/** How a source makes samples, and puts them into an archive. */
export interface SampleRecipe<Sample> {
  /** Samples of each class wanted; those of one round are others than those of another. */
  make(wanted: Wanted, round: number): Promise<Sample[]>;
  /** Rounds at most: a further one where judging leaves classes short. */
  rounds: number;
  archive(made: readonly Sample[]): ArchiveContents;
}

/** Whether a source makes crystals, whose labels are right by construction. */
export const makesCrystals = (source: Arm['synthetic']): boolean =>
  source.startsWith('crystals-') || source.startsWith('gan-crystal');

/**
 * Rows that are to be made of each class, by class index: so many each, or those it lacks up to
 * `fillTo`. Crystals can be made of a group without a row; other sources start from its rows.
 */
export const missingRows = (
  train: Examples,
  { source, fillTo, each }: Pick<Arm, 'fillTo' | 'each'> & { source: Arm['synthetic'] },
): Int32Array => {
  return classCounts(train).map((count) =>
    count === 0 && !makesCrystals(source) ? 0 : (each ?? Math.max(0, fillTo - count)),
  );
};

/** The classes with most rows missing, the rarest first: those whose boundaries are searched. */
export const rarest = (wanted: Wanted, most: number): Wanted =>
  new Map(
    [...wanted]
      .sort(([a, x], [b, y]) => y - x || a - b)
      .slice(0, most)
      .sort(([a], [b]) => a - b),
  );

/** Samples made for each one wanted: some will be rejected, of crystals hardly any. */
export const spareOf = (source: Arm['synthetic']): number => (makesCrystals(source) ? 1 : 1.6);

/** Triplets to make of each class that lacks rows, as a share of what it lacks. */
export function wantedOf({ store, pool }: PoolWork, share: number): Map<number, number> {
  const missing = missingRows(store.examples('train'), pool);
  const counts = Array.from(missing, (count) => Math.ceil(share * count));
  return new Map(
    store.classes.flatMap((c, label) => (counts[label]! ? [[c, counts[label]!]] : [])),
  );
}

/** One of a group came about: it lacks one fewer, and is off the list where that was the last. */
export function fillOne(lacking: Map<number, number>, group: number): void {
  const left = lacking.get(group);
  if (left === undefined) return;
  if (left > 1) lacking.set(group, left - 1);
  else lacking.delete(group);
}

/** A file that belongs to a pool, beside it. */
export const besidePool = (file: string, ending: string): string => file.replace(/\.h5$/, ending);
