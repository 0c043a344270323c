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
  /** Stored pixels (n, S, S, 3) of triplets of the set; needed by a training that looks at pixels. */
  images?(triplets: ArrayLike<number>): Uint8Array;
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
  const set = encodeExamples(examples, progress);
  return {
    set,
    store: examples.store.digest,
    images: (triplets) => examples.images(Array.from(triplets, (i) => set.examples![i]!)),
  };
}
