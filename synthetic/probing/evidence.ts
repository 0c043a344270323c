import type { ClassPair } from '../../classifier/boundary/margin.ts';
import { agreement, planeGrid, planeThrough, rowVectors } from '../../classifier/boundary/plane.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import { principalComponents } from '../../gan/codec/principal.ts';
import { Stream } from '../../src/common/stream.ts';
import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { splitTriplets } from '../../src/dataset/intensity/transform.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor4D, tf } from '../../src/engine/tf.ts';
import { verifierMargins } from '../checks/candidate-checks.ts';
import type {
  EmbeddedPoint,
  EmbeddingData,
  MarginData,
  PlaneFigureData,
  PlanePanel,
} from './probe-data.ts';

/** Logits of network inputs given as grey levels, (N, K). */
function logitsOf(classifier: Classifier, values: Float32Array): Float32Array {
  const { size } = classifier;
  return numbersOf(() => {
    const input = tf.tensor4d(values, [values.length / (3 * size * size), size, size, 3]);
    return classifier.logitsOf(input.mul(PIXEL_SCALE) as Tensor4D);
  });
}

function panelOf(
  classifier: Classifier,
  name: string,
  grid: { rows: Float32Array[]; pair: ClassPair },
): PlanePanel {
  const classes = classifier.classes.length;
  const { label, partner } = grid.pair;
  const region: number[] = [];
  const margin: number[] = [];
  for (const row of grid.rows) {
    const logits = logitsOf(classifier, row);
    for (let at = 0; at < logits.length; at += classes) {
      const values = logits.subarray(at, at + classes);
      const best = values.indexOf(Math.max(...values));
      region.push(best === label ? 0 : best === partner ? 1 : 2);
      margin.push(values[label]! - values[partner]!);
    }
  }
  return { name, region: Uint8Array.from(region), margin: Float32Array.from(margin) };
}

/**
 * How classifiers divide the plane of images through a real triplet of a class, one of its partner
 * and a synthetic one. Images have no negative grey levels, so the plane is cut off there.
 */
function planeEvidence(request: {
  spaceGroups: readonly [number, number];
  pair: ClassPair;
  /** Real of the class, real of the partner, synthetic; (S, S, 3) stored pixels. */
  triplets: readonly [Uint8Array, Uint8Array, Uint8Array];
  classifiers: readonly { name: string; classifier: Classifier }[];
  side: number;
}): PlaneFigureData {
  const { spaceGroups, pair, triplets, classifiers, side } = request;
  const unit = Math.sqrt(triplets[0].length); // root mean square instead of Euclidean distance
  const [a, b, c] = triplets.map((one) => Float32Array.from(one, (v) => v / unit));
  const grid = planeGrid(planeThrough(a!, b!, c!), side);
  const rows = Array.from({ length: side }, (_, row) =>
    rowVectors(grid, row).map((v) => Math.min(255, Math.max(0, v * unit))),
  );
  const panels = classifiers.map(({ name, classifier }) =>
    panelOf(classifier, name, { rows, pair }),
  );
  const pairs = panels.flatMap((one, i) =>
    panels.slice(i + 1).map((other) => agreement(one.region, other.region)),
  );
  return {
    spaceGroup: spaceGroups[0],
    partner: spaceGroups[1],
    x: [...grid.x],
    y: [...grid.y],
    points: grid.plane.points,
    panels,
    agreement: pairs.length === 0 ? null : pairs.reduce((sum, one) => sum + one, 0) / pairs.length,
  };
}

/** Triplets of every kind in the two principal components of their features. */
function embeddingEvidence(request: {
  spaceGroups: readonly [number, number];
  classifier: Classifier;
  groups: readonly { kind: EmbeddedPoint['kind']; pixels: Uint8Array }[];
  stream: Stream;
}): EmbeddingData {
  const { spaceGroups, classifier, groups, stream } = request;
  const kinds: EmbeddedPoint['kind'][] = [];
  const parts = groups.map(({ kind, pixels }) => {
    const features = classifier.features(pixels);
    for (let i = 0; i < features.length / classifier.featureCount; i++) kinds.push(kind);
    return features;
  });
  const width = classifier.featureCount;
  const rows = new Float32Array(kinds.length * width);
  parts.reduce((at, part) => {
    rows.set(part, at);
    return at + part.length;
  }, 0);
  const { mean, axes, deviations, kept } = principalComponents({ rows, width, rank: 2, stream });
  const along = (row: number, axis: number): number => {
    let sum = 0;
    for (let i = 0; i < width; i++) {
      sum += (rows[row * width + i]! - mean[i]!) * axes[axis * width + i]!;
    }
    return sum;
  };
  const squares = [deviations[0]! ** 2, (deviations[1] ?? 0) ** 2];
  const total = (squares[0]! + squares[1]!) / kept;
  return {
    spaceGroup: spaceGroups[0],
    partner: spaceGroups[1],
    points: kinds.map((kind, row) => ({ kind, x: along(row, 0), y: along(row, 1) })),
    kept: [squares[0]! / total, squares[1]! / total],
  };
}

/** Classifiers whose boundary is drawn: the guide, and those of other seeds. */
export interface BoundaryClassifiers {
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
export const nearestTriplet = (stack: Uint8Array, to: Uint8Array): Uint8Array =>
  splitTriplets(stack, to.length).reduce((best, one) =>
    distance(one, to) < distance(best, to) ? one : best,
  );

/** How far from the boundary the triplets of every kind lie. */
export function marginsOf(
  { guide, verifiers }: BoundaryClassifiers,
  [spaceGroup, partner]: readonly [number, number],
  pair: ClassPair,
  kinds: ProbedKinds,
): MarginData {
  const of = (classifier: Classifier, pixels: Uint8Array): number[] =>
    pixels.length === 0 ? [] : [...verifierMargins(classifier, pixels, pair)];
  return {
    spaceGroup,
    partner,
    real: of(guide, kinds.real),
    realPartner: of(guide, kinds.realPartner),
    random: of(guide, kinds.random),
    boundary: of(guide, kinds.boundary),
    boundaryElsewhere: verifiers.flatMap((one) => of(one, kinds.boundary)),
  };
}

/** Where the triplets of every kind lie in the guide's features. */
export function embeddingOf(
  { guide }: BoundaryClassifiers,
  { pair, seed = 0 }: { pair: readonly [number, number]; seed?: number },
  kinds: ProbedKinds,
): EmbeddingData {
  const groups = [
    { kind: 'real' as const, pixels: kinds.real },
    { kind: 'real partner' as const, pixels: kinds.realPartner },
    { kind: 'random' as const, pixels: kinds.random },
    { kind: 'boundary' as const, pixels: kinds.boundary },
  ].filter(({ pixels }) => pixels.length > 0);
  const stream = new Stream(seed, 'probe');
  return embeddingEvidence({ spaceGroups: pair, classifier: guide, groups, stream });
}

export interface PlaneRequest {
  pair: readonly [number, number];
  /** Grid points a side; 40 by default. */
  side?: number;
  /** What the third triplet is, for the legend; a synthetic one by default. */
  caption?: string;
}

/** The plane through three triplets, as each classifier divides it. */
export function planeOf(
  { guide, verifiers }: BoundaryClassifiers,
  { pair: spaceGroups, side = 40, caption }: PlaneRequest,
  pair: ClassPair,
  corners: readonly [Uint8Array, Uint8Array, Uint8Array],
): PlaneFigureData {
  const classifiers = [guide, ...verifiers].slice(0, MOST_PANELS).map((classifier, i) => ({
    name: i === 0 ? 'guide' : `another seed (${i})`,
    classifier,
  }));
  const evidence = planeEvidence({ spaceGroups, pair, triplets: corners, classifiers, side });
  return { ...evidence, caption };
}
