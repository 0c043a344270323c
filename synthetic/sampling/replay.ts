import { drawAgain } from '../../gan/codec/sample.ts';
import { PIXEL_BLOCK } from '../../gan/pixel/model.ts';
import { usageError } from '../../src/common/errors.ts';
import { requireRun } from '../../src/common/run.ts';
import { ARCHIVE_FILE, openArchive, type SyntheticArchive } from '../archive/archive.ts';
import { sourceOf } from '../archive/from-gan.ts';
import { pixelSourceOf } from '../archive/from-pixel.ts';
import { ganRun, openGenerator } from './open.ts';
import { openPixelSampling } from './open-pixel.ts';

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
  /** Store that a residual generator changes triplets of. */
  data: string;
}): Promise<Replay> {
  const { row } = request;
  if (!Number.isInteger(row) || row < 0) throw usageError(`--replay ${row} is not a row number`);
  const newest = () =>
    requireRun('sample', undefined, 'run: npx gan sample', ARCHIVE_FILE).file(ARCHIVE_FILE);
  const path = request.archive ?? newest();
  const archive = await openArchive(path);
  const { pixels, identical } = await drawnAgain(archive, request);
  return { archive: path, row, identical, pixels, size: archive.size };
}

/** The pixels of a row drawn again, and whether they are those of the archive. */
async function drawnAgain(
  archive: SyntheticArchive,
  { row, gan, data }: { row: number; gan?: string; data: string },
): Promise<Pick<Replay, 'pixels' | 'identical'>> {
  const pixels =
    ganRun(gan).generator === 'codec'
      ? await codecAgain(archive, { row, gan })
      : await pixelAgain(archive, { row, gan, data });
  const stored = archive.images([row]);
  return { pixels, identical: stored.every((value, i) => value === pixels[i]) };
}

async function codecAgain(archive: SyntheticArchive, of: { row: number; gan?: string }) {
  const { model } = openGenerator(of.gan);
  try {
    const { source, place } = sourceOf(model, archive, of.row);
    return (await drawAgain(model, source, place)).pixels;
  } finally {
    model.dispose();
  }
}

async function pixelAgain(
  archive: SyntheticArchive,
  of: { row: number; gan?: string; data: string },
): Promise<Uint8Array> {
  const { model, close } = await openPixelSampling({ ...of, classes: 'all' });
  try {
    const { source, place } = pixelSourceOf(model, archive, of.row);
    return model.draw(Array(PIXEL_BLOCK).fill(source))[place]!;
  } finally {
    close();
  }
}
