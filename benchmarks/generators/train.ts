import type { CommonSettings, Generator } from '../../gan/generator.ts';
import { type GeneratorName, generatorKind } from '../../gan/kinds.ts';
import type { Trained } from '../../gan/training/loop.ts';
import type { Health, Setback } from '../../gan/training/watchdog.ts';
import type { EncodedSet } from '../../src/codec/encode.ts';
import { terminalProgress } from '../../src/common/progress.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { kid } from '../../synthetic/metrics/kid.ts';
import { randomStack } from '../../synthetic/sampling/random.ts';

/** Triplets of one source, as many of every rare class. */
export interface Made {
  images: Uint8Array;
  /** Space group of each. */
  labels: number[];
}

/** One training and what the watchdog saw of it. */
export interface TrainingFacts {
  generator: GeneratorName;
  /** Updates done, and seconds that they took with the looks. */
  steps: number;
  seconds: number;
  config: Record<string, unknown>;
  health: Health[];
  setbacks: readonly Setback[];
}

export interface TrainingWork {
  store: Store;
  /** The training triplets as discs. */
  discs: () => EncodedSet;
  /** Space groups that get most attention, and of which samples are drawn. */
  rare: readonly number[];
  seed: number;
  /** Samples of each rare class. */
  count: number;
  /** Updates at most; absent: each generator's own number. */
  steps?: number;
  /** Minutes of training at most: with them, steps only bound it where they are given. */
  minutes?: number;
  /** Settings that differ from the generator's defaults. */
  settings?: Readonly<Record<string, string>>;
}

/** More than any budget of minutes allows. */
const ENDLESS = 10_000_000;

async function trained(generator: GeneratorName, work: TrainingWork) {
  const { store, discs, rare, seed, minutes } = work;
  const attention = new Set(rare.map((spaceGroup) => store.classes.indexOf(spaceGroup)));
  const steps = work.steps ?? (minutes === undefined ? undefined : ENDLESS);
  const kind = await generatorKind(generator);
  const given = { ...work.settings, steps, seed };
  const config = kind.settings('cpu').parse(given) as unknown as CommonSettings;
  const result: Trained<Generator> = await kind.train({
    store,
    config,
    attention,
    discs,
    watch: kid,
    minutes,
    progress: terminalProgress,
  });
  return { config: { ...config }, result };
}

async function drawn(model: Generator, { rare, count, seed }: TrainingWork): Promise<Made> {
  return {
    images: await randomStack(model, { spaceGroups: rare, count, seed }),
    labels: rare.flatMap((spaceGroup) => Array<number>(count).fill(spaceGroup)),
  };
}

/** Trains a generator and draws from it, and from what it was before its first step. */
export async function trainAndDraw(
  generator: GeneratorName,
  work: TrainingWork,
): Promise<{ facts: TrainingFacts; made: Made; untrained: Made }> {
  const start = performance.now();
  const { config, result } = await trained(generator, work);
  const { model, untrained, history, steps, setbacks } = result;
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
