// Your CIF files to a verdict: simulate, prepare, train with and without crystals of a GAN, compare.
// node examples/cifs-to-verdict.mjs CIFS OUT [EFFORT]; below 1 the effort shows the way only.
import {
  crystalsOf,
  loadStudy,
  prepareStore,
  runStudy,
  Stream,
  simulateTriplets,
  simulationSchema,
  writeSummit,
} from 'cbed-gan';

const [cifs = 'my-cifs', out = 'workspace/own', effort = '1'] = process.argv.slice(2);
const share = Number(effort);
const times = (/** @type {number} */ count) => Math.max(2, Math.ceil(count * share));

const settings = simulationSchema.parse({ size: share < 1 ? 32 : 64 });
const crystals = [...crystalsOf({ from: [cifs], stream: new Stream(0, 'crystals') })].flatMap(
  (one) => {
    if ('ok' in one) return [one.ok];
    console.error(`${one.failed.id}: ${one.failed.reason}`);
    return [];
  },
);
async function* simulated() {
  for await (const one of simulateTriplets(crystals, settings)) if ('ok' in one) yield one.ok;
}
await writeSummit(`${out}/simulated.h5`, simulated());
const prepared = await prepareStore([`${out}/simulated.h5`], `${out}/prepared.h5`, {
  size: settings.size,
  split: 'material',
  seed: 0,
  workers: 2,
});
console.log(`${prepared.samples} triplets of ${prepared.census.classes.length} space groups`);

const plain = { name: 'logit adjustment', techniques: ['logit-adjustment', 'flips', 'dilation'] };
const study = loadStudy('quick', {
  name: 'own-cifs',
  data: prepared.path,
  baseline: plain.name,
  arms: [
    plain,
    { ...plain, name: 'with GAN crystals', synthetic: 'gan-crystal', fillTo: times(45) },
  ],
  ...(share < 1 ? { seeds: 2, splits: 1, gans: 1 } : { seeds: 6, splits: 6, gans: 6 }),
  updates: times(600),
  crystalSteps: times(500),
});
const { verdict } = await runStudy(`${out}/study`, study);
console.log(verdict.join('\n'));
