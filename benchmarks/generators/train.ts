import type { GanData } from '../../gan/codec/data.ts';
import { trainGan } from '../../gan/codec/train.ts';
import { ganConfig } from '../../gan/config.ts';
import { pixelConfig } from '../../gan/pixel/config.ts';
import { trainPixelGan } from '../../gan/pixel/train.ts';
import { type DrawingModel, randomPixels } from '../../gan/random.ts';
import type { Health } from '../../gan/training/health.ts';
import type { LoopOptions, Trained } from '../../gan/training/loop.ts';
import type { Setback } from '../../gan/training/watchdog.ts';
import { terminalProgress } from '../../src/common/progress.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { kid } from '../../synthetic/metrics/kid.ts';

/** Triplets of one source, as many of every rare class. */
export interface Made {
  images: Uint8Array;
  /** Space group of each. */
  labels: number[];
}

export type GeneratorKind = 'codec' | 'pixel';

/** One training and what the watchdog saw of it. */
export interface TrainingFacts {
  generator: GeneratorKind;
  /** Updates done, and seconds that they took with the looks. */
  steps: number;
  seconds: number;
  config: Record<string, unknown>;
  health: Health[];
  setbacks: readonly Setback[];
}

export interface TrainingWork {
  store: Store;
  /** The training triplets as discs, for the codec. */
  data: GanData;
  /** Space groups that get most attention, and of which samples are drawn. */
  rare: readonly number[];
  seed: number;
  /** Samples of each rare class. */
  count: number;
  /** Updates at most; absent: each generator's own number. */
  steps?: number;
  /** Minutes of training at most: with them, steps only bound it where they are given. */
  minutes?: number;
  /** Settings of the codec GAN that differ from its defaults. */
  settings?: Readonly<Record<string, string>>;
}

/** More than any budget of minutes allows. */
const ENDLESS = 10_000_000;

function trained(generator: GeneratorKind, work: TrainingWork) {
  const { store, data, rare, seed, minutes } = work;
  const attention = new Set(rare.map((spaceGroup) => store.classes.indexOf(spaceGroup)));
  const steps = work.steps ?? (minutes === undefined ? undefined : ENDLESS);
  const loop: LoopOptions<DrawingModel> = { watch: kid, minutes, progress: terminalProgress };
  if (generator === 'codec') {
    const config = ganConfig.parse({ ...work.settings, steps, seed });
    return { config, result: trainGan({ ...loop, data: { ...data, attention }, config }) };
  }
  const config = pixelConfig.parse({ steps, seed });
  const own = { examples: store.examples('train'), store: store.digest, attention };
  return { config, result: trainPixelGan({ ...loop, data: own, config }) };
}

async function drawn(model: DrawingModel, { rare, count, seed }: TrainingWork): Promise<Made> {
  const pixels = await randomPixels(model, { spaceGroups: rare, count, seed });
  return {
    images: Uint8Array.from(Buffer.concat(pixels)),
    labels: rare.flatMap((spaceGroup) => Array<number>(count).fill(spaceGroup)),
  };
}

/** Trains a generator and draws from it, and from what it was before its first step. */
export async function trainAndDraw(
  generator: GeneratorKind,
  work: TrainingWork,
): Promise<{ facts: TrainingFacts; made: Made; untrained: Made }> {
  const start = performance.now();
  const { config, result } = trained(generator, work);
  const { model, untrained, history, steps, setbacks }: Trained<DrawingModel> = await result;
  const seconds = (performance.now() - start) / 1000;
  const health = history.flatMap((row) => row.health ?? []);
  const [made, before] = [await drawn(model, work), await drawn(untrained, work)];
  for (const one of [model, untrained]) one.dispose();
  return {
    facts: { generator, steps, seconds, config, health, setbacks },
    made,
    untrained: before,
  };
}
