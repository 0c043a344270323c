/**
 * A training step of the crystal GAN, both networks and the moving average, beside the same step in
 * PyTorch on the same machine in one run: both take turns, one thread each (CBED_THREADS=1), processor
 * time, against the fastest of eager, fused and compiled. The times are those of whole cycles of four
 * steps, one of them with the gradient penalty, for one step. Both work on ready batches; what drawing
 * and encoding crystals adds here is the second line, which has no peer.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/gan-crystal.js [turns]
 *
 * PEERS_PYTHON names an interpreter that has PyTorch; without one only our own run.
 */
import { classCodes } from '../../gan/classes.ts';
import {
  elementTables,
  encodeCrystals,
  MOST,
  PROPERTIES,
  REFLECTIONS,
  SITE_FACTS,
} from '../../gan/crystal/codec.ts';
import { crystalConfigFor } from '../../gan/crystal/config.ts';
import { elementTensors } from '../../gan/crystal/features.ts';
import { NEIGHBOURS } from '../../gan/crystal/neighbours.ts';
import { crystalDiscriminatorLayout, crystalGeneratorLayout } from '../../gan/crystal/networks.ts';
import { CrystalSources } from '../../gan/crystal/skeleton-sources.ts';
import { updateBoth } from '../../gan/crystal/step.ts';
import { distinctMaterials } from '../../gan/crystal/train.ts';
import { CrystalTrainer, crystalShape } from '../../gan/crystal/trainer.ts';
import { GROUP } from '../../gan/training/batches.ts';
import { NetworkPair } from '../../gan/training/network-pair.ts';
import { NoiseSource } from '../../gan/training/noise.ts';
import { Stream } from '../../src/common/stream.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import { engine, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { comparison, median, processorTime, startPeer, takeTurns } from './turns.ts';

const CYCLES = 4;
const turns = Number(process.argv[2] ?? 4);
const stream = new Stream(1, 'peers');
const config = crystalConfigFor('cpu').parse({});
const { batch, penaltyEvery, latent, siteLatent, embedding, tokens, hidden } = config;

const sources = new CrystalSources(distinctMaterials(loadMinerals()));
/** Groups with a whole group of rows, one in two of them: about as many as the minerals task has. */
const classes = sources.groups
  .filter((group) => sources.known(group).length >= GROUP)
  .filter((_, at) => at % 2 === 0);
const known = classes.map((group) => sources.known(group).map(({ sited }) => sited));
const rows = {
  crystals: known.flat(),
  labels: Int32Array.from(known.flatMap((of, label) => of.map(() => label))),
};

/** A step on batches that are ready: rows in groups of one class. */
function readyStep(): () => void {
  const shape = crystalShape(config, { classes, elements: sources.elements });
  const layouts = {
    generator: crystalGeneratorLayout(shape),
    discriminator: crystalDiscriminatorLayout(shape),
  };
  const pair = new NetworkPair(layouts, { ...config, settling: 50 }, stream.split('pair'));
  const labels = Array.from({ length: batch }, (_, i) => Math.floor(i / GROUP));
  const crystals = labels.map((label, i) => known[label]![i % GROUP]!);
  const [real, references] = [1, 2].map(() => encodeCrystals(crystals, sources.elements));
  const { values, code } = classCodes(classes);
  const codes = tf.tidy(() =>
    tf.gather(tf.tensor2d(values, [classes.length, code]), tf.tensor1d(labels, 'int32')),
  ) as Tensor2D;
  const elements = elementTensors(elementTables(sources.elements, sources.distances));
  const noise = new NoiseSource(stream.split('noise'));
  return () => {
    const penalty = pair.step % penaltyEvery === 0 ? config.penalty * penaltyEvery : 0;
    pair.update(() =>
      updateBoth({
        ...{ pair, shape, elements, noise, codes, penalty },
        ...{ real: real!, references: references! },
        ...{ jitter: config.jitter, clash: config.clash, frequency: config.frequency },
        rates: { generator: config.generatorRate, discriminator: config.discriminatorRate },
      }),
    );
  };
}

/** Milliseconds of a step in each of the cycles of a turn. */
const cyclesOf = (step: () => void): number[] =>
  Array.from({ length: CYCLES }, () => {
    const start = processorTime();
    for (let i = 0; i < penaltyEvery; i++) step();
    return (processorTime() - start) / penaltyEvery;
  });

const step = readyStep();
const systems = classCodes(classes).code - classes.length;
const numbers = [
  ...[batch, MOST.sites, MOST.slots, MOST.atoms, NEIGHBOURS, sources.elements.length],
  ...[3 * REFLECTIONS, SITE_FACTS, PROPERTIES, latent, siteLatent, embedding, tokens, hidden],
  ...[classes.length, systems, penaltyEvery, CYCLES],
];
const compared = await takeTurns({
  cases: ['ready batch'],
  turns,
  ours: () => cyclesOf(step),
  peer: startPeer('gan-crystal.py', numbers),
});
console.log(
  `crystal GAN, batch ${batch}, ${classes.length} classes, ${sources.elements.length} elements, ` +
    `${engine.threads} thread, median of ${turns * CYCLES} cycles`,
);
console.log(comparison(compared));

const trainer = new CrystalTrainer(
  { sources, classes, rows, attention: new Set() },
  config,
  stream.split('trainer'),
);
cyclesOf(() => trainer.update());
const whole = cyclesOf(() => trainer.update());
console.log(`with drawing and encoding: ${median(whole).toFixed(1)} ms a step`);
trainer.dispose();
