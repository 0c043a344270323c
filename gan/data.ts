import type { EncodedSet } from '../src/codec/encode.ts';

/** What a GAN learns from: training triplets as discs, and the store they come from. */
export interface GanData {
  set: EncodedSet;
  /** Digest of the prepared store. */
  store: string;
  /** Class indices that get at least half of every batch; none by default. */
  attention?: ReadonlySet<number>;
}
