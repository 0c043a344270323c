import type { ClassPair } from '../../../classifier/boundary/margin.ts';
import type { Classifier } from '../../../classifier/classifier.ts';
import { verifierMargins } from '../../../synthetic/checks/candidate-checks.ts';
import { Stream } from '../../common/stream.ts';
import { splitTriplets } from '../../dataset/intensity/triplet-stack.ts';
import { embeddingFigure } from './probe-embedding.ts';
import { embeddingEvidence, planeEvidence } from './probe-evidence.ts';
import { marginFigure } from './probe-margins.ts';
import { planeFigure } from './probe-plane.ts';

/** Classifiers whose boundary is drawn: the guide, and those of other seeds. */
export interface Judges {
  guide: Classifier;
  verifiers: readonly Classifier[];
}

/** Stored pixels of the triplets of every kind; empty where there are none. */
export interface ProbedKinds {
  real: Uint8Array;
  realPartner: Uint8Array;
  random: Uint8Array;
  boundary: Uint8Array;
}

/** Panels of the plane: one a classifier. */
const MOST_PANELS = 4;

const distance = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0);

/** The triplet of a stack that is nearest to another. */
export const nearest = (stack: Uint8Array, to: Uint8Array): Uint8Array =>
  splitTriplets(stack, to.length).reduce((best, one) =>
    distance(one, to) < distance(best, to) ? one : best,
  );

/** How far from the boundary the triplets of every kind lie. */
export function marginSvg(
  { guide, verifiers }: Judges,
  [spaceGroup, partner]: readonly [number, number],
  pair: ClassPair,
  kinds: ProbedKinds,
): string {
  const of = (classifier: Classifier, pixels: Uint8Array): number[] =>
    pixels.length === 0 ? [] : [...verifierMargins(classifier, pixels, pair)];
  return marginFigure({
    spaceGroup,
    partner,
    real: of(guide, kinds.real),
    realPartner: of(guide, kinds.realPartner),
    random: of(guide, kinds.random),
    boundary: of(guide, kinds.boundary),
    boundaryElsewhere: verifiers.flatMap((one) => of(one, kinds.boundary)),
  });
}

/** Where the triplets of every kind lie in the guide's features. */
export function embeddingSvg(
  { guide }: Judges,
  { pair, seed = 0 }: { pair: readonly [number, number]; seed?: number },
  kinds: ProbedKinds,
): string {
  const groups = [
    { kind: 'real' as const, pixels: kinds.real },
    { kind: 'real partner' as const, pixels: kinds.realPartner },
    { kind: 'random' as const, pixels: kinds.random },
    { kind: 'boundary' as const, pixels: kinds.boundary },
  ].filter(({ pixels }) => pixels.length > 0);
  const stream = new Stream(seed, 'probe');
  return embeddingFigure(
    embeddingEvidence({ spaceGroups: pair, classifier: guide, groups, stream }),
  );
}

export interface PlaneRequest {
  pair: readonly [number, number];
  /** Grid points a side; 40 by default. */
  side?: number;
  /** What the third triplet is, for the legend; a synthetic one by default. */
  caption?: string;
}

/** The plane through three triplets, as each classifier divides it. */
export function planeSvg(
  { guide, verifiers }: Judges,
  { pair: spaceGroups, side = 40, caption }: PlaneRequest,
  pair: ClassPair,
  corners: readonly [Uint8Array, Uint8Array, Uint8Array],
): string {
  const classifiers = [guide, ...verifiers].slice(0, MOST_PANELS).map((classifier, i) => ({
    name: i === 0 ? 'guide' : `another seed (${i})`,
    classifier,
  }));
  const evidence = planeEvidence({ spaceGroups, pair, triplets: corners, classifiers, side });
  return planeFigure({ ...evidence, caption });
}
