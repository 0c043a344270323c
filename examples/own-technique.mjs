// A technique of one's own against imbalance, beside plain training: here, class weights that grow with rarity.
// node examples/own-technique.mjs STORE [UPDATES]
import { classifierSpec, openStore, report, technique, trainClassifier } from 'cbed-gan';

const [data = 'minerals', updates = '600'] = process.argv.slice(2);
const rarityWeights = technique({
  name: 'rarity-weights',
  roles: ['loss'],
  summary: 'weight of a class: (largest count / its count) to the power',
  source: 'yours',
  defaults: { power: 0.5 },
  apply: (recipe, { power }) => ({
    ...recipe,
    classWeights: ({ real }) => {
      const largest = Math.max(...real);
      return Float32Array.from(real, (count) => (largest / Math.max(1, count)) ** power);
    },
  }),
});

const store = await openStore(data);
const test = store.examples('test');
for (const techniques of [[], [rarityWeights]]) {
  const classifier = await trainClassifier({
    examples: store.examples('train'),
    validation: store.examples('validation'),
    spec: classifierSpec(store),
    techniques,
    updates: Number(updates),
    seed: 1,
  });
  const { macroF1 } = report(classifier.predict(test), test.labels, { classes: test.classes });
  console.log(techniques[0]?.name ?? 'plain', `macro-F1 ${macroF1.toFixed(3)} on test materials`);
  classifier.dispose();
}
store.close();
