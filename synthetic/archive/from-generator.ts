import type { Generator, GeneratorSample, ParameterRow } from '../../gan/generator.ts';
import type { Lineage } from '../../gan/lineage.ts';
import { inputError } from '../../src/common/errors.ts';
import { joinTriplets } from '../../src/dataset/intensity/transform.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { splitDigest } from '../leak-guard.ts';
import type { ArchiveContents, Parameters, SyntheticArchive } from './archive.ts';
import { type MaterialRecord, type Passport, recordMaterials } from './passport.ts';

/** A triplet drawn by a generator on its way into an archive. */
export interface DrawnSample {
  /** (S, S, 3) stored pixels. */
  pixels: Uint8Array;
  passport: Passport;
}

/** A sample of a generator with its passport. */
export interface GanSample {
  sample: GeneratorSample;
  passport: Passport;
}

/** Who drew the samples of an archive, and what else they depend on. */
export interface DrawnBy {
  model: { digest: string; lineage: Lineage };
  /** The store that the generator learned from, at the size of the samples. */
  store: Store;
  guide: MaterialRecord | null;
  /** Classifiers of other seeds that had a say in the search. */
  verifiers?: readonly MaterialRecord[];
  /** Whether what the generator measures by was fitted on its training triplets. */
  scaled: boolean;
  /** What the discriminator says of each sample; null where there is none. */
  scores: Float32Array | null;
  /** What each sample was drawn from; absent where that is not all that it depends on. */
  parameters?: Parameters;
  /** The crystal of each sample as CIF text; null or absent where there is none. */
  cifs?: readonly (string | null)[];
}

/**
 * The contents of an archive of drawn samples, with what the discriminator says of each and their
 * origin for the leak guard.
 */
function drawnArchive(by: DrawnBy, samples: readonly DrawnSample[]): ArchiveContents {
  const { model, store, guide, verifiers, scaled, scores, parameters, cifs } = by;
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
      verifiers: [...(verifiers ?? [])],
      scalers: scaled ? gan : null,
    },
    ...(parameters && { parameters }),
    ...(cifs?.some((cif) => cif !== null) && { cifs }),
  };
}

/** The contents of an archive of samples of a trained generator of any kind. */
export function generatorArchive(
  by: { generator: Generator } & Pick<DrawnBy, 'store' | 'guide' | 'verifiers'>,
  made: readonly GanSample[],
): ArchiveContents {
  const { generator, store, guide, verifiers } = by;
  const samples = made.map(({ sample }) => sample);
  return drawnArchive(
    {
      model: generator,
      store,
      guide,
      verifiers,
      scaled: generator.scaled,
      scores: generator.scores(samples),
      parameters: generator.parameters(samples),
      cifs: samples.map(({ cif }) => cif),
    },
    made.map(({ sample, passport }) => ({ pixels: sample.pixels, passport })),
  );
}

interface Part {
  name: string;
  from: number;
  to: number;
}

/**
 * What row `row` of an archive was drawn from, as its generator reads it.
 *
 * @throws input error where there is no such row, the archive does not say how its samples were
 * drawn, or another generator than that of `digest` made it.
 */
export function parameterRow(
  { parameters, passports, origin, path, count }: SyntheticArchive,
  row: number,
  digest: string,
): ParameterRow {
  if (!(Number.isInteger(row) && row >= 0 && row < count)) {
    throw inputError(`${path} has rows 0 to ${count - 1}, not ${row}`);
  }
  const layout = parameters?.layout as { parts?: Part[] } | undefined;
  if (!parameters || !passports || !layout?.parts) {
    throw inputError(`${path} does not say how its samples were drawn`);
  }
  if (origin?.gan.digest !== digest) {
    throw inputError(`${path} was made by another generator`, 'name its run with --gan');
  }
  const { width } = parameters;
  const values = parameters.values.slice(row * width, (row + 1) * width);
  const { class: spaceGroup, partner, t } = passports[row]!;
  const find = (name: string): Part | undefined => layout.parts!.find((one) => one.name === name);
  return {
    spaceGroup,
    partner,
    position: t,
    has: (name) => find(name) !== undefined,
    part(name) {
      const found = find(name);
      if (!found) throw inputError(`${path}: a parameter row has no '${name}'`);
      return values.slice(found.from, found.to);
    },
  };
}
