import type { ClassPair } from '../../../classifier/boundary/margin.ts';
import {
  agreement,
  planeGrid,
  planeThrough,
  rowVectors,
} from '../../../classifier/boundary/plane.ts';
import type { Classifier } from '../../../classifier/classifier.ts';
import { principalComponents } from '../../../gan/codec/principal.ts';
import type { Stream } from '../../common/stream.ts';
import { PIXEL_SCALE } from '../../dataset/examples.ts';
import { numbersOf } from '../../engine/numbers.ts';
import { type Tensor4D, tf } from '../../engine/tf.ts';
import type { EmbeddedPoint, EmbeddingData } from './probe-embedding.ts';
import type { PlaneFigureData, PlanePanel } from './probe-plane.ts';

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
export function planeEvidence(request: {
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
export function embeddingEvidence(request: {
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
