import { expect, it } from 'vitest';
import type { Classifier, TripletInput } from '../../classifier/classifier.ts';
import { predictViews } from '../../classifier/test-time.ts';

/** Triplets of 2 x 2 pixels: class 0 where the upper left pixel is bright, class 1 otherwise. */
const corner = (classes: readonly number[]): Classifier => ({
  classes,
  size: 2,
  featureCount: 1,
  digest: '',
  seen: { materials: [], digest: '' },
  predict(patterns: TripletInput) {
    const pixels = patterns as Uint8Array;
    const rows = Array.from({ length: pixels.length / 12 }, (_, i) => pixels[i * 12]! / 100);
    return Float32Array.from(rows.flatMap((p) => [p, 1 - p]));
  },
  logits: () => new Float32Array(),
  features: () => new Float32Array(),
  logitsOf: () => {
    throw new Error('not used');
  },
  featuresOf: () => {
    throw new Error('not used');
  },
  save: async () => {},
  dispose() {},
});

/** One triplet whose four corners, row by row, have these values in every pattern. */
const triplet = (corners: number[]) => Uint8Array.from(corners.flatMap((v) => [v, v, v]));

it('averages the pattern, its two mirror images and the half turn', () => {
  const [p, q] = predictViews(corner([2, 225]), triplet([100, 40, 20, 0]));
  expect(p).toBeCloseTo((1 + 0.4 + 0.2 + 0) / 4, 6);
  expect(q).toBeCloseTo(1 - p!, 6);
});

it('exchanges the groups of an enantiomorphic pair in the mirrored views', () => {
  // 76 and 78 are mirror images: what a mirrored view says of 78 counts for 76.
  const [p] = predictViews(corner([76, 78]), triplet([100, 40, 20, 0]));
  expect(p).toBeCloseTo((1 + 0.6 + 0.8 + 0) / 4, 6);
});

it('takes examples as well, several at once', () => {
  const pixels = Uint8Array.from([...triplet([100, 0, 0, 0]), ...triplet([0, 0, 0, 0])]);
  const examples = { count: 2, images: () => pixels };
  const seen = predictViews(corner([2, 225]), examples);
  [0.25, 0.75, 0, 1].forEach((value, i) => {
    expect(seen[i]).toBeCloseTo(value, 6);
  });
});
