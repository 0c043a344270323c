import { z } from 'zod';
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
  /**
   * Position on its path: between the class embeddings of a codec GAN (0 the class, 1 the one that it leads
   * to), or the amplitude of a distorted crystal in angstrom.
   */
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
export interface MaterialRecord {
  /** Digest of the fitted parameters. */
  digest: string;
  /** Materials of all examples that it saw, sorted, each once. */
  materials: string[];
  /** Digest of `materials`, so that a shortened list is noticed. */
  materialsDigest: string;
}

/** Records what a fitted thing saw. */
export function recordMaterials(digest: string, materials: Iterable<string>): MaterialRecord {
  const sorted = [...new Set(materials)].sort();
  return { digest, materials: sorted, materialsDigest: digestOf(sorted) };
}

/** Where an archive comes from: the digests that the leak guard checks. */
export interface ArchiveOrigin {
  /** Digest of the prepared store that the generator learned from. */
  store: string;
  /** Digest of the split of that store: which material stands in which part. */
  split: string;
  /** The generator. */
  gan: MaterialRecord;
  /** The classifier that guided the boundary search; null where there was none. */
  guide: MaterialRecord | null;
  /** Classifiers of other seeds that had a say in which samples stay: in the search, in scoring. */
  verifiers: MaterialRecord[];
  /** Means, scales and principal axes that the generator works with; null where there are none. */
  scalers: MaterialRecord | null;
}

const spaceGroup = z.number().int().min(1).max(230);
const finite = z.number().nullable();
const recordSchema = z.strictObject({
  digest: z.string().min(1),
  materials: z.array(z.string().min(1)),
  materialsDigest: z.string().min(1),
});
const passportSchema = z.strictObject({
  class: spaceGroup,
  partner: spaceGroup.nullable(),
  t: finite,
  margin: finite,
  seed: finite,
  parents: z.array(z.string().min(1)),
  share: z.number().min(0).max(1).nullable(),
  discriminator: finite,
  realism: finite,
  rarity: finite,
  nearest: z.strictObject({ material: z.string(), distance: z.number() }).nullable(),
  accepted: z.boolean().nullable(),
  reasons: z.array(z.string()),
});
const originSchema = z.strictObject({
  store: z.string().min(1),
  split: z.string().min(1),
  gan: recordSchema,
  guide: recordSchema.nullable(),
  verifiers: z.array(recordSchema),
  scalers: recordSchema.nullable(),
});

/** The first thing that a value has wrong against a schema, in words; null where it fits. */
function faultIn(schema: z.ZodType, value: unknown): string | null {
  const result = schema.safeParse(value);
  if (result.success) return null;
  const { path, message } = result.error.issues[0]!;
  return `${path.join('.') || 'it'}: ${message}`;
}

/**
 * What is wrong with the passports of samples of these space groups, in words; null where nothing
 * is: types and ranges, and that each sample is of the class that its passport states.
 */
export function passportFault(passports: unknown, labels: ArrayLike<number>): string | null {
  if (!Array.isArray(passports)) return 'the passports are no list';
  if (passports.length !== labels.length) {
    return `${passports.length} passports for ${labels.length} samples`;
  }
  for (const [row, passport] of passports.entries()) {
    const fault = faultIn(passportSchema, passport);
    if (fault) return `the passport of sample ${row} is damaged (${fault})`;
    const stated = (passport as Passport).class;
    if (stated !== labels[row]) {
      return `the passport of sample ${row} states space group ${stated}, its label ${labels[row]}`;
    }
  }
  return null;
}

/** What is wrong with the origin of an archive, in words; null where nothing is. */
export function originFault(origin: unknown): string | null {
  const fault = faultIn(originSchema, origin);
  return fault && `its origin does not name the makers (${fault})`;
}
