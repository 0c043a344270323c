import { inputError } from '../../common/errors.ts';
import { tally } from '../../common/group.ts';
import { type SimulationOptions, simulationSchema } from '../../simulate/options.ts';
import { cameraOf } from '../../simulate/triplets.ts';
import type { Store } from './store.ts';

/** The value that most rows have; null where none is known. */
function mostFrequent(values: ArrayLike<number>): number | null {
  const counts = [...tally(Array.from(values).filter((value) => !Number.isNaN(value)))];
  return counts.sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/**
 * The settings that new crystals are simulated with so that their triplets stand beside those of a
 * store: the recorded ones of a store of simulated data; else energy, thickness and kind of zone
 * axes of most of its rows, and the defaults for what a file does not tell.
 *
 * @throws input error where the patterns are sampled as no simulation of these settings samples.
 */
export function simulationOf(store: Store): SimulationOptions {
  const { energy, thickness, spacings } = store.rows;
  const recorded = store.config.simulation as SimulationOptions | undefined;
  const found = simulationSchema.safeParse({
    energies: [mostFrequent(energy) ?? 100],
    thicknesses: [mostFrequent(thickness) ?? 100],
    zones: Number.isNaN(spacings[0] ?? Number.NaN) ? 'standard' : 'strongest',
    ...recorded,
    size: store.size,
  });
  if (!found.success) {
    const { path, message } = found.error.issues[0]!;
    throw inputError(
      `${store.path} is damaged: it was simulated with ${path.join('.')}: ${message}`,
      'prepare it again',
    );
  }
  const options = found.data;
  const camera = cameraOf(options);
  const fits =
    Math.abs(camera.pixel / store.camera.pixel - 1) < 1e-3 &&
    Math.abs(camera.centre - store.camera.centre) < 1e-3;
  if (fits) return options;
  throw inputError(
    `${store.path} samples patterns at ${store.camera.pixel} 1/angstrom a pixel, a simulation at ${camera.pixel}`,
    'new crystals can only be drawn for a store whose camera a simulation has',
  );
}
