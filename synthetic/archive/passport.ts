import { digestOf } from '../../src/common/digest.ts';

/**
 * The passport of one synthetic triplet: how it was made and what was found about it.
 * `null` means not known or not measured.
 */
export interface Passport {
  /** Space group that it was made for. */
  class: number;
  /** Space group on the other side of the boundary, the sample's own; null where none was sought. */
  partner: number | null;
  /** Position between the class embeddings: 0 the class, 1 the one that its path leads to. */
  t: number | null;
  /** log p(class) - log p(partner) of the guide. */
  margin: number | null;
  /** Seed of the latent vector. */
  seed: number | null;
  /** Real materials that it was derived from (interpolation, transfer); empty where none. */
  parents: string[];
  /** Probability of the partner in the soft label, 0 to 0.5; null for a hard label. */
  share: number | null;
  /** What the GAN's discriminator says of the codec vector under the class: higher is more real. */
  discriminator: number | null;
  /** Realism against the real training triplets of its class (Kynkaanniemi et al. 2019). */
  realism: number | null;
  /** Rarity (Han et al. 2023); null where it lies outside every real sphere. */
  rarity: number | null;
  /** Nearest real training triplet in the feature space of the scores. */
  nearest: { material: string; distance: number } | null;
  /** Whether it may be mixed into training data; null until it has been scored. */
  accepted: boolean | null;
  /** Why it was rejected; empty for accepted ones. */
  reasons: string[];
}

/** A passport with nothing known but the class; `facts` fills what is. */
export const passportOf = (spaceGroup: number, facts: Partial<Passport> = {}): Passport => ({
  partner: null,
  t: null,
  margin: null,
  seed: null,
  parents: [],
  share: null,
  discriminator: null,
  realism: null,
  rarity: null,
  nearest: null,
  accepted: null,
  reasons: [],
  ...facts,
  class: spaceGroup,
});

/** What a fitted thing (network, scaler) learned from. */
export interface Seen {
  /** Digest of the fitted parameters. */
  digest: string;
  /** Materials of all examples that it saw, sorted, each once. */
  materials: string[];
  /** Digest of `materials`, so that a shortened list is noticed. */
  materialsDigest: string;
}

/** Records what a fitted thing saw. */
export function recordMaterials(digest: string, materials: Iterable<string>): Seen {
  const sorted = [...new Set(materials)].sort();
  return { digest, materials: sorted, materialsDigest: digestOf(sorted) };
}

/** Where an archive comes from: the digests that the leak guard checks. */
export interface Origin {
  /** Digest of the prepared store that the generator learned from. */
  store: string;
  /** Digest of the split of that store: which material stands in which part. */
  split: string;
  /** The generator. */
  gan: Seen;
  /** The classifier that guided the boundary search; null where there was none. */
  guide: Seen | null;
  /** Means, scales and principal axes that the generator works with; null where there are none. */
  scalers: Seen | null;
}
