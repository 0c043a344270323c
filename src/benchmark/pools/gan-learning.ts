import { loadGenerator } from '../../../gan/kinds.ts';
import {
  convolutionSpace,
  fitScaler,
  physicsSpace,
  type Space,
  standardised,
} from '../../../synthetic/metrics/feature-spaces.ts';
import { LEAST_FOR_KID } from '../../../synthetic/metrics/generator-quality.ts';
import { kidAboutMean } from '../../../synthetic/metrics/kid.ts';
import { randomStack } from '../../../synthetic/sampling/random.ts';
import { Stream } from '../../common/stream.ts';
import type { Store } from '../../dataset/store/store.ts';
import type { StudyGan } from './shown-gan.ts';

/** KID of generated and of untrained samples of the rare classes against real training ones. */
export interface Learned {
  space: string;
  trained: number;
  untrained: number;
}

/** Triplets drawn of each class. */
const EACH = 8;
/** Real triplets that are looked at, at most. */
const REAL = 800;

interface Triplets {
  pixels: Uint8Array;
  count: number;
}

function realOf(store: Store, labels: ReadonlySet<number>, stream: Stream): Triplets {
  const train = store.examples('train');
  const all = [...train.labels.keys()].filter((row) => labels.has(train.labels[row]!));
  const rows = all.length > REAL ? stream.shuffled(all).slice(0, REAL) : all;
  return { pixels: train.images(rows), count: rows.length };
}

async function drawnBy(path: string, spaceGroups: readonly number[], seed: number) {
  const model = await loadGenerator(path);
  try {
    const pixels = await randomStack(model, { spaceGroups, count: EACH, seed });
    return { pixels, count: EACH * spaceGroups.length };
  } finally {
    model.dispose();
  }
}

/**
 * Whether a GAN learned: some rare classes against those of the generator before training. Empty
 * where there are too few real triplets to say.
 */
export async function whatItLearned(
  gan: StudyGan,
  store: Store,
  options: { spaceGroups: readonly number[]; seed: number },
): Promise<Learned[]> {
  const { spaceGroups, seed } = options;
  const stream = new Stream(seed, 'kid of rare classes');
  const { size } = store;
  const centre = store.camera.centre;
  const centred = (triplets: Triplets) => ({ ...triplets, size, centre });
  const labels = new Set(spaceGroups.map((group) => store.classes.indexOf(group)));
  const real = centred(realOf(store, labels, stream));
  if (real.count < LEAST_FOR_KID) return [];
  const convolutions = convolutionSpace(stream.split('space'));
  const scaler = fitScaler(convolutions.embed(real));
  const spaces: Space[] = [
    {
      name: convolutions.name,
      embed: (triplets) => standardised(convolutions.embed(triplets), scaler),
    },
    physicsSpace(real),
  ];
  const draw = async (name: string) =>
    centred(await drawnBy(gan.maker('gan', `${name}.safetensors`), spaceGroups, seed));
  const trained = await draw('model');
  const untrained = await draw('untrained');
  return spaces.map((space) => {
    const features = space.embed(real);
    return {
      space: space.name,
      trained: kidAboutMean(features, space.embed(trained)),
      untrained: kidAboutMean(features, space.embed(untrained)),
    };
  });
}
