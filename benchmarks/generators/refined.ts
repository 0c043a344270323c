/**
 * What the refiner leaves of the distance between real patterns and their drawings: a refiner is
 * trained on pairs alone (the generator beside it is as small as can be, and has no part in it), and
 * both distances are taken on random triplets of the training split, with the refiner's average.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/generators/refined.js STORE FILE
 *     [--channels 12] [--looks 500] [--triplets 200] [--seed 1]
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { ganData } from '../../gan/codec/data.ts';
import { spaceTensors } from '../../gan/codec/decode.ts';
import { fitSpace } from '../../gan/codec/space.ts';
import { trainGan } from '../../gan/codec/train.ts';
import { ganConfig } from '../../gan/config.ts';
import { DrawnRows, storedTensor } from '../../gan/rendered/data.ts';
import { BRIGHTEST, refine, refinerLayout } from '../../gan/rendered/refiner.ts';
import { writeJson } from '../../src/common/files.ts';
import { terminalProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { type Tensor4D, tf } from '../../src/engine/tf.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    channels: { type: 'string', default: '12' },
    looks: { type: 'string', default: '500' },
    triplets: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});
const [path, file] = positionals;
if (!path || !file) throw new Error('give a store and a file for the result');
const seed = Number(values.seed);

const store = await openStore(path);
const data = ganData(store.examples('train'), terminalProgress);
const config = ganConfig.parse({
  ...{ refiner: values.channels, steps: values.looks, seed },
  ...{ pixelEvery: 1, hidden: 16, batch: 16, latent: 8 },
});
const start = performance.now();
const { model } = await trainGan({ data, config, progress: terminalProgress });
const seconds = (performance.now() - start) / 1000;

const { space, vectors, used } = fitSpace(data.set, {
  components: config.components,
  stream: new Stream(seed, 'gan').split('space'),
});
const labels = Int32Array.from(used, (i) => data.set.triplets[i]!.label);
const drawnRows = new DrawnRows(
  { space, tensors: spaceTensors(space) },
  { values: vectors, labels },
);
const { weights, channels } = model.parts.refiner!;
const flat = tf.tensor1d(weights);
const rows = new Stream(seed, 'refined').permutation(labels.length).slice(0, +values.triplets);

/** Mean absolute distance in grey levels over all pixels, and over pixels that are drawn lit. */
const sums = { drawn: 0, refined: 0, lit: 0, drawnLit: 0, refinedLit: 0, count: 0 };
for (const row of rows) {
  const part = tf.tidy(() => {
    const real = storedTensor(data.images!([used[row]!]), store.size);
    const drawn = storedTensor(drawnRows.images([row]), store.size);
    const polish = refinerLayout(channels).unpack(flat);
    const lit = drawn.greater(0).toFloat();
    const away = (x: Tensor4D) =>
      x
        .sub(real)
        .abs()
        .mul(255 / BRIGHTEST);
    const [before, after] = [away(drawn), away(refine(polish, drawn))];
    const each = [before, after, lit, before.mul(lit), after.mul(lit)];
    return tf.stack(each.map((x) => x.sum())).dataSync();
  });
  const keys = ['drawn', 'refined', 'lit', 'drawnLit', 'refinedLit'] as const;
  keys.forEach((key, i) => {
    sums[key] += part[i]!;
  });
  sums.count += 3 * store.size ** 2;
}
const result = {
  ...{ store: basename(path), digest: store.digest, seconds, config, triplets: rows.length },
  all: { drawn: sums.drawn / sums.count, refined: sums.refined / sums.count },
  lit: { drawn: sums.drawnLit / sums.lit, refined: sums.refinedLit / sums.lit },
};
writeJson(file, result);
console.log(JSON.stringify({ all: result.all, lit: result.lit, seconds }));
store.close();
