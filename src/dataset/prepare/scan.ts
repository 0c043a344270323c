import { inputError } from '../../common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { type Anomaly, anomalyText, isFatal } from '../anomaly.ts';
import { type Catalogue, emptyCatalogue } from '../summit/catalogue.ts';
import {
  catalogueFrom,
  freshIndexPath,
  indexedCatalogue,
  keepIndex,
} from '../summit/catalogue-index.ts';
import { resolveSources } from '../summit/sources.ts';
import type { PartsAhead } from './ahead.ts';
import { type PoolOptions, runReadings } from './pool.ts';
import type { ReadingOutcome } from './reader.ts';
import { type Reading, readingFile } from './reading.ts';

export interface ScanOptions extends PoolOptions {
  /** Stop at the first file or sample that cannot be used. */
  strict?: boolean;
  progress?: ProgressFactory;
  /** Reads the patterns of files whose attributes are new, where these are more than a few. */
  ahead?: PartsAhead | null;
}

/** Up to so many files the attributes are there at once, and nothing is gained by reading ahead. */
const FEW_FILES = 8;

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
): Promise<{ catalogues: Catalogue[]; anomalies: Anomaly[] }> {
  const { strict, progress = silentProgress } = options;
  const { paths, anomalies } = resolveSources(inputs);
  enforce(strict, anomalies);
  const known = new Map<string, Catalogue>();
  for (const path of paths) {
    const indexed = indexedCatalogue(path);
    if (indexed) known.set(path, indexed);
  }
  const missing = paths.filter((path) => !known.has(path));
  const ahead = missing.length > FEW_FILES ? options.ahead : null;
  const along = ahead?.along;
  const readings = missing.map(
    (path): Reading => ({ kind: 'catalogue', path, index: freshIndexPath(path), along }),
  );
  const bar = progress(ahead ? 'reading files' : 'reading attributes', missing.length);
  const keep = (path: string, outcome: ReadingOutcome): void => {
    const { result, anomalies: found, careful } = outcome;
    const catalogue = result === null ? emptyCatalogue(path) : catalogueFrom(result);
    catalogue.anomalies.push(...found);
    // A crash may have been this machine's fault, so it is not remembered.
    if (!careful && catalogue.bytes > 0) keepIndex(catalogue);
    known.set(path, catalogue);
  };
  // Of each file, what is still to be read of it: it counts when that is nothing.
  const open = new Map<string, number>();
  const next = (reading: Reading): readonly Reading[] => {
    const path = readingFile(reading);
    const more = reading.kind === 'catalogue' ? (ahead?.readings(known.get(path)!) ?? []) : [];
    const left = (open.get(path) ?? 1) - 1 + more.length;
    open.set(path, left);
    bar.advance(left === 0 ? 1 : 0, ahead?.rate);
    return more;
  };
  const done = (reading: Reading, outcome: ReadingOutcome): void => {
    if (reading.kind === 'catalogue') keep(reading.path, outcome);
    else ahead!.take(reading, outcome);
  };
  await runReadings(readings, options, done, next);
  const files = paths.length === 1 ? '1 file' : `${paths.length} files`;
  bar.done(`${files}, ${known.size - missing.length} from the index`);
  const catalogues = paths.map((path) => known.get(path)!);
  for (const catalogue of catalogues) enforce(strict, catalogue.anomalies);
  return { catalogues, anomalies: [...anomalies, ...catalogues.flatMap((one) => one.anomalies)] };
}
