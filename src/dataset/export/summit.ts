import { join } from 'node:path';
import type { Sample } from '../../simulate/sample.ts';
import { writeSummit } from '../summit/summit.ts';
import { type Exporter, type ExportRow, planExport, writeLists } from './exporter.ts';

// The real files hold about this many samples.
const PER_FILE = 165;

/**
 * Writes stored triplets as intensities in the Summit layout: files `NAME_0.h5`, `NAME_1.h5`, …
 * in a folder. Reading them again gives the stored pixels.
 *
 * @throws a usage error where `size` is no multiple of the stored size; or where a file
 *   stands there already.
 */
export const exportSummit: Exporter = async (folder, name, rows, options) => {
  const plan = planExport(name, rows, { perFile: PER_FILE, ...options });
  const { camera, stackOf } = plan;
  const samples = function* (rows: readonly ExportRow[]): Generator<Sample> {
    for (const row of rows) yield { key: row.key, ...row.facts, camera, stack: stackOf(row) };
  };
  const pathOf = (number: number) => join(folder, `${name}_${number}.h5`);
  return writeLists(plan, pathOf, (path, list) => writeSummit(path, samples(list)));
};
