import { basename } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { inputError } from '../../common/errors.ts';
import { checkOutput } from '../../common/files.ts';
import { withOutputLock } from '../../common/lock.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { type Camera, cameraFor } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { type Anomaly, isFatal } from '../anomaly.ts';
import { writeStoreCard } from '../card.ts';
import { type Census, storeCensus } from '../census.ts';
import { intensityOf, reduceStack } from '../intensity/transform.ts';
import { findSamePixels, nearMaterials, takenAs } from '../same-pixels.ts';
import { splitMaterials } from '../split.ts';
import { tableOf } from '../store/rows.ts';
import { writeTable } from '../store/store-write.ts';
import { rangeFault } from '../summit/summit.ts';
import {
  brightestDisc,
  type DetectorPattern,
  type DetectorPoint,
  resample,
  symmetryCentre,
} from './geometry.ts';
import { type CentreRule, type ManifestRow, readImportManifest } from './manifest.ts';
import { type PatternFile, readPatternFile } from './read-pattern.ts';

export interface ImportOptions {
  /** Pixels a side of the stored patterns. */
  size: number;
  /** Half the width of the stored patterns in 1/angstrom. */
  field: number;
  seed: number;
  progress?: ProgressFactory;
}

/** A triplet as it was read, for a sheet that shows what was made of it. */
export interface ImportedTriplet {
  key: string;
  spaceGroup: number;
  material: string;
  /** 1/angstrom a detector pixel, and where each direct beam was found on it. */
  pixel: number;
  centres: readonly DetectorPoint[];
  /** (size, size, 3) stored pixels. */
  pixels: Uint8Array;
}

/** A triplet with all that its manifest says. */
type MeasuredTriplet = ImportedTriplet & { facts: SampleFacts };

export interface Imported {
  store: string;
  digest: string;
  camera: Camera;
  census: Census;
  triplets: ImportedTriplet[];
  /** Patterns that stand under two names, the same or nearly. */
  anomalies: Anomaly[];
}

// Intensities are fractions of the probe on an area of (0.01 1/angstrom)^2, as everywhere.
const AREA = 0.01 ** 2;

function centreOf(pattern: DetectorPattern, rule: CentreRule): DetectorPoint {
  if (rule === 'brightest') return brightestDisc(pattern);
  if (rule === 'correlation') return symmetryCentre(pattern);
  return { x: rule[0], y: rule[1] };
}

/** The intensities that the grey levels of a store stand for. */
function fromLevels(pattern: DetectorPattern, where: string): DetectorPattern {
  const wrong = pattern.values.find((value) => !(value >= 0 && value <= 255));
  if (wrong !== undefined) {
    throw inputError(`${where}: a level of ${wrong}`, 'levels are 0 to 255; are these counts?');
  }
  return { ...pattern, values: pattern.values.map(intensityOf) };
}

/**
 * 1/angstrom a pixel of a row: what its files say, else what the manifest says.
 *
 * @throws an input error where neither says it, or files and manifest contradict each other.
 */
function calibrationOf(row: ManifestRow, scales: readonly number[], where: string): number {
  const alike = (a: number, b: number): boolean => Math.abs(a / b - 1) <= 0.01;
  const [first] = scales;
  const given = row.pixel;
  const mend = 'give pixel_inv_angstrom: 1/angstrom a pixel';
  if (first === undefined) {
    if (given !== null) return given;
    throw inputError(`${where}: neither it nor the file says the calibration`, mend);
  }
  const other = scales.find((scale) => !alike(scale, first));
  if (given === null) {
    if (other === undefined) return first;
    throw inputError(`${where}: its files say ${first} and ${other} 1/angstrom a pixel`, mend);
  }
  const meant = scales.find((scale) => alike(scale, given));
  if (meant !== undefined) return meant;
  throw inputError(
    `${where}: it says ${given} 1/angstrom a pixel, ${row.files[0]} says ${first}`,
    'leave pixel_inv_angstrom empty to take that of the file; a file without one, such as .npy, takes that of the manifest',
  );
}

/** The three patterns of a row, and their calibration. */
async function readRow(
  row: ManifestRow,
  manifest: string,
): Promise<{ patterns: DetectorPattern[]; pixel: number }> {
  const where = `${manifest} line ${row.line}`;
  const files: PatternFile[] = [];
  for (const file of row.files) files.push(await readPatternFile(file, row.energy));
  const patterns = files.flatMap((file) => file.patterns);
  if (patterns.length !== 3) {
    throw inputError(
      `${where}: ${patterns.length} patterns instead of three`,
      row.files.join(', '),
    );
  }
  const pixel = calibrationOf(
    row,
    files.flatMap(({ pixel }) => pixel ?? []),
    where,
  );
  for (const { values } of patterns) {
    const wrong = values.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw inputError(`${where}: a pattern holds ${wrong}`);
  }
  if (row.levels) return { patterns: patterns.map((one) => fromLevels(one, where)), pixel };
  return { patterns, pixel };
}

/** How a pattern lies on its detector, and where it is to lie; `given`: its values are fractions. */
interface Placing {
  pixel: number;
  centre: DetectorPoint;
  camera: Camera;
  given: boolean;
}

/** A pattern as fractions of its intensity on the grid of the camera. */
function densityOf(
  pattern: DetectorPattern,
  { pixel, centre, camera, given }: Placing,
): Float32Array {
  const ratio = camera.pixel / pixel;
  const grid = { centre, ratio, size: camera.size, middle: camera.centre };
  const means = resample(pattern, grid).map((value) => Math.max(0, value));
  if (given) return means;
  const total = means.reduce((sum, value) => sum + value, 0);
  const scale = total > 0 ? AREA / (total * camera.pixel ** 2) : 0;
  return means.map((value) => value * scale);
}

/** The triplets of a manifest's rows on the grid of a camera, one at a time. */
export async function* readTriplets(
  manifest: string,
  rows: readonly ManifestRow[],
  { camera, progress = silentProgress }: { camera: Camera; progress?: ProgressFactory },
): AsyncGenerator<MeasuredTriplet> {
  const bar = progress('reading patterns', rows.length);
  for (const row of rows) {
    yield await importRow(row, manifest, camera);
    bar.advance();
  }
  bar.done();
}

async function importRow(
  row: ManifestRow,
  manifest: string,
  camera: Camera,
): Promise<MeasuredTriplet> {
  const { patterns, pixel } = await readRow(row, manifest);
  const where = `${manifest} line ${row.line}`;
  const centres = patterns.map((pattern) => centreOf(pattern, row.centre));
  patterns.forEach(({ width, height }, i) => {
    const { x, y } = centres[i]!;
    if (x >= 0 && y >= 0 && x < width && y < height) return;
    throw inputError(`${where}: the centre ${x} ${y} is not on ${width} x ${height} pixels`);
  });
  const stack = new Float32Array(3 * camera.size ** 2);
  patterns.forEach((pattern, i) => {
    const placing = { pixel, centre: centres[i]!, camera, given: row.levels };
    stack.set(densityOf(pattern, placing), i * camera.size ** 2);
  });
  const reduction = reduceStack(stack, camera.size, camera.size);
  const fault = rangeFault(reduction);
  if (fault && isFatal(fault)) throw inputError(`${where}: ${fault.reason}`);
  const { key, spaceGroup, material, formula, energy, zones, thickness } = row;
  const unknown = { inPlane: null, semiAngles: null, spacings: null, cell: null };
  const facts = { spaceGroup, material, formula, energy, zones, thickness, ...unknown };
  return { key, spaceGroup, material, pixel, centres, pixels: reduction.pixels, facts };
}

/**
 * Reads the triplets of a manifest into a prepared store, split by material: patterns are cropped
 * about the direct beam, averaged to one grid and made fractions of their intensity.
 *
 * @throws an input error that names the line and the file at the first that cannot be used.
 * @example
 * const { store, census } = await importManifest('scans.csv', 'scans.h5', { size: 64, field: 1.28, seed: 0 });
 * @category Data
 */
export async function importManifest(
  manifest: string,
  out: string,
  options: ImportOptions,
): Promise<Imported> {
  const { size, field, seed, progress } = options;
  checkOutput(out);
  const camera = cameraFor(size, field);
  const rows = readImportManifest(manifest);
  const triplets: MeasuredTriplet[] = [];
  for await (const one of readTriplets(manifest, rows, { camera, progress })) triplets.push(one);
  const classOf = new Map<string, number>();
  for (const { material, spaceGroup } of triplets) {
    const known = classOf.get(material);
    if (known !== undefined && known !== spaceGroup) {
      throw inputError(
        `${manifest}: material ${material} has the space groups ${known} and ${spaceGroup}`,
      );
    }
    classOf.set(material, spaceGroup);
  }
  const owners = triplets.map(({ key, material, pixels, facts }) => ({
    file: manifest,
    key,
    material,
    split: null,
    pixels: digestOf(pixels),
    taken: takenAs(facts),
  }));
  const { tied, anomalies } = findSamePixels(owners);
  anomalies.push(...nearMaterials(owners, size, (row) => triplets[row]!.pixels));
  const splits = splitMaterials(classOf, { seed, tied });
  const table = tableOf(
    triplets.map(({ key, facts }) => ({ key, facts, split: splits.get(facts.material)! })),
  );
  const source = { name: manifest, bytes: 0, samples: triplets.length, digest: digestOf(rows) };
  const digest = await withOutputLock(out, () =>
    writeTable(out, table, {
      camera,
      config: { size, field, split: 'material', seed },
      images: triplets.map(({ pixels }) => pixels),
      sources: [source],
    }),
  );
  const census = storeCensus({ ...table, count: triplets.length });
  writeStoreCard(out, { census, camera, sources: [basename(manifest)], digest });
  return { store: out, digest, camera, census, triplets, anomalies };
}
