import { rowsByClass } from '../../src/balance/sampling.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { classCodes } from '../codec/codes.ts';
import type { Looking } from '../training/health.ts';
import { type PixelData, unitRows } from './data.ts';

/** Training triplets at random, held-out ones, classes whose spread is measured, rows of each. */
const RANDOM = 256;
const HELD = 256;
const CLASSES = 24;
const EACH = 16;

/**
 * What the watchdog looks at, as flattened triplets: some training triplets, those of the rarest
 * classes of attention among them, and some of held-out materials. All of them would fill the
 * memory: a triplet of 128 pixels a side takes 200 kB.
 */
export function lookedAt(
  { examples, attention }: PixelData,
  held: Examples,
  stream: Stream,
): Omit<Looking, 'distance' | 'stream'> {
  const { labels, classes } = examples;
  const byClass = rowsByClass({ labels, classCount: classes.length });
  const rarest = [...byClass.keys()]
    .filter((label) => byClass[label]!.length > 0 && (attention?.has(label) ?? true))
    .sort((a, b) => byClass[a]!.length - byClass[b]!.length || a - b)
    .slice(0, CLASSES);
  const chosen = new Set([
    ...rarest.flatMap((label) => byClass[label]!.slice(0, EACH)),
    ...stream.split('training').permutation(labels.length).slice(0, RANDOM),
  ]);
  const rows = [...chosen].sort((a, b) => a - b);
  const { values: codes, code } = classCodes(classes);
  const seen = stream.split('held').permutation(held.count).slice(0, HELD);
  return {
    training: { ...unitRows(examples, rows), codes, code, attention },
    held: unitRows(held, seen),
  };
}
