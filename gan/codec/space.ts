import { CELL_PARAMETERS, cellNumbers } from '../../src/codec/cell-numbers.ts';
import { MODES } from '../../src/codec/discs.ts';
import type { EncodedSet, EncodedTriplet } from '../../src/codec/encode.ts';
import type { Envelope } from '../../src/codec/envelope.ts';
import type { Aperture } from '../../src/codec/footprint.ts';
import { extinction } from '../../src/codec/symmetry.ts';
import { inputError } from '../../src/common/errors.ts';
import { tally } from '../../src/common/group.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { Vec3 } from '../../src/crystal/crystal.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { tf } from '../../src/engine/tf.ts';
import type { Camera } from '../../src/simulate/camera.ts';
import { joinRows } from '../training/batches.ts';
import { type Principal, principalComponents } from './principal.ts';
import {
  fitEnvelope,
  SlotTable,
  slotsOf,
  type TableFrame,
  type TableRow,
  tableRow,
} from './tables.ts';

/** What a class says of each slot. */
export interface ClassMeans {
  /** (K, S, MODES) mean table; the mean of all tables where no member shows the disc. */
  means: Float32Array;
  /** (K, S) 1 where no member shows the disc lit, and enough show it dark or the group forbids it. */
  dark: Uint8Array;
  /** (MODES) mean over all discs that are seen: what is known of a disc that no table has. */
  overall: Float32Array;
}

/** The mean of all tables counts as this many members, so that one bright member does not decide. */
const PRIOR = 0.25;
/** Members that must show a disc without light before it counts as dark in its class. */
const WITNESSES = 3;

/** Mean of each mode over all discs that are seen. */
function overallMean(rows: readonly TableRow[]): Float32Array {
  const sums = new Float64Array(MODES);
  let count = 0;
  for (const { values, seen } of rows) {
    seen.forEach((isSeen, s) => {
      if (!isSeen) return;
      count++;
      for (let m = 0; m < MODES; m++) sums[m]! += values[s * MODES + m]!;
    });
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, count));
}

/**
 * The mean table of each class over the members that show a disc.
 *
 * @param extinct whether the space group of a class forbids the disc of a slot: then it is dark
 * unless a member shows light there (multiple scattering).
 */
export function classMeans(
  rows: readonly TableRow[],
  labels: Int32Array,
  options: { classes: number; extinct: (label: number, slot: number) => boolean },
): ClassMeans {
  const { classes, extinct } = options;
  const slots = rows[0]?.seen.length ?? 0;
  const overall = overallMean(rows);
  const means = new Float32Array(classes * slots * MODES);
  const [shown, lit] = [new Uint32Array(classes * slots), new Uint32Array(classes * slots)];
  rows.forEach((row, at) => {
    const start = labels[at]! * slots;
    for (let s = 0; s < slots; s++) {
      if (!row.seen[s]) continue;
      shown[start + s]!++;
      lit[start + s]! += row.lit[s]!;
      for (let m = 0; m < MODES; m++) {
        means[(start + s) * MODES + m]! += row.values[s * MODES + m]!;
      }
    }
  });
  for (let i = 0; i < means.length; i++) {
    const count = shown[Math.floor(i / MODES)]!;
    means[i] = (means[i]! + PRIOR * overall[i % MODES]!) / (count + PRIOR);
  }
  const dark = Uint8Array.from(shown, (count, i) => {
    if (lit[i]! > 0) return 0;
    return count >= WITNESSES || extinct(Math.floor(i / slots), i % slots) ? 1 : 0;
  });
  return { means, dark, overall };
}

/**
 * Turns rows into deviations from their class mean, in place; 0 where a disc was not seen or is
 * extinct in the class. A mean of n members lies nearer to them than the true one, so that
 * deviations of small classes are short by sqrt(1 - 1/n); they are stretched back.
 */
export function deviate(
  rows: readonly TableRow[],
  labels: Int32Array,
  { means, dark }: Pick<ClassMeans, 'means' | 'dark'>,
): void {
  const sizes = tally(labels);
  rows.forEach(({ values, seen }, row) => {
    const n = sizes.get(labels[row]!)!;
    const stretch = n > 1 ? 1 / Math.sqrt(1 - 1 / n) : 1;
    const start = labels[row]! * seen.length;
    for (let i = 0; i < values.length; i++) {
      const s = Math.floor(i / MODES);
      const counts = seen[s] === 1 && dark[start + s] === 0;
      values[i] = counts ? (values[i]! - means[start * MODES + i]!) * stretch : 0;
    }
  });
}

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

/** The arrays and the description of a space, for a tensor file. */
export function packSpace(space: CodecSpace): {
  arrays: Record<string, Float32Array | Int32Array>;
  description: Record<string, unknown>;
} {
  const { classes, camera, aperture, zones, frame, principal } = space;
  return {
    arrays: {
      'space/slots': Int32Array.from(frame.slots.slots),
      'space/envelope': frame.envelope.values,
      'space/means': space.means,
      'space/dark': Int32Array.from(space.dark),
      'space/overall': space.overall,
      'space/principal/mean': principal.mean,
      'space/principal/axes': principal.axes,
      'space/principal/deviations': principal.deviations,
      'space/scales': space.scales,
      'space/cell-means': space.cellMeans,
      'space/cell-scales': space.cellScales,
    },
    description: {
      classes,
      camera,
      aperture,
      zones,
      pixel: frame.pixel,
      step: frame.envelope.step,
      rank: principal.rank,
      width: principal.width,
      kept: principal.kept,
    },
  };
}

/**
 * Undoes `packSpace`.
 *
 * @throws input error where an array is missing.
 */
export function unpackSpace(
  arrays: Record<string, Float32Array | Int32Array>,
  description: Record<string, unknown>,
): CodecSpace {
  const array = (name: string): Float32Array | Int32Array => {
    const found = arrays[`space/${name}`];
    if (!found) throw inputError(`the generator's file has no '${name}'; it is of another version`);
    return found;
  };
  const floats = (name: string): Float32Array => array(name) as Float32Array;
  const about = description as Pick<CodecSpace, 'classes' | 'camera' | 'aperture' | 'zones'> & {
    pixel: number;
    step: number;
  } & Pick<Principal, 'rank' | 'width' | 'kept'>;
  const envelope: Envelope = { step: about.step, values: floats('envelope') };
  const slots = new SlotTable(Int16Array.from(array('slots')));
  return {
    classes: about.classes,
    camera: about.camera,
    aperture: about.aperture,
    zones: about.zones,
    frame: { slots, envelope, pixel: about.pixel },
    means: floats('means'),
    dark: Uint8Array.from(array('dark')),
    overall: floats('overall'),
    principal: {
      mean: floats('principal/mean'),
      axes: floats('principal/axes'),
      deviations: floats('principal/deviations'),
      rank: about.rank,
      width: about.width,
      kept: about.kept,
    },
    scales: floats('scales'),
    cellMeans: floats('cell-means'),
    cellScales: floats('cell-scales'),
  };
}
