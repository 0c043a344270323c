// Crystals of a rare group and their triplets: train, sample, simulate.
// node examples/crystals.mjs STORE OUT [SPACE-GROUP] [STEPS]

import { mkdirSync, writeFileSync } from 'node:fs';
import {
  cifText,
  crystalConfigFor,
  crystalData,
  openStore,
  simulateCrystals,
  trainCrystalGan,
} from 'cbed-gan';

const [from = 'minerals', out = 'workspace/crystals', group = '194', steps = '500'] =
  process.argv.slice(2);
const data = crystalData(await openStore(from), new Set());
const config = crystalConfigFor('cpu').parse({ steps: Number(steps) });
const { model } = await trainCrystalGan({ data, config });
const { made } = model.sampleCrystals({ wanted: new Map([[Number(group), 10]]), seed: 1 });
const crystals = made.map(({ crystal }) => crystal);
const drawn = await simulateCrystals(crystals, data.simulation);
mkdirSync(out, { recursive: true });
crystals.forEach((crystal, i) => writeFileSync(`${out}/${i}.cif`, cifText(crystal)));
console.log(
  `${crystals.length} crystals in ${out}, ${drawn.filter((one) => 'pixels' in one).length} triplets`,
);
