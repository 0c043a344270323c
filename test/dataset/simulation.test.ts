import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { crystalsOf } from '../../src/crystal/source.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { simulationOf, zonesByGroup } from '../../src/dataset/store/simulation.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { type SimulationOptions, simulationSchema } from '../../src/simulate/options.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { temporaryFolder } from '../support/folder.ts';

const folder = temporaryFolder('simulation-of-store');
const minerals = [
  ...crystalsOf({ from: ['minerals'], groups: [136, 225], stream: new Stream(0, 'few') }),
]
  .flatMap((one) => ('ok' in one ? [one.ok] : []))
  .filter(
    ({ spaceGroup }, i, all) =>
      all.filter((o, j) => j < i && o.spaceGroup === spaceGroup).length < 2,
  );

async function simulated(options: SimulationOptions): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const one of simulateTriplets(minerals, options))
    if ('ok' in one) samples.push(one.ok);
  return samples;
}

/** A store of files, each written with the settings that it tells. */
async function prepared(name: string, files: [readonly Sample[], SimulationOptions?][]) {
  const paths = files.map((_, n) => join(folder, `${name}-${n}.h5`));
  for (const [n, [samples, told]] of files.entries()) await writeSummit(paths[n]!, samples, told);
  const path = join(folder, `${name}.h5`);
  await prepareStore(paths, path, { size: 32, split: 'material', seed: 1, workers: 0 });
  return openStore(path);
}

const zones = [
  [1, 0, 0],
  [1, 1, 0],
  [1, 1, 2],
] as const;

it('new crystals are simulated as those of the files were, along the same zone axes', async () => {
  const options = simulationSchema.parse({
    ...{ size: 32, energies: [200], thicknesses: [50], zones, absorption: 0.1, factors: 'lobato' },
  });
  const samples = await simulated(options);
  expect(samples.length).toBeGreaterThan(2);
  const told = await prepared('told', [[samples, options]]);
  expect(simulationOf(told)).toEqual(options);
  expect(zonesByGroup(told)(225)).toEqual(zones);
  told.close();

  // A file of another program tells no settings: what its rows tell is kept.
  const untold = await prepared('untold', [[samples]]);
  const { energies, thicknesses, absorption, zones: found } = simulationOf(untold);
  expect([energies, thicknesses, absorption, found]).toEqual([[200], [50], 0, zones]);
  untold.close();

  // Files of different settings have none in common.
  const [half, rest] = [samples.slice(0, 2), samples.slice(2)];
  const mixed = await prepared('mixed', [
    [half, options],
    [rest, { ...options, absorption: 0.2 }],
  ]);
  expect(simulationOf(mixed).absorption).toBe(0);
  mixed.close();
}, 60_000);

it('standard zone axes stay those of each group, and unknown ones are none', async () => {
  const samples = await simulated(simulationSchema.parse({ size: 32 }));
  const standard = await prepared('standard', [[samples]]);
  expect(simulationOf(standard).zones).toBe('standard');
  expect(zonesByGroup(standard)(136)).toEqual(samples.find((s) => s.spaceGroup === 136)!.zones);
  standard.close();
  const none = [0, 0, 0] as const;
  const blind = await prepared('blind', [
    [samples.map((one) => ({ ...one, zones: [none, none, none] }))],
  ]);
  expect(zonesByGroup(blind)(225)).toEqual([]);
  blind.close();
}, 60_000);
