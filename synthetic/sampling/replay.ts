import { usageError } from '../../src/common/errors.ts';
import { requireRun } from '../../src/common/run.ts';
import { ARCHIVE_FILE, openArchive } from '../archive/archive.ts';
import { parameterRow } from '../archive/from-generator.ts';
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
  const { generator } = await openGenerator(request.gan);
  try {
    const { source, place } = generator.sourceOf(parameterRow(archive, row, generator.digest));
    const { pixels } = await generator.redraw(source, place);
    const identical = archive.images([row]).every((value, i) => value === pixels[i]);
    return { archive: path, row, identical, pixels, size: archive.size };
  } finally {
    generator.dispose();
  }
}
