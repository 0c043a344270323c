import { type ProgressFactory, silentProgress } from '../common/progress.ts';
import type { Stream } from '../common/stream.ts';
import { renderTriplets, storedPixels } from './batch.ts';
import type { ClassTables } from './class-tables.ts';
import { type CodecDraw, drawSamples, type SamplerName } from './samplers.ts';

/** Synthetic triplets drawn and rendered. */
export interface CodecPool {
  /** Stored pixels, (N, size, size, 3) in NHWC order. */
  images: Uint8Array;
  /** Class index of each. */
  labels: Int32Array;
  draws: readonly CodecDraw[];
}

/** Triplets rendered at a time. */
const CHUNK = 32;

/**
 * Draws and renders `counts[label]` triplets of each class.
 *
 * @param counts synthetic triplets wanted of each class index.
 */
export async function drawPool(
  tables: ClassTables,
  request: { sampler: SamplerName; counts: ArrayLike<number>; stream: Stream },
  progress: ProgressFactory = silentProgress,
): Promise<CodecPool> {
  const { sampler, counts, stream } = request;
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const each = tables.set.camera.size ** 2 * 3;
  const images = new Uint8Array(total * each);
  const draws: CodecDraw[] = [];
  const bar = progress(`drawing by ${sampler}`, total);
  const flush = async (pending: readonly CodecDraw[]): Promise<void> => {
    const drawn = renderTriplets(pending.map(({ discs }) => discs));
    images.set(await storedPixels(drawn), draws.length * each);
    drawn.dispose();
    draws.push(...pending);
    bar.advance(pending.length);
  };
  for (let label = 0; label < counts.length; label++) {
    const wanted = counts[label]!;
    if (wanted === 0) continue;
    const drawn = drawSamples(tables, { sampler, label, count: wanted, stream });
    for (let from = 0; from < wanted; from += CHUNK) await flush(drawn.slice(from, from + CHUNK));
  }
  bar.done();
  return { images, labels: Int32Array.from(draws, ({ label }) => label), draws };
}
