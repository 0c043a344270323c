import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import type { SimulationOptions } from '../../src/simulate/options.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';

/** Stored pixels (S, S, 3) of each crystal, or why it could not be simulated. */
export type DrawnCrystal = { pixels: Uint8Array } | { failed: string };

/**
 * Simulates the triplet of each crystal, in order, in stored pixels. A crystal's pixels do not depend
 * on the others. `energyOf` chooses among the energies of the settings; the first by default.
 *
 * @example
 * const drawn = await simulateCrystals(crystals, data.simulation);
 * const pixels = drawn.flatMap((one) => ('pixels' in one ? [one.pixels] : []));
 * @category Generators
 */
export async function simulateCrystals(
  crystals: readonly Crystal[],
  options: SimulationOptions,
  {
    progress = silentProgress,
    energyOf = () => options.energies[0]!,
  }: { progress?: ProgressFactory; energyOf?: (position: number) => number } = {},
): Promise<DrawnCrystal[]> {
  const out = new Array<DrawnCrystal>(crystals.length);
  const energies = [...new Set(crystals.map((_, at) => energyOf(at)))];
  for (const energy of energies) {
    const which = crystals.flatMap((_, at) => (energyOf(at) === energy ? [at] : []));
    // Names of their own, so that outcomes find their places.
    const renamed = which.map((at) => ({ ...crystals[at]!, id: String(at), material: String(at) }));
    for await (const outcome of simulateTriplets(
      renamed,
      { ...options, energies: [energy] },
      progress,
    )) {
      if ('ok' in outcome) {
        out[Number(outcome.ok.material)] = { pixels: toPixels(outcome.ok.stack, options.size) };
      } else out[Number(outcome.failed.id)] = { failed: outcome.failed.reason };
    }
  }
  return out;
}
