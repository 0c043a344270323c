import type { Classifier } from '../../classifier/classifier.ts';
import type { RealExamples } from '../../src/dataset/examples.ts';
import { AMONG } from '../checks/acceptance.ts';

/** What a classifier says of triplets. */
export interface Verdicts {
  classes: readonly number[];
  /** (N, classes) probabilities. */
  probabilities: ArrayLike<number>;
  /** Space groups that it finds too seldom in real triplets to be heard about them. */
  unheard: readonly number[];
}

/** Share of the real triplets of a class that must have it among the likeliest. */
const HEARD = 0.5;

/**
 * Space groups whose held-out real triplets a classifier mostly does not recognise: its "no" to a
 * synthetic triplet of them would mean nothing. One success and one failure are counted with each
 * class, so that one triplet does not decide, and a class without any is heard.
 */
function unheardOf(probabilities: Float32Array, held: RealExamples): number[] {
  const { classes } = held;
  const count = classes.length;
  const found = new Float64Array(count).fill(1);
  const all = new Float64Array(count).fill(2);
  held.labels.forEach((label, i) => {
    const row = probabilities.subarray(i * count, (i + 1) * count);
    const before = row.filter((p) => p > row[label]!).length;
    all[label]!++;
    if (before < AMONG) found[label]!++;
  });
  return classes.filter((_, label) => found[label]! / all[label]! < HEARD);
}

/** What a classifier says of synthetic triplets, (N, size, size, 3) stored pixels, and of held-out real ones. */
export function verdictsOf(
  classifier: Classifier,
  pixels: Uint8Array,
  held: RealExamples,
): { made: Verdicts; held: Verdicts } {
  const { classes } = classifier;
  const onHeld = classifier.predict(held);
  const unheard = unheardOf(onHeld, held);
  return {
    made: { classes, probabilities: classifier.predict(pixels), unheard },
    held: { classes, probabilities: onHeld, unheard },
  };
}
