import { usageError } from '../../common/errors.ts';
import { claimFile } from '../../common/outputs.ts';
import { type Progress, type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { fromPixels, resampledCamera } from '../intensity/transform.ts';
import type { Split } from '../split.ts';

/** A stored triplet to be written for other tools. */
export interface ExportRow {
  /** Names the triplet, once in an export. */
  key: string;
  facts: SampleFacts;
  /** Absent for samples that belong to no split. */
  split?: Split;
  /** (size, size, 3) stored pixels. */
  pixels: Uint8Array;
}

export interface ExportOptions {
  /** How the stored pixels are sampled. */
  camera: Camera;
  /** Pixels a side of the written patterns, a multiple of the stored ones. */
  size?: number;
  /** Samples a file. */
  perFile?: number;
  /** How many rows will come, for the progress display. */
  total?: number;
  progress?: ProgressFactory;
}

/** Writes triplets into files `NAME…` of a folder and gives their paths. */
export type Exporter = (
  folder: string,
  name: string,
  rows: Iterable<ExportRow>,
  options: ExportOptions,
) => Promise<string[]>;

/** What an exporter works with: the camera that is written, rows in lists, their intensities. */
export interface ExportPlan {
  camera: Camera;
  bar: Progress;
  /** Rows in lists of at most `perFile`. */
  lists: Iterable<ExportRow[]>;
  /** (3, size, size) intensities of a row, which counts as written. */
  stackOf: (row: ExportRow) => Float32Array;
}

function* listsOf(rows: Iterable<ExportRow>, most: number): Generator<ExportRow[]> {
  let list: ExportRow[] = [];
  for (const row of rows) {
    list.push(row);
    if (list.length < most) continue;
    yield list;
    list = [];
  }
  if (list.length > 0) yield list;
}

/** @throws a usage error where `size` is no multiple of the stored size. */
export function planExport(
  name: string,
  rows: Iterable<ExportRow>,
  { camera, size = camera.size, perFile, total = 0, progress = silentProgress }: ExportOptions,
): ExportPlan {
  if (!Number.isInteger(size / camera.size)) {
    throw usageError(`--size ${size} is no multiple of the stored ${camera.size} pixels`);
  }
  // A file of patterns stays below a quarter of a gibibyte.
  const most = perFile ?? Math.max(1, Math.floor((1 << 28) / (3 * 4 * size ** 2)));
  const bar = progress(`writing ${name}`, total);
  return {
    camera: resampledCamera(camera, size),
    bar,
    lists: listsOf(rows, most),
    stackOf: ({ pixels }) => {
      bar.advance();
      return fromPixels(pixels, camera.size, size);
    },
  };
}

/** Writes each list of rows into a file of its own, named by its number, and gives their paths. */
export async function writeLists(
  { lists, bar }: ExportPlan,
  pathOf: (number: number) => string,
  write: (path: string, rows: readonly ExportRow[]) => unknown,
): Promise<string[]> {
  const paths: string[] = [];
  for (const list of lists) {
    const path = newFile(pathOf(paths.length));
    await write(path, list);
    paths.push(path);
  }
  bar.done();
  return paths;
}

/** A path to write to, where nothing stands yet. */
export function newFile(path: string): string {
  claimFile(path);
  return path;
}
