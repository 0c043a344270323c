import { enantiomorph } from '../src/crystal/spacegroup.ts';
import type { Classifier, TripletInput } from './classifier.ts';

const CHANNELS = 3;

/** The views averaged: as they are, mirrored in each axis, turned by 180 degrees. */
const VIEWS = [
  { flipX: false, flipY: false },
  { flipX: true, flipY: false },
  { flipX: false, flipY: true },
  { flipX: true, flipY: true },
] as const;

function flipped(pixels: Uint8Array, size: number, view: (typeof VIEWS)[number]): Uint8Array {
  if (!view.flipX && !view.flipY) return pixels;
  const out = new Uint8Array(pixels.length);
  const count = pixels.length / (size * size * CHANNELS);
  for (let row = 0; row < count * size; row++) {
    const y = row % size;
    const from = view.flipY ? row - y + (size - 1 - y) : row;
    for (let x = 0; x < size; x++) {
      const source = (from * size + (view.flipX ? size - 1 - x : x)) * CHANNELS;
      const target = (row * size + x) * CHANNELS;
      for (let c = 0; c < CHANNELS; c++) out[target + c] = pixels[source + c]!;
    }
  }
  return out;
}

/** For each class, the class that its mirror image belongs to; itself where the task lacks it. */
const mirrorClasses = (classes: readonly number[]): number[] =>
  classes.map((group, label) => {
    const partner = enantiomorph(group);
    const at = partner === null ? label : classes.indexOf(partner);
    return at < 0 ? label : at;
  });

/**
 * Probabilities (N, K) averaged over four views of each triplet. In the two mirrored ones the
 * groups of an enantiomorphic pair change places.
 */
export function predictViews(classifier: Classifier, patterns: TripletInput): Float32Array {
  const { size, classes } = classifier;
  const pixels =
    patterns instanceof Uint8Array
      ? patterns
      : patterns.images(Int32Array.from({ length: patterns.count }, (_, i) => i));
  const partners = mirrorClasses(classes);
  const K = classes.length;
  const mean = new Float32Array((pixels.length / (size * size * CHANNELS)) * K);
  for (const view of VIEWS) {
    const seen = classifier.predict(flipped(pixels, size, view));
    const isMirror = view.flipX !== view.flipY;
    for (let at = 0; at < mean.length; at++) {
      const label = at % K;
      const from = isMirror ? at - label + partners[label]! : at;
      mean[at]! += seen[from]! / VIEWS.length;
    }
  }
  return mean;
}
