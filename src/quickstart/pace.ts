import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { answerSignals, PARENT } from '../common/interruption.ts';
import type { Progress } from '../common/progress.ts';
import { silentProgress } from '../common/progress.ts';
import { mean } from '../common/quantile.ts';
import { Stream } from '../common/stream.ts';
import { loadMinerals } from '../crystal/minerals.ts';
import type { RealExamples } from '../dataset/examples.ts';
import { joinTriplets, toPixels } from '../dataset/intensity/transform.ts';
import { runProgram } from '../engine/program.ts';
import type { Camera } from '../simulate/camera.ts';
import { simulationSchema } from '../simulate/options.ts';
import { simulateTriplets } from '../simulate/triplets.ts';

/** How long this machine takes for the two things that most of a study is made of, in seconds. */
export interface MachinePace {
  triplet: number;
  /** One update of a classifier. */
  update: number;
}

/** Minerals that are simulated for it, and updates; the first of each warm the engine up. */
const CRYSTALS = 72;
const UPDATES = 16;
const WARM = 4;

/** Times at which a stage came forward. */
class Marks {
  readonly at: number[] = [];
  readonly factory = (): Progress => ({
    advance: () => this.at.push(performance.now()),
    done() {},
  });

  /** Seconds between two steps, without the first ones. */
  get seconds(): number {
    const rest = this.at.slice(WARM);
    return (rest.at(-1)! - rest[0]!) / 1000 / (rest.length - 1);
  }
}

/** Simulates some minerals at `size` pixels a side and trains a classifier on them for some updates: a few seconds. */
async function measurePace(size: number): Promise<MachinePace> {
  const crystals = new Stream(0, 'pace').shuffled(loadMinerals()).slice(0, CRYSTALS);
  const options = simulationSchema.parse({ zones: 'standard', size });
  const pixels: Uint8Array[] = [];
  let camera: Camera | undefined;
  const started = performance.now();
  for await (const outcome of simulateTriplets(crystals, options, silentProgress)) {
    if (!('ok' in outcome)) continue;
    camera ??= outcome.ok.camera;
    pixels.push(toPixels(outcome.ok.stack, outcome.ok.camera.size));
  }
  const triplet = (performance.now() - started) / 1000 / CRYSTALS;
  const examples: RealExamples = {
    count: pixels.length,
    size,
    classes: [1, 2],
    labels: Int32Array.from(pixels, (_, i) => i % 2),
    materials: pixels.map((_, i) => String(i)),
    images: (rows) => joinTriplets(Array.from(rows, (row) => pixels[row]!)),
  };
  const marks = new Marks();
  const classifier = await trainClassifier({
    examples,
    validation: examples,
    spec: classifierSpec({ size, classes: examples.classes }),
    techniques: ['flips', 'dilation'],
    updates: UPDATES,
    evaluations: 1,
    seed: 0,
    camera: camera!,
    progress: marks.factory,
  });
  classifier.dispose();
  return { triplet, update: marks.seconds };
}

/** Prints the pace of this process, which ends with the one that started it. */
export async function measureForParent(size: number): Promise<void> {
  answerSignals();
  console.log(JSON.stringify(await measurePace(size)));
}

/** Time for a process to start TensorFlow and measure. */
const PATIENCE_MS = 120_000;

/**
 * The pace of each of `jobs` processes that work at once, on average: cores share caches and memory,
 * and two of them are not always twice one. Some ten seconds.
 */
export async function measureShared(size: number, jobs: number): Promise<MachinePace> {
  const program = `import { measureForParent } from ${JSON.stringify(import.meta.url)};
await measureForParent(${size});`;
  const paces = await Promise.all(
    Array.from({ length: jobs }, async () => {
      const flags = ['--input-type=module', '--eval', program];
      const { code, stdout, stderr } = await runProgram(process.execPath, flags, {
        env: { ...process.env, [PARENT]: String(process.pid) },
        timeoutMs: PATIENCE_MS,
      });
      if (code !== 0) throw new Error(`measuring the pace of this machine failed: ${stderr}`);
      return JSON.parse(stdout) as MachinePace;
    }),
  );
  return {
    triplet: mean(paces.map(({ triplet }) => triplet)),
    update: mean(paces.map(({ update }) => update)),
  };
}
