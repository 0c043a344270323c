import { CELL_PARAMETERS, cellNumbers } from '../../src/codec/cell-numbers.ts';
import type { EncodedSet, EncodedTriplet } from '../../src/codec/encode.ts';
import type { Aperture } from '../../src/codec/footprint.ts';
import { extinction } from '../../src/codec/symmetry.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { Vec3 } from '../../src/crystal/crystal.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { tf } from '../../src/engine/tf.ts';
import type { Camera } from '../../src/simulate/camera.ts';
import { classMeans, deviate } from './class-means.ts';
import { type Principal, principalComponents } from './principal.ts';
import { slotsOf } from './slots.ts';
import { fitEnvelope, type TableFrame, tableRow } from './tables.ts';
import { joinRows } from './vectors.ts';

/**
 * The space that the GAN learns in, fitted on training triplets. A codec vector is `components`
 * scores of the table's deviation from its class mean, then six numbers of the cell's deviation
 * from its class mean; every number has about unit variance.
 */
export interface CodecSpace {
  /** Space groups, ascending. */
  classes: readonly number[];
  camera: Camera;
  aperture: Aperture;
  /** Zone axes of each class; null for a class without a triplet. */
  zones: readonly (readonly [Vec3, Vec3, Vec3] | null)[];
  frame: TableFrame;
  /** (K, S, MODES), (K, S) and (MODES); see `ClassMeans`. */
  means: Float32Array;
  dark: Uint8Array;
  overall: Float32Array;
  principal: Principal;
  /** (rank) what one unit of a score stands for. */
  scales: Float32Array;
  /** (K, 6) and (6). */
  cellMeans: Float32Array;
  cellScales: Float32Array;
}

/** Numbers of a codec vector. */
export const vectorWidth = (space: Pick<CodecSpace, 'principal'>): number =>
  space.principal.rank + CELL_PARAMETERS;

/** Share of the first axis's deviation that is added to every scale: minor axes count less. */
const SCALE_FLOOR = 0.15;
/** Triplets that must show a disc for it to have a slot. */
const LEAST_SHOWN = 3;

const zoneKey = (zones: readonly Vec3[]): string => zones.map((zone) => zone.join(' ')).join(', ');

/** The zone axes that most samples of each class have. */
function classZones(samples: readonly EncodedTriplet[], classes: number): CodecSpace['zones'] {
  const counts = Array.from({ length: classes }, () => new Map<string, number>());
  const byKey = new Map<string, EncodedTriplet['zones']>();
  for (const { label, zones } of samples) {
    const key = zoneKey(zones);
    byKey.set(key, zones);
    counts[label]!.set(key, (counts[label]!.get(key) ?? 0) + 1);
  }
  return counts.map((count) => {
    const most = [...count].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0];
    return most ? byKey.get(most[0])! : null;
  });
}

/** How many triplets the common spread of cells counts for beside a class's own. */
const COMMON_WEIGHT = 4;

/**
 * Mean and spread of the cell numbers of each class, both (K, 6): how far cells may differ within
 * a class belongs to the class, drawn towards what is common where it has few triplets.
 */
function cellStatistics(samples: readonly EncodedTriplet[], classes: number) {
  const means = new Float32Array(classes * CELL_PARAMETERS);
  const counts = new Float32Array(classes);
  for (const { label, cell } of samples) {
    counts[label]!++;
    cellNumbers(cell).forEach((value, i) => {
      means[label * CELL_PARAMETERS + i]! += value;
    });
  }
  for (let i = 0; i < means.length; i++) {
    means[i]! /= Math.max(1, counts[Math.floor(i / CELL_PARAMETERS)]!);
  }
  const own = new Float64Array(classes * CELL_PARAMETERS);
  const common = new Float64Array(CELL_PARAMETERS);
  for (const { label, cell } of samples) {
    cellNumbers(cell).forEach((value, i) => {
      const square = (value - means[label * CELL_PARAMETERS + i]!) ** 2;
      own[label * CELL_PARAMETERS + i]! += square;
      common[i]! += square / samples.length;
    });
  }
  const scales = Float32Array.from(own, (sum, at) => {
    const count = counts[Math.floor(at / CELL_PARAMETERS)]!;
    const shrunk = sum + COMMON_WEIGHT * common[at % CELL_PARAMETERS]!;
    return Math.sqrt(shrunk / (count + COMMON_WEIGHT)) + 1e-3;
  });
  return { means, scales };
}

/** Codec vectors (N, width) of the fitted rows. */
function vectorsOf(
  samples: readonly EncodedTriplet[],
  table: Float32Array,
  space: CodecSpace,
): Float32Array {
  const { principal, scales, cellMeans, cellScales } = space;
  const scores = numbersOf(() => {
    const x = tf.tensor2d(table, [samples.length, principal.width]).sub(principal.mean);
    const axes = tf.tensor2d(principal.axes, [principal.rank, principal.width]);
    return x.matMul(axes, false, true).div(scales);
  });
  const width = vectorWidth(space);
  const vectors = new Float32Array(samples.length * width);
  samples.forEach(({ label, cell }, row) => {
    const { rank } = principal;
    vectors.set(scores.subarray(row * rank, (row + 1) * rank), row * width);
    cellNumbers(cell).forEach((value, i) => {
      const at = label * CELL_PARAMETERS + i;
      vectors[row * width + rank + i] = (value - cellMeans[at]!) / cellScales[at]!;
    });
  });
  return vectors;
}

/**
 * Fits the space on training triplets and gives their codec vectors. Triplets with other zone axes
 * than most of their class are left out; `used` has the positions of the others.
 */
export function fitSpace(
  set: EncodedSet,
  options: { components: number; stream: Stream },
): { space: CodecSpace; vectors: Float32Array; used: Int32Array } {
  const { classes, camera, aperture, triplets: all } = set;
  const zones = classZones(all, classes.length);
  const isUsed = ({ label, zones: own }: EncodedTriplet) => zoneKey(own) === zoneKey(zones[label]!);
  const used = Int32Array.from([...all.keys()].filter((i) => isUsed(all[i]!)));
  const samples = Array.from(used, (i) => all[i]!);
  const labels = Int32Array.from(samples, ({ label }) => label);
  const triplets = samples.map(({ discs }) => discs);
  const frame: TableFrame = {
    slots: slotsOf(triplets, Math.min(LEAST_SHOWN, samples.length)),
    envelope: fitEnvelope(triplets, camera),
    pixel: camera.pixel,
  };
  const rows = triplets.map((triplet) => tableRow(triplet, frame));
  const extinct = (label: number, slot: number): boolean => {
    const [pattern, h, k] = frame.slots.at(slot);
    const axes = zones[label];
    return axes ? extinction(classes[label]!, axes[pattern]!, [h, k]) !== 'none' : false;
  };
  const { means, dark, overall } = classMeans(rows, labels, { classes: classes.length, extinct });
  deviate(rows, labels, { means, dark });
  const { values, width } = joinRows(rows.map(({ values }) => values));
  const principal = principalComponents({
    rows: values,
    width,
    rank: options.components,
    stream: options.stream,
  });
  const floor = SCALE_FLOOR * principal.deviations[0]! + 1e-6;
  const cells = cellStatistics(samples, classes.length);
  const space: CodecSpace = {
    classes,
    camera,
    aperture,
    zones,
    frame,
    means,
    dark,
    overall,
    principal,
    scales: principal.deviations.map((deviation) => deviation + floor),
    cellMeans: cells.means,
    cellScales: cells.scales,
  };
  return { space, vectors: vectorsOf(samples, values, space), used };
}
