/**
 * A training step of the GAN (discriminator, generator, moving average), beside the same step in
 * PyTorch on the same machine in one run: both take turns, one thread each (CBED_THREADS=1), processor
 * time, against the fastest of eager, fused and compiled. The times are
 * those of whole cycles of four steps, one of them with the gradient penalty, for one step.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/gan.js [turns]
 *   node dist/benchmarks/peers/gan.js memory [steps]     resident memory over many steps, no peer
 *
 * PEERS_PYTHON names an interpreter that has PyTorch; without one only our own run.
 */
import { classCodes } from '../../gan/classes.ts';
import { ganConfig } from '../../gan/codec/config.ts';
import { GanTrainer } from '../../gan/codec/trainer.ts';
import { Stream } from '../../src/common/stream.ts';
import { tf } from '../../src/engine/tf.ts';
import { comparison, processorTime, startPeer, takeTurns } from './turns.ts';

const CYCLES = 10;
const ROWS = 1770;
const VECTOR = 206;
/** One class in four of the 230 space groups; all seven crystal systems are among them. */
const CLASSES = Array.from({ length: 56 }, (_, i) => 4 * i + 4);

const stream = new Stream(1, 'peers');
const config = ganConfig.parse({});
const { values: codes, code } = classCodes(CLASSES);
const data = {
  values: stream.normals(ROWS * VECTOR),
  width: VECTOR,
  labels: Int32Array.from({ length: ROWS }, (_, i) => i % CLASSES.length),
  codes,
  code,
};

/** Milliseconds of a step in each of the cycles of a turn. */
function ourTurn(trainer: GanTrainer): number[] {
  return Array.from({ length: CYCLES }, () => {
    const start = processorTime();
    for (let i = 0; i < config.penaltyEvery; i++) trainer.update();
    return (processorTime() - start) / config.penaltyEvery;
  });
}

async function compare(trainer: GanTrainer, turns: number): Promise<void> {
  const { latent, embedding, hidden, batch } = config;
  const sizes = [latent, embedding, hidden, VECTOR, CLASSES.length, code - CLASSES.length, batch];
  const compared = await takeTurns({
    cases: ['discriminator and generator'],
    turns,
    ours: () => ourTurn(trainer),
    peer: startPeer('gan.py', [...sizes, ROWS, CYCLES]),
  });
  console.log(
    `codec GAN, batch ${batch} of ${VECTOR}, hidden ${hidden}, median of ${turns * CYCLES} cycles`,
  );
  console.log(comparison(compared));
}

/** Resident memory and tensors after the first hundred steps and after the last. */
function memory(trainer: GanTrainer, steps: number): void {
  const now = () =>
    `${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB, ${tf.memory().numTensors} tensors`;
  for (let i = 1; i <= steps; i++) {
    trainer.update();
    if (i === 100 || i % 500 === 0) console.log(`${i} steps: ${now()}`);
  }
}

const trainer = new GanTrainer(data, config, stream.split('trainer'));
const [first = '6', second = '2000'] = process.argv.slice(2);
if (first === 'memory') memory(trainer, Number(second));
else await compare(trainer, Number(first));
trainer.dispose();
