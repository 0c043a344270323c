import {
  AGREEMENT,
  type ClassPair,
  logProbabilities,
  pairView,
} from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import type { CandidateCheck } from '../../gan/boundary/search.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { joinTriplets } from '../../src/dataset/intensity/transform.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { Triplets } from '../metrics/descriptors/descriptors.ts';
import {
  convolutionSpace,
  fitScaler,
  type Space,
  standardised,
} from '../metrics/feature-spaces.ts';
import { realism } from '../metrics/realism.ts';
import { references } from './realism-limit.ts';

/** Pixels of candidates one after another. */
export const pixelsOf = (candidates: readonly { drawn: { pixels: Uint8Array } }[]): Uint8Array =>
  joinTriplets(candidates.map(({ drawn }) => drawn.pixels));

/**
 * Lets candidates pass that classifiers of other seeds also see between the two classes: none is
 * surer than the agreement, in nats, allows on either side. What only the guide doubts is
 * adversarial.
 */
export const verifierCheck = (
  verifiers: readonly Classifier[],
  agreement: number = AGREEMENT,
): CandidateCheck => ({
  name: 'verifier',
  accepts(candidates) {
    const pixels = pixelsOf(candidates);
    const pairs = candidates.map(({ pair }) => pair);
    const margins = verifiers.map((verifier) => verifierMargins(verifier, pixels, pairs));
    return candidates.map((_, row) => margins.every((all) => Math.abs(all[row]!) <= agreement));
  },
});

/** log p(label) - log p(partner) of stored pixels by a classifier, for one pair or for each its own. */
export function verifierMargins(
  verifier: Classifier,
  pixels: Uint8Array,
  pairs: ClassPair | readonly ClassPair[],
): Float64Array {
  const classes = verifier.classes.length;
  const logs = logProbabilities(verifier, pixels);
  return Float64Array.from({ length: logs.length / classes }, (_, row) => {
    const pair = 'label' in pairs ? pairs : pairs[row]!;
    return pairView(logs, row, { ...pair, classes }).margin;
  });
}

const BATCH = 256;

/**
 * Lets candidates pass whose realism (Kynkaanniemi et al. 2019) against the real training triplets
 * of their class, or of all classes where it has few materials, reaches what all but 5 % of new
 * real ones would reach.
 */
function realismCheck(space: Space, train: Examples, centre: number): CandidateCheck {
  const { size } = train;
  const triplets = (pixels: Uint8Array): Triplets => ({
    pixels,
    size,
    centre,
    count: pixels.length / (3 * size * size),
  });
  const all = embedAll(space, train, triplets);
  const scaler = fitScaler(all);
  const referenceOf = references(standardised(all, scaler), train);
  return {
    name: 'realism',
    accepts(candidates) {
      const { real, groups, limit } = referenceOf(candidates[0]!.pair.label);
      const features = standardised(space.embed(triplets(pixelsOf(candidates))), scaler);
      return Array.from(realism(real, features, { groups }), (value) => value >= limit);
    },
  };
}

/**
 * The checks of samples that go to people: classifiers of other seeds if there are any, and realism,
 * which takes longer.
 */
export const candidateChecks = (
  store: Store,
  verifiers: readonly Classifier[],
  agreement?: number,
): CandidateCheck[] => {
  const space = convolutionSpace(new Stream(0, 'boundary realism'));
  const realistic = realismCheck(space, store.examples('train'), store.camera.centre);
  return verifiers.length > 0 ? [verifierCheck(verifiers, agreement), realistic] : [realistic];
};

function embedAll(space: Space, train: Examples, triplets: (pixels: Uint8Array) => Triplets) {
  const parts = [];
  for (let from = 0; from < train.count; from += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, train.count - from) }, (_, i) => from + i);
    parts.push(space.embed(triplets(train.images(rows))));
  }
  const width = parts[0]!.width;
  const values = new Float64Array(train.count * width);
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return { count: train.count, width, values };
}
