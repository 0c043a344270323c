import type { Generator } from '../../gan/generator.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { randomStack } from '../sampling/random.ts';
import { convolutionSpace, fitScaler, standardised } from './feature-spaces.ts';
import { type Features, pickRows } from './features.ts';
import { kid } from './kid.ts';

/** KID of a generator's samples against real training triplets of the same classes. */
export interface Quality {
  /** Null with fewer than ten real triplets: their scale is then mostly chance. */
  trained: number | null;
  /** The same generator before its first step. */
  untrained: number | null;
  /** Two halves of the real triplets against each other. */
  floor: number | null;
  /** Real and generated triplets compared. */
  real: number;
  generated: number;
}

/** Real triplets that a KID needs. */
export const LEAST_FOR_KID = 10;
/**
 * Generated triplets in all, spread over the classes: at most so many, and at most so many for each real one,
 * as more of them than that hardly narrow a KID whose real triplets are few.
 */
const GENERATED = 256;
const GENERATED_EACH = 4;
/** Real triplets at most. */
const REAL = 512;

const embedder = () => {
  const space = convolutionSpace(new Stream(0, 'gan quality'));
  return (pixels: Uint8Array, size: number): Features =>
    space.embed({ pixels, count: pixels.length / (3 * size * size), size, centre: (size - 1) / 2 });
};

/**
 * Whether a generator has learned its classes: KID in the space of seeded random convolutions,
 * standardised on the real triplets, beside the untrained generator and the real-against-real floor.
 */
export async function generatorQuality(
  store: Store,
  classes: readonly number[],
  models: { model: Generator; untrained: Generator },
  progress: ProgressFactory = silentProgress,
): Promise<Quality> {
  const stream = new Stream(0, 'gan quality rows');
  const train = store.examples('train');
  const wanted = new Set(classes.map((spaceGroup) => store.classes.indexOf(spaceGroup)));
  const rows = stream
    .shuffled([...train.labels.keys()].filter((row) => wanted.has(train.labels[row]!)))
    .slice(0, REAL);
  const wantedInAll = Math.min(GENERATED, GENERATED_EACH * rows.length);
  const count = Math.max(2, Math.ceil(wantedInAll / classes.length));
  const generated = count * classes.length;
  if (rows.length < LEAST_FOR_KID) {
    return { trained: null, untrained: null, floor: null, real: rows.length, generated };
  }
  const embed = embedder();
  const raw = embed(train.images(rows), store.size);
  const scaler = fitScaler(raw);
  const real = standardised(raw, scaler);
  const request = { spaceGroups: classes, count, seed: 0 };
  const kidOf = async (model: Generator, whose: string): Promise<number> => {
    // A crystal GAN simulates all of them, which can take longer than its training.
    const told: ProgressFactory = (stage, total) => progress(`KID ${whose}: ${stage}`, total);
    const drawn = await randomStack(model, { ...request, progress: told });
    return kid(real, standardised(embed(drawn, store.size), scaler));
  };
  const half = Math.floor(real.count / 2);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  return {
    trained: await kidOf(models.model, 'of the GAN'),
    untrained: await kidOf(models.untrained, 'before training'),
    floor: kid(pickRows(real, range(0, half)), pickRows(real, range(half, real.count))),
    real: real.count,
    generated,
  };
}
