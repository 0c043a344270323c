import type { Generator, SampleRequest } from '../../../gan/generator.ts';
import { type DrawnSample, drawnArchive } from '../../../synthetic/archive/from-generator.ts';
import { passportOf } from '../../../synthetic/archive/passport.ts';
import { ClassTables } from '../../codec/class-tables.ts';
import type { EncodedSet, EncodedTriplet } from '../../codec/encode.ts';
import { drawPool } from '../../codec/samplers.ts';
import { inputError } from '../../common/errors.ts';
import { Stream } from '../../common/stream.ts';
import { splitTriplets } from '../../dataset/intensity/transform.ts';
import type { PoolWork, SampleRecipe } from './pool.ts';

/** Latent vectors are others than those of the GAN's other samples. */
const LATENT_SEEDS = 60_000;

/**
 * Random samples of the GAN as members of their classes, along the zone axes of their class.
 *
 * @throws input error where the generator knows no discs.
 */
async function drawnMembers(
  { store }: PoolWork,
  generator: Generator,
  request: SampleRequest,
): Promise<EncodedTriplet[]> {
  const { samples } = await generator.sample(request);
  const described = generator.describe(samples.map(({ source }) => source));
  if (!described) {
    throw inputError(
      `a ${generator.kind} generator has no discs that could be transferred`,
      'leave the pool gan-transfer out of the study, or train a codec GAN',
    );
  }
  return described.map(({ cell, discs: own }, i) => {
    const { label } = samples[i]!;
    return {
      label,
      spaceGroup: store.classes[label]!,
      material: `drawn ${i}`,
      cell,
      zones: own.map(({ geometry }) => geometry.zone) as unknown as EncodedTriplet['zones'],
      inPlane: null,
      spacings: null,
      discs: own,
    };
  });
}

/** The set with the GAN's samples in the place of the real members of their classes. */
function withDrawn(set: EncodedSet, drawn: readonly EncodedTriplet[]): EncodedSet {
  const classes = new Set(drawn.map(({ label }) => label));
  const { examples: _, ...rest } = set;
  return {
    ...rest,
    triplets: [...set.triplets.filter(({ label }) => !classes.has(label)), ...drawn],
  };
}

/**
 * Random samples of the GAN, each set on a lattice of its lattice system (of a training material of
 * a common class, or of another sample) and played with as the sampler `lattice-transfer` does:
 * intensities from the GAN, cells from all that the system shows.
 */
export function transferRecipe(work: PoolWork, generator: Generator): SampleRecipe<DrawnSample> {
  const { store, discs, cell, progress } = work;
  return {
    rounds: 2,
    async make(wanted, round) {
      const stream = new Stream(cell.gan, `pool/gan-transfer/${round}`);
      const drawn = await drawnMembers(work, generator, {
        wanted,
        seed: cell.gan + LATENT_SEEDS * (round + 1),
      });
      const tables = new ClassTables(withDrawn(discs(), drawn));
      const counts = store.classes.map((spaceGroup) => wanted.get(spaceGroup) ?? 0);
      const request = { sampler: 'lattice-transfer', counts, stream } as const;
      const { images, draws } = await drawPool(tables, request, progress);
      const pixels = splitTriplets(images, images.length / draws.length);
      const real = new Set(store.examples('train').materials);
      return draws.map(({ label, sources }, i) => ({
        pixels: pixels[i]!,
        passport: passportOf(store.classes[label]!, {
          parents: sources.map((row) => tables.triplet(row).material).filter((m) => real.has(m)),
        }),
      }));
    },
    archive: (made) =>
      drawnArchive({ model: generator, store, guide: null, scaled: true, scores: null }, made),
  };
}
