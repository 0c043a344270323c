import { openArchive, type SyntheticArchive } from '../../../synthetic/archive/archive.ts';
import { type CleanArchive, refuseLeaks } from '../../../synthetic/leak-guard.ts';
import {
  acceptedCounts,
  type FillLimits,
  type Mixture,
  type MostRows,
  mix,
  roomFor,
} from '../../../synthetic/mixing/mix.ts';
import { rowsByClass, undersample } from '../../balance/sampling.ts';
import { Stream } from '../../common/stream.ts';
import { classCounts, type Examples, selectExamples } from '../../dataset/examples.ts';
import type { Store } from '../../dataset/store/store.ts';
import { poolFile, poolsOf } from '../pools/pools.ts';
import type { StudyFolder } from '../study/folder.ts';
import type { Arm, Study } from '../study/study.ts';
import type { SettledArm, SettledCell } from './candidates.ts';

/** What a cell trains on, and the digests of what it was made from. */
export interface TrainingSet {
  examples: Examples;
  digests: Record<string, string>;
}

const undersamplingOf = (arm: Arm) => ({
  target: arm.undersample > 0 ? arm.undersample : null,
  keep: 'random' as const,
});

const fillLimitsOf = ({ fillTo, each, ratio }: SettledArm): FillLimits => ({
  fill: each === undefined ? fillTo : Number.POSITIVE_INFINITY,
  ratio,
  cap: each ?? Number.POSITIVE_INFINITY,
});

/** Rows of the training split after undersampling, by position in it. */
function keptOf(arm: Arm, train: Examples, stream: Stream): Int32Array {
  const data = { labels: train.labels, classCount: train.classes.length };
  return undersample(data, undersamplingOf(arm), stream);
}

/** Some rows of examples, of which the last `copies` count as synthetic. */
function selectWithCopies(train: Examples, rows: readonly number[], copies: number): Examples {
  const selected = selectExamples(train, rows);
  if (copies === 0) return selected;
  const first = rows.length - copies;
  return { ...selected, synthetic: Uint8Array.from(rows, (_, i) => (i < first ? 0 : 1)) };
}

/** The samples that a study was made for; null in other studies. */
const givenArchive = async ({ archive }: Study): Promise<SyntheticArchive | null> =>
  archive === undefined ? null : openArchive(archive);

/** The control: kept rows repeated, as many of each class as synthetic data would add to it. */
function withCopies(
  arm: SettledArm,
  { train, kept, most }: { train: Examples; kept: Int32Array; most: MostRows },
  stream: Stream,
): Examples {
  const rows = rowsByClass({
    labels: kept.map((row) => train.labels[row]!),
    classCount: train.classes.length,
  });
  const copies = Array.from(classCounts(train)).flatMap((real, label) => {
    const limits = { ...fillLimitsOf(arm), most };
    const length = real === 0 ? 0 : roomFor(real, limits, train.classes[label]!);
    return Array.from({ length }, () => kept[stream.pick(rows[label]!)]!);
  });
  return selectWithCopies(train, [...kept, ...copies], copies.length);
}

/** The undersampled training rows of a store with the accepted samples of an archive, as an arm asks. */
export const armMixture = (
  arm: SettledArm,
  archive: CleanArchive,
  stream: Stream,
  most: MostRows = null,
): Mixture =>
  mix(archive, {
    source: 'both',
    ...fillLimitsOf(arm),
    weight: 1,
    softLabels: false,
    undersampling: undersamplingOf(arm),
    most,
    stream,
  });

/**
 * The training set of a cell: the (undersampled) training rows of the store, with copies or with
 * the accepted samples of the arm's pools.
 */
export async function trainingSet(
  folder: StudyFolder,
  cell: SettledCell,
  store: Store,
): Promise<TrainingSet> {
  const { arm } = cell;
  const stream = new Stream(cell.seed, 'training set');
  const train = store.examples('train');
  const given = await givenArchive(folder.study);
  // No arm gets more rows of a class than the given samples are: the study compares what they are, not how many.
  const most = given && acceptedCounts(given);
  if (arm.synthetic === 'none' || arm.synthetic === 'copies') {
    const kept = keptOf(arm, train, stream.split('undersampling'));
    const examples =
      arm.synthetic === 'copies'
        ? withCopies(arm, { train, kept, most }, stream.split('copies'))
        : selectExamples(train, kept);
    return { examples, digests: {} };
  }
  const found =
    arm.synthetic === 'archive'
      ? given!
      : await openArchive(poolFile(folder, cell, poolsOf(cell)[0]!));
  const archive = refuseLeaks(found, store);
  const examples = armMixture(arm, archive, stream.split('mix'), most);
  return { examples, digests: { archive: archive.digest, gan: archive.origin.gan.digest } };
}
