// Crystals of rare groups and their triplets: train, sample, simulate.
import { writeFileSync } from 'node:fs';
import {
  cifText,
  crystalConfigFor,
  crystalData,
  openStore,
  simulateCrystals,
  trainCrystalGan,
} from 'cbed-gan';

const store = await openStore('minerals');
const data = crystalData(store, new Set());
const { model } = await trainCrystalGan({ data, config: crystalConfigFor('cpu').parse({}) });
const { made } = model.sampleCrystals({ wanted: new Map([[194, 10]]), seed: 1 });
const crystals = made.map(({ crystal }) => crystal);
const drawn = await simulateCrystals(crystals, data.simulation);
crystals.forEach((crystal, i) => writeFileSync(`${i}.cif`, cifText(crystal)));
console.log(drawn.filter((one) => 'pixels' in one).length, 'triplets');
