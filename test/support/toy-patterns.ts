import type { GanData } from '../../gan/codec/data.ts';
import { renderTriplets, storedPixels } from '../../src/codec/render.ts';
import { toySet } from './toy-discs.ts';

/** Grey levels by which every lit pixel of a toy pattern is brighter than its discs say. */
export const TOY_GLOW = 12;

/** Toy triplets with stored pixels behind them, which hold a little more light than their discs. */
export async function toyPatterns(counts: readonly number[]): Promise<GanData> {
  const set = toySet(counts);
  const drawn = renderTriplets(set.triplets.map(({ discs }) => discs));
  const pixels = (await storedPixels(drawn)).map((grey) =>
    grey > 0 ? Math.min(255, grey + TOY_GLOW) : 0,
  );
  drawn.dispose();
  const each = pixels.length / set.triplets.length;
  return {
    set,
    store: 'toy',
    images: (triplets) =>
      Uint8Array.from(
        { length: triplets.length * each },
        (_, i) => pixels[triplets[Math.floor(i / each)]! * each + (i % each)]!,
      ),
  };
}
