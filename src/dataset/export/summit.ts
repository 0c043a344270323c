import { join } from 'node:path';
import type { Sample } from '../../simulate/sample.ts';
import { writeSummit } from '../summit/summit.ts';
import { type Exporter, newFile, planExport } from './rows.ts';

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
  const { camera, bar, lists, stackOf } = plan;
  const paths: string[] = [];
  for (const list of lists) {
    const path = newFile(join(folder, `${name}_${paths.length}.h5`));
    const samples = function* (): Generator<Sample> {
      for (const row of list) {
        yield { key: row.key, ...row.facts, camera, stack: stackOf(row) };
        bar.advance();
      }
    };
    await writeSummit(path, samples());
    paths.push(path);
  }
  bar.done();
  return paths;
};
