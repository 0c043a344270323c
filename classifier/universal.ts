import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { dataFile } from '../src/common/paths.ts';
import { readJson } from '../src/common/run.ts';
import type { Vec3 } from '../src/crystal/crystal.ts';
import { cross, norm } from '../src/crystal/matrix.ts';
import { SPACE_GROUPS } from '../src/crystal/spacegroup.ts';
import { standardZones } from '../src/crystal/zone.ts';
import type { SimulationOptions } from '../src/simulate/options.ts';
import type { Sample } from '../src/simulate/sample.ts';
import { CLASSIFIER_FILE } from './single.ts';

/** Name of the facts of a universal classifier, beside it. */
export const UNIVERSAL_CARD = 'card.json';

/** What `predict` must know of a universal classifier. */
export interface UniversalFacts {
  /** Probability below which the answer is `I do not know`; chosen on validation. */
  threshold: number;
  /** How its triplets were simulated. */
  simulation: SimulationOptions;
}

const numbers = z.array(z.number());
const factsSchema = z.object({
  threshold: z.number().min(0).max(1),
  simulation: z.looseObject({ energies: numbers, thicknesses: numbers }),
});

/** The folder of the classifier that ships with the package; null where it is not there. */
export function shippedClassifier(): string | null {
  const folder = dataFile('universal');
  return existsSync(join(folder, CLASSIFIER_FILE)) ? folder : null;
}

/** The facts of the universal classifier of a folder; null for other classifiers. */
export function universalFacts(folder: string): UniversalFacts | null {
  const path = join(folder, UNIVERSAL_CARD);
  return existsSync(path) ? (readJson(path, factsSchema) as UniversalFacts) : null;
}

/** Whether two directions are one, or one of them is not known (0 0 0). */
const parallel = (a: Vec3, b: Vec3): boolean => norm(cross(a, b)) <= 1e-6 * norm(a) * norm(b);

/** The sets of standard zone axes, one a family of crystal systems: a triplet's own system is not known. */
const ZONE_SETS = [
  ...new Map(SPACE_GROUPS.map((g) => [standardZones(g).join(), standardZones(g)])),
].map(([, zones]) => zones);

/**
 * What of a triplet the classifier was not trained for: energy, thickness or zone axes; null where all
 * is as in its training. What a file does not say is not held against it.
 */
export function misfitOf(
  { energy, thickness, zones }: Pick<Sample, 'energy' | 'thickness' | 'zones'>,
  { energies, thicknesses }: SimulationOptions,
): string | null {
  const known = ZONE_SETS.some((set) => set.every((zone, i) => parallel(zone, zones[i]!)));
  const off = (value: number, among: readonly number[]) =>
    among.every((one) => Math.abs(value / one - 1) > 1e-3);
  const faults = [
    off(energy, energies) && `${energy} keV (trained at ${energies.join(', ')})`,
    thickness !== null &&
      off(thickness, thicknesses) &&
      `${thickness} angstrom thick (trained at ${thicknesses.join(', ')})`,
    !known && `zone axes ${zones.map((zone) => `[${zone.join(' ')}]`).join(' ')} (standard ones)`,
  ].filter(Boolean);
  return faults.length > 0 ? faults.join(', ') : null;
}
