import { sampleGeometry } from '../../src/codec/encode.ts';
import type { TripletGeometry } from '../../src/codec/geometry.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import { builtInTask } from '../../src/dataset/tasks/tasks.ts';
import { type SimulationSettings, simulationSchema } from '../../src/simulate/options.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { Errors, roundTrip } from './errors.ts';

/** How the crystals are imaged. */
export const VARIANTS: Record<string, SimulationSettings> = {
  'standard zones, 64': { size: 64 },
  'standard zones, 128': { size: 128 },
  'strongest zones, 64': { size: 64, zones: 'strongest' },
  'strongest zones, 128': { size: 128, zones: 'strongest' },
  'box with HOLZ, 64': { mode: 'box', size: 64 },
  'box without HOLZ, 64': { mode: 'box', size: 64, holz: false },
};

/** Crystals of both built-in tasks, drawn at random. */
function someCrystals(count: number): Crystal[] {
  return ['ladder', 'minerals'].flatMap((task) => {
    const { crystals } = builtInTask(task, { seed: 0, limit: 400 });
    const order = new Stream(2, 'codec variants').permutation(crystals.length);
    return order.slice(0, count / 2).map((i) => crystals[i]!);
  });
}

/** Errors of the round trip of `count` crystals, imaged in one way. */
export async function variant(name: string, count: number) {
  const options = simulationSchema.parse(VARIANTS[name]);
  const errors = new Errors();
  let failed = 0;
  for await (const outcome of simulateTriplets(someCrystals(count), options)) {
    if ('failed' in outcome) {
      failed++;
      continue;
    }
    const { stack, camera, ...facts } = outcome.ok;
    const pixels = toPixels(stack, camera.size);
    const smooth = options.mode === 'box' ? ('smooth' as const) : undefined;
    const geometry = sampleGeometry(facts, camera, smooth);
    if (typeof geometry === 'string') throw new Error(geometry);
    const [drawn] = await roundTrip([pixels], [geometry as TripletGeometry]);
    errors.add(pixels, drawn!);
  }
  return { settings: options, failed, ...errors.result };
}
