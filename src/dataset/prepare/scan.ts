import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { inputError } from '../../common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { type Anomaly, anomalyText, isFatal } from '../anomaly.ts';
import type { ExternalAccess } from '../hdf5/external.ts';
import {
  type Catalogue,
  catalogueFrom,
  emptyCatalogue,
  freshIndexPath,
  indexedCatalogue,
  keepIndex,
} from '../summit/catalogue.ts';
import { resolveSources } from '../summit/sources.ts';
import type { ReadingOutcome } from './pool.ts';
import { type PoolOptions, runReadings } from './pool.ts';
import { type Reading, readingFile } from './reading.ts';

export interface ScanOptions extends PoolOptions {
  /** Stop at the first file or sample that cannot be used. */
  strict?: boolean;
  /** Read raw data in files of their own, and files that links outside the given folders name. */
  allowExternal?: boolean;
  progress?: ProgressFactory;
}

/** A folder without symbolic links. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder; // That of a file which is not there.
  }
}

/** Stops, where the user asked for it, at the first anomaly that leaves something out. */
export function enforce(strict: boolean | undefined, anomalies: readonly Anomaly[]): void {
  const first = strict ? anomalies.find(isFatal) : undefined;
  if (first) throw inputError(anomalyText(first), 'leave out --strict to skip it');
}

/**
 * What stands in the files that the inputs mean, in order of their names: from the index where a
 * file has not changed since it was last read, by reading its attributes otherwise.
 *
 * @throws an input error where an input does not exist, or, when strict, at the first fault.
 */
export async function scan(
  inputs: readonly string[],
  options: ScanOptions,
): Promise<{ catalogues: Catalogue[]; anomalies: Anomaly[]; external: ExternalAccess }> {
  const { strict, allowExternal = false, progress = silentProgress } = options;
  const { paths, anomalies } = resolveSources(inputs);
  enforce(strict, anomalies);
  const given = inputs.filter((input) => statSync(input, { throwIfNoEntry: false })?.isDirectory());
  const folders = [...new Set([...given, ...paths.map((path) => dirname(path))])];
  const mend = '--allow-external';
  const external = { folders: folders.map(realFolder), allow: allowExternal, mend };
  const known = new Map<string, Catalogue>();
  for (const path of paths) {
    const indexed = indexedCatalogue(path, external);
    if (indexed) known.set(path, indexed);
  }
  const missing = paths.filter((path) => !known.has(path));
  const readings = missing.map(
    (path): Reading => ({ kind: 'catalogue', path, index: freshIndexPath(path), external }),
  );
  const bar = progress('reading attributes', missing.length);
  const keep = (path: string, outcome: ReadingOutcome): void => {
    const { result, anomalies: found, careful } = outcome;
    const catalogue = result === null ? emptyCatalogue(path) : catalogueFrom(result);
    catalogue.anomalies.push(...found);
    // A crash may have been this machine's fault, so it is not remembered.
    if (!careful && catalogue.bytes > 0) keepIndex(catalogue);
    known.set(path, catalogue);
  };
  await runReadings(readings, options, (reading, outcome) => {
    keep(readingFile(reading), outcome);
    bar.advance();
  });
  const files = paths.length === 1 ? '1 file' : `${paths.length} files`;
  bar.done(`${files}, ${known.size - missing.length} from the index`);
  const catalogues = paths.map((path) => known.get(path)!);
  for (const catalogue of catalogues) enforce(strict, catalogue.anomalies);
  return {
    catalogues,
    external,
    anomalies: [...anomalies, ...catalogues.flatMap((one) => one.anomalies)],
  };
}
