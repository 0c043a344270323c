import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { type SimulationOptions, simulationSchema } from '../../src/simulate/options.ts';
import { cameraOf, simulateTriplets } from '../../src/simulate/triplets.ts';

/** Relative difference of pixel sizes and difference of centres up to which cameras are the same. */
const SAME_PIXEL = 0.01;
const SAME_CENTRE = 0.26;

const known = (values: Iterable<number>): number[] => [
  ...new Set([...values].filter((value) => Number.isFinite(value))),
];

/** The settings that draw patterns like those of a store, or why there are none. */
export type StoreSimulation = { options: SimulationOptions } | { misfit: string };

/**
 * How crystals are to be simulated so that their patterns are like those of a store: its size,
 * energies, thickness and kind of zones, in the periodic mode. A misfit where the store's camera is not that
 * of the simulator: such patterns were measured, or simulated otherwise.
 */
export function simulationOf(store: Store): StoreSimulation {
  const rows = store.indices('train');
  const energies = known(Array.from(rows, (row) => store.rows.energy[row]!)).sort((a, b) => a - b);
  const thicknesses = known(Array.from(rows, (row) => store.rows.thickness[row]!)).sort((a, b) => a - b);
  const strongest = Array.from(rows).some((row) => Number.isFinite(store.rows.spacings[3 * row]!));
  const options = simulationSchema.parse({
    ...(store.config.simulation as object | undefined),
    size: store.size,
    ...(energies.length > 0 && { energies }),
    ...(thicknesses.length > 0 && { thicknesses: [thicknesses[Math.floor(thicknesses.length / 2)]!] }),
    ...(strongest && { zones: 'strongest' }),
  });
  const [camera, own] = [cameraOf(options), store.camera];
  if (!(own.pixel > 0)) return { misfit: `${store.path} has no calibration (1/angstrom a pixel)` };
  const same =
    Math.abs(camera.pixel / own.pixel - 1) < SAME_PIXEL && Math.abs(camera.centre - own.centre) < SAME_CENTRE;
  if (same) return { options };
  return {
    misfit: `${store.path} has pixels of ${own.pixel.toPrecision(3)} 1/angstrom, simulated patterns of this size ${camera.pixel.toPrecision(3)}`,
  };
}

/** Stored pixels (S, S, 3) of each crystal, or why it could not be simulated. */
export type Drawn = { pixels: Uint8Array } | { failed: string };

/**
 * Simulates the triplet of each crystal, in order, in stored pixels. A crystal's pixels do not depend
 * on the others. `energyOf` chooses among the energies of the settings; the first by default.
 */
export async function simulateCrystals(
  crystals: readonly Crystal[],
  options: SimulationOptions,
  {
    progress = silentProgress,
    energyOf = () => options.energies[0]!,
  }: { progress?: ProgressFactory; energyOf?: (position: number) => number } = {},
): Promise<Drawn[]> {
  const out = new Array<Drawn>(crystals.length);
  const energies = [...new Set(crystals.map((_, at) => energyOf(at)))];
  for (const energy of energies) {
    const which = crystals.flatMap((_, at) => (energyOf(at) === energy ? [at] : []));
    // Names of their own, so that outcomes find their places.
    const renamed = which.map((at) => ({ ...crystals[at]!, id: String(at), material: String(at) }));
    for await (const outcome of simulateTriplets(renamed, { ...options, energies: [energy] }, progress)) {
      if ('ok' in outcome) {
        out[Number(outcome.ok.material)] = { pixels: toPixels(outcome.ok.stack, options.size) };
      } else out[Number(outcome.failed.id)] = { failed: outcome.failed.reason };
    }
  }
  return out;
}
