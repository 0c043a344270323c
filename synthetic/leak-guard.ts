import { digestOf } from '../src/common/digest.ts';
import { inputError } from '../src/common/errors.ts';
import { SPLITS, type Split } from '../src/dataset/split.ts';
import type { Store } from '../src/dataset/store/store.ts';
import type { SyntheticArchive } from './archive/archive.ts';
import type { Origin, Seen } from './archive/passport.ts';
import { pooled } from './metrics/feature-spaces.ts';
import { nearestRows } from './metrics/neighbours.ts';

const checked: unique symbol = Symbol('checked against');

/**
 * An archive that was checked against the store it is to be mixed with: nothing behind it saw a
 * validation or test material. Only `refuseLeaks` makes one, and mixing takes nothing else.
 */
export interface CleanArchive extends SyntheticArchive {
  readonly origin: Origin;
  readonly [checked]: Store;
}

/** The store that an archive was checked against. */
export const storeOf = (archive: CleanArchive): Store => archive[checked];

const MEND = 'train the GAN again on this store: gan train, then gan sample';

/** Part of the store in which each material stands. */
export function materialParts(store: Store): Map<string, Split> {
  const parts = new Map<string, Split>();
  store.rows.material.forEach((material, row) => {
    parts.set(store.materials[material]!, SPLITS[store.rows.split[row]!]!);
  });
  return parts;
}

/** Digest of the split of a store: which material stands in which part. */
export const splitDigest = (store: Store): string =>
  digestOf([...materialParts(store)].sort(([a], [b]) => (a < b ? -1 : 1)));

function checkMaterials(
  who: string,
  materials: readonly string[],
  parts: Map<string, Split>,
): void {
  for (const material of materials) {
    const part = parts.get(material);
    if (part === 'train') continue;
    throw inputError(
      part
        ? `${who} saw ${material}, a ${part} material of this store`
        : `${who} saw ${material}, which this store does not know`,
      MEND,
    );
  }
}

function checkSeen(who: string, seen: Seen, parts: Map<string, Split>): void {
  if (digestOf(seen.materials) !== seen.materialsDigest) {
    throw inputError(`the list of materials that ${who} saw was changed`, MEND);
  }
  if (seen.materials.length === 0) throw inputError(`${who} does not say what it saw`, MEND);
  checkMaterials(who, seen.materials, parts);
}

function checkPassports(archive: SyntheticArchive, parts: Map<string, Split>): void {
  archive.passports?.forEach(({ parents, nearest: near }, row) => {
    checkMaterials(`${archive.path}: the maker of sample ${row}`, parents, parts);
    if (near) checkMaterials(`${archive.path}: the score of sample ${row}`, [near.material], parts);
  });
}

/** Difference in grey levels (root mean square, patterns averaged to 16 x 16) of a copy. */
const COPY = 0.5;

/** A sample that is the pattern of a held-out material. */
export interface HeldOutCopy {
  row: number;
  material: string;
  part: 'validation' | 'test';
}

/**
 * Samples that are a held-out pattern, and no training pattern to the same degree: leaks, or new
 * crystals that by chance are one of the held-out materials.
 */
export function heldOutCopies(
  made: Pick<SyntheticArchive, 'count' | 'size' | 'images'>,
  store: Store,
): HeldOutCopy[] {
  if (made.count === 0) return [];
  const rows = pooled(made);
  const toTrain = nearestRows(rows, pooled(store.examples('train')), { k: 1 });
  return (['validation', 'test'] as const).flatMap((part) => {
    const held = store.examples(part);
    if (held.count === 0) return [];
    const { squared, index } = nearestRows(rows, pooled(held), { k: 1 });
    return Array.from({ length: made.count }, (_, row) => ({
      row,
      material: held.materials[index[row]!]!,
      part,
    })).filter(({ row }) => squared[row]! <= COPY ** 2 && squared[row]! < toTrain.squared[row]!);
  });
}

function checkPixels(archive: SyntheticArchive, store: Store): void {
  const [copy] = heldOutCopies(archive, store);
  if (!copy) return;
  const { row, material, part } = copy;
  throw inputError(
    `${archive.path}: sample ${row} is a copy of ${material}, a ${part} material of this store`,
    MEND,
  );
}

/**
 * Checks that nothing behind an archive saw a validation or test material of a store: generator,
 * guide and scalers (by the materials they list), the makers of single samples, and the pixels
 * themselves. There is no way around it.
 *
 * @throws input error that names the material and who saw it.
 */
export function refuseLeaks(archive: SyntheticArchive, store: Store): CleanArchive {
  if (archive.size !== store.size) {
    throw inputError(
      `${archive.path} has patterns of ${archive.size} pixels a side, the store of ${store.size}`,
    );
  }
  const { origin } = archive;
  if (!origin) {
    throw inputError(
      `${archive.path} does not say what its generator saw`,
      'archives of other tools can be scored, but not mixed',
    );
  }
  const parts = materialParts(store);
  const makers = { GAN: origin.gan, guide: origin.guide, scalers: origin.scalers };
  for (const [who, seen] of Object.entries(makers)) {
    if (seen) checkSeen(`${archive.path}: the ${who}`, seen, parts);
  }
  checkPassports(archive, parts);
  checkPixels(archive, store);
  return { ...archive, origin, [checked]: store };
}
