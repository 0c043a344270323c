import { type EncodedSet, encodeExamples } from '../../src/codec/encode.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { StoreExamples } from '../../src/dataset/store/store.ts';

/** What a GAN learns from: training triplets as discs, and the store they come from. */
export interface GanData {
  set: EncodedSet;
  /** Digest of the prepared store. */
  store: string;
  /** Class indices that get at least half of every batch; none by default. */
  attention?: ReadonlySet<number>;
}

/**
 * The training triplets of a store, read as discs.
 *
 * @throws input error where no triplet can be read.
 */
export function ganData(
  examples: StoreExamples,
  progress: ProgressFactory = silentProgress,
): GanData {
  return { set: encodeExamples(examples, progress), store: examples.store.digest };
}
