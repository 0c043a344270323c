/**
 * One step of the GAN on pixels, both networks and the moving average, beside the same networks in
 * PyTorch on the same machine in one run: both take turns, one thread each (CBED_THREADS=1), processor
 * time, against the fastest of eager, fused (channels_last) and compiled. The times are
 * those of whole cycles of sixteen steps, one of them with the gradient penalty, for one step.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/gan-pixel.js [turns]
 *   node dist/benchmarks/peers/gan-pixel.js memory [steps]     resident memory, 16 pixels a side
 *
 * PEERS_PYTHON names an interpreter that has PyTorch; without one only our own run.
 */
import { pixelConfig } from '../../gan/pixel/config.ts';
import { PixelTrainer } from '../../gan/pixel/trainer.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { tf } from '../../src/engine/tf.ts';
import { comparison, processorTime, startPeer, takeTurns } from './turns.ts';

const ROWS = 1000;
/** One class in four of the 230 space groups; all seven crystal systems are among them. */
const CLASSES = Array.from({ length: 56 }, (_, i) => 4 * i + 4);
const SYSTEMS = 7;
const CASES = ['pixel'] as const;

const stream = new Stream(1, 'peers');

/** Triplets of noise, as dark and bright as real ones. */
function noise(size: number): Examples {
  const each = 3 * size * size;
  const pixels = Uint8Array.from({ length: ROWS * each }, () => stream.index(170));
  return {
    ...{ count: ROWS, size, classes: CLASSES },
    labels: Int32Array.from({ length: ROWS }, (_, i) => i % CLASSES.length),
    materials: Array.from({ length: ROWS }, (_, i) => `material ${i}`),
    images(rows) {
      const out = new Uint8Array(rows.length * each);
      Array.from(rows, (row, i) =>
        out.set(pixels.subarray(row * each, (row + 1) * each), i * each),
      );
      return out;
    },
  };
}

const trainerOf = (size: number): PixelTrainer =>
  new PixelTrainer(
    { examples: noise(size), store: 'noise' },
    pixelConfig.parse({}),
    stream.split('pixel'),
  );

async function compare(turns: number): Promise<void> {
  const size = 64;
  const config = pixelConfig.parse({});
  const { latent, embedding, width, batch, penaltyEvery } = config;
  const trainer = trainerOf(size);
  const sizes = [latent, embedding, width, size, CLASSES.length, SYSTEMS, batch, ROWS];
  const compared = await takeTurns({
    cases: CASES,
    turns,
    ours() {
      const start = processorTime();
      for (let i = 0; i < penaltyEvery; i++) trainer.update();
      return [(processorTime() - start) / penaltyEvery];
    },
    peer: startPeer('gan-pixel.py', [...sizes, penaltyEvery, 1]),
  });
  console.log(
    `GAN on pixels, batch ${batch} of ${size} x ${size} x 3, width ${width}, median of ${turns} cycles`,
  );
  console.log(comparison(compared));
  trainer.dispose();
}

/** Resident memory and tensors after the first hundred steps and after the last. */
function memory(steps: number): void {
  const trainer = trainerOf(16);
  for (let i = 1; i <= steps; i++) {
    trainer.update();
    if (i !== 100 && i % 500 !== 0) continue;
    const resident = (process.memoryUsage.rss() / 1e6).toFixed(0);
    console.log(`${i} steps: ${resident} MB, ${tf.memory().numTensors} tensors`);
  }
  trainer.dispose();
}

const [first = '3', second = '2000'] = process.argv.slice(2);
if (first === 'memory') memory(Number(second));
else await compare(Number(first));
