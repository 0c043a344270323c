import { join } from 'node:path';
import { usageError } from '../../common/errors.ts';
import { claimFile } from '../../common/outputs.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { Sample, SampleFacts } from '../../simulate/sample.ts';
import { fromPixels, resampledCamera } from '../intensity/transform.ts';
import { writeSummit } from './summit.ts';

/** A stored triplet to be written in the Summit layout. */
export interface ExportRow {
  key: string;
  facts: SampleFacts;
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

// The real files hold about this many samples.
const PER_FILE = 165;

/**
 * Writes stored triplets as intensities in the Summit layout: files `NAME_0.h5`, `NAME_1.h5`, …
 * in a folder. Reading them again gives the stored pixels.
 *
 * @returns the paths written.
 * @throws a usage error where `size` is no multiple of the stored size, or a file stands there.
 */
export async function exportSummit(
  folder: string,
  name: string,
  rows: Iterable<ExportRow>,
  options: ExportOptions,
): Promise<string[]> {
  const { camera, size = camera.size, perFile = PER_FILE, total = 0 } = options;
  if (!Number.isInteger(size / camera.size)) {
    throw usageError(`--size ${size} is no multiple of the stored ${camera.size} pixels`);
  }
  const bar = (options.progress ?? silentProgress)(`writing ${name}`, total);
  const target = resampledCamera(camera, size);
  const source = rows[Symbol.iterator]();
  const paths: string[] = [];
  let next = source.next();
  function* upTo(count: number): Generator<Sample> {
    for (let n = 0; n < count && !next.done; n++) {
      const { key, facts, pixels } = next.value;
      yield { key, ...facts, camera: target, stack: fromPixels(pixels, camera.size, size) };
      bar.advance();
      next = source.next();
    }
  }
  while (!next.done) {
    const path = join(folder, `${name}_${paths.length}.h5`);
    claimFile(path, options, []);
    await writeSummit(path, upTo(perFile));
    paths.push(path);
  }
  bar.done();
  return paths;
}
