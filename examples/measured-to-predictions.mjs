// Measured patterns to predictions: a classifier of simulated triplets names the space groups of yours.
// node examples/measured-to-predictions.mjs MANIFEST.csv STORE OUT [UPDATES]; a manifest: gan data import --template
// (space_group and material may stay empty here).

import { existsSync } from 'node:fs';
import {
  classifierSpec,
  loadClassifier,
  openStore,
  predictManifest,
  trainClassifier,
} from 'cbed-gan';

const [manifest = 'scans.csv', data = 'minerals', out = 'workspace/classifier', updates = '600'] =
  process.argv.slice(2);

if (!existsSync(out)) {
  const store = await openStore(data);
  const trained = await trainClassifier({
    examples: store.examples('train'),
    validation: store.examples('validation'),
    spec: classifierSpec(store),
    techniques: ['logit-adjustment', 'flips', 'dilation'],
    updates: Number(updates),
    camera: store.camera,
    seed: 1,
  });
  await trained.save(out);
  store.close();
}
const classifier = await loadClassifier(out);
for await (const { key, top } of predictManifest(classifier, manifest)) {
  const guesses = top.map((one) => `${one.spaceGroup} (${(100 * one.probability).toFixed(0)} %)`);
  console.log(key, guesses.join(', '));
}
