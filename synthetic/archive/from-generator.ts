import type { Lineage } from '../../gan/lineage.ts';
import { joinTriplets } from '../../src/dataset/intensity/transform.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { splitDigest } from '../leak-guard.ts';
import type { ArchiveContents, Parameters } from './archive.ts';
import { type Origin, type Passport, recordMaterials } from './passport.ts';

/** A triplet drawn by a generator on its way into an archive. */
export interface DrawnSample {
  /** (S, S, 3) stored pixels. */
  pixels: Uint8Array;
  passport: Passport;
}

/** Who drew the samples of an archive, and what else they depend on. */
export interface DrawnBy {
  model: { digest: string; lineage: Lineage };
  /** The store that the generator learned from, at the size of the samples. */
  store: Store;
  guide: Origin['guide'];
  /** Whether what the generator measures by was fitted on its training triplets. */
  scaled: boolean;
  /** What the discriminator says of each sample; null where there is none. */
  scores: Float32Array | null;
  /** What each sample was drawn from; absent where that is not all that it depends on. */
  parameters?: Parameters;
}

/**
 * The contents of an archive of drawn samples, with what the discriminator says of each and their
 * origin for the leak guard.
 */
export function drawnArchive(by: DrawnBy, samples: readonly DrawnSample[]): ArchiveContents {
  const { model, store, guide, scaled, scores, parameters } = by;
  const gan = recordMaterials(model.digest, model.lineage.materials);
  return {
    size: store.size,
    images: joinTriplets(samples.map(({ pixels }) => pixels)),
    labels: samples.map(({ passport }) => passport.class),
    classes: store.classes,
    camera: store.camera,
    passports: samples.map(({ passport }, i) => ({
      ...passport,
      discriminator: scores?.[i] ?? null,
    })),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan,
      guide,
      scalers: scaled ? gan : null,
    },
    ...(parameters && { parameters }),
  };
}
