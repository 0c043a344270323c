import { drawAgain } from '../../gan/sample.ts';
import { usageError } from '../../src/ground/errors.ts';
import { requireRun } from '../../src/ground/run.ts';
import { ARCHIVE_FILE } from '../archive.ts';
import { sourceOf } from '../from-gan.ts';
import { openArchive } from '../open.ts';
import { openGenerator } from './open.ts';

export interface Replay {
  archive: string;
  row: number;
  /** Whether every pixel is the same. */
  identical: boolean;
  pixels: Uint8Array;
  size: number;
}

/** Draws one row of an archive again from its passport and parameters, and compares. */
export async function replayRow(request: {
  row: number;
  archive?: string;
  gan?: string;
}): Promise<Replay> {
  const { row } = request;
  if (!Number.isInteger(row) || row < 0) throw usageError(`--replay ${row} is not a row number`);
  const newest = () =>
    requireRun('sample', undefined, 'run: npx gan sample', ARCHIVE_FILE).file(ARCHIVE_FILE);
  const path = request.archive ?? newest();
  const archive = await openArchive(path);
  const { model } = openGenerator(request.gan);
  try {
    const { source, place } = sourceOf(model, archive, row);
    const { pixels } = await drawAgain(model, source, place);
    const stored = archive.images([row]);
    const identical = stored.every((value, i) => value === pixels[i]);
    return { archive: path, row, identical, pixels, size: archive.size };
  } finally {
    model.dispose();
  }
}
