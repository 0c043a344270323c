import { inputError } from '../../common/errors.ts';
import { tally } from '../../common/group.ts';
import type { Vec3 } from '../../crystal/crystal.ts';
import { standardZones } from '../../crystal/zone.ts';
import { type SimulationOptions, simulationSchema } from '../../simulate/options.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { cameraOf } from '../../simulate/triplets.ts';
import type { Store } from './store.ts';

/** The value that most rows have; null where none is known. */
function mostFrequent(values: ArrayLike<number>): number | null {
  const counts = [...tally(Array.from(values).filter((value) => !Number.isNaN(value)))];
  return counts.sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/**
 * The zone axes of a store: as recorded, else as its rows have them. Three directions where all rows have
 * the same three and they are not the standard ones of each; null where they follow no rule.
 */
function zonesOf(store: Store): 'standard' | 'strongest' | readonly Vec3[] | null {
  const recorded = store.config.simulation as Partial<SimulationOptions> | undefined;
  if (recorded?.zones) return recorded.zones;
  if (!Number.isNaN(store.rows.spacings[0] ?? Number.NaN)) return 'strongest';
  const rows = Array.from({ length: store.count }, (_, row) => store.facts(row));
  const known = rows.filter(({ zones }) => zones.some((zone) => zone.some(Boolean)));
  const [first] = known;
  if (!first) return null;
  const all = (is: (row: SampleFacts) => readonly Vec3[]): boolean =>
    known.every((row) => row.zones.flat().join() === is(row).flat().join());
  if (all((row) => standardZones(row.spaceGroup))) return 'standard';
  return all(() => first.zones) ? first.zones : null;
}

/**
 * Zone axes that triplets of a group have in a store, or made for it; none where no rule tells them. The rows
 * are looked through once, for all groups.
 */
export function zonesByGroup(store: Store): (spaceGroup: number) => readonly Vec3[] {
  const zones = zonesOf(store);
  if (zones === 'standard') return standardZones;
  return () => (zones === null || zones === 'strongest' ? [] : zones);
}

/**
 * The settings that new crystals are simulated with so that their triplets stand beside those of a
 * store: the recorded ones of a store of simulated data; else energy, thickness and zone axes of
 * its rows, and the defaults for what a file does not tell.
 *
 * @throws input error where the patterns are sampled as no simulation of these settings samples.
 */
export function simulationOf(store: Store): SimulationOptions {
  const { energy, thickness } = store.rows;
  const recorded = store.config.simulation as SimulationOptions | undefined;
  const found = simulationSchema.safeParse({
    energies: [mostFrequent(energy) ?? 100],
    thicknesses: [mostFrequent(thickness) ?? 100],
    zones: zonesOf(store) ?? 'standard',
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
