import type { SampleScore } from '../checks/samples.ts';
import { type SyntheticArchive, writeArchive } from './archive.ts';

/** Name of the judged archive in a scoring run. */
export const JUDGED_FILE = 'judged.h5';

/**
 * Writes an archive again with what was found in its passports: realism, rarity, the nearest
 * training triplet, accepted or not and why. Archives of other tools have no passports to fill.
 *
 * @returns whether it was written.
 */
export async function writeJudged(
  path: string,
  archive: SyntheticArchive,
  samples: readonly SampleScore[],
): Promise<boolean> {
  const { camera, provenance, origin, parameters } = archive;
  if (!camera || !provenance || !origin) return false;
  const judged = provenance.map((passport, row) => {
    const { realism, rarity, nearest, accepted, reasons } = samples[row]!;
    return { ...passport, realism, rarity, nearest, accepted, reasons: reasons.map((r) => r.text) };
  });
  await writeArchive(path, {
    size: archive.size,
    images: archive.images([...archive.labels.keys()]),
    labels: archive.labels,
    classes: archive.classes,
    camera,
    provenance: judged,
    origin,
    ...(parameters && { parameters }),
  });
  return true;
}
