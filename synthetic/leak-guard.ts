import { isRemembered, remember } from '../src/common/checked-digests.ts';
import { digestOf } from '../src/common/digest.ts';
import { inputError } from '../src/common/errors.ts';
import { NEAR_DUPLICATE, nearDuplicates, type TripletSet } from '../src/dataset/near-duplicates.ts';
import { SPLITS, type Split } from '../src/dataset/split.ts';
import type { Store } from '../src/dataset/store/store.ts';
import type { SyntheticArchive } from './archive/archive.ts';
import { type ArchiveOrigin, type MaterialRecord, originFault } from './archive/passport.ts';
import { pooled } from './metrics/feature-spaces.ts';
import { nearestRows } from './metrics/neighbours.ts';

const checked: unique symbol = Symbol('checked against');

/**
 * An archive that was checked against the store it is to be mixed with: nothing behind it saw a
 * validation or test material. Only `refuseLeaks` makes one, and mixing takes nothing else.
 */
export interface CleanArchive extends SyntheticArchive {
  readonly origin: ArchiveOrigin;
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

function checkSeen(who: string, seen: MaterialRecord, parts: Map<string, Split>): void {
  if (digestOf(seen.materials) !== seen.materialsDigest) {
    throw inputError(`the list of materials that ${who} saw was changed`, MEND);
  }
  if (seen.materials.length === 0) throw inputError(`${who} does not say what it saw`, MEND);
  checkMaterials(who, seen.materials, parts);
}

function checkPassports(archive: SyntheticArchive, parts: Map<string, Split>): void {
  const { origin, passports, path } = archive;
  passports?.forEach(({ parents, partner, nearest: near }, row) => {
    checkMaterials(`${path}: the maker of sample ${row}`, parents, parts);
    if (near) checkMaterials(`${path}: the score of sample ${row}`, [near.material], parts);
    if (partner !== null && !origin?.guide) {
      throw inputError(
        `${path}: sample ${row} lies at a boundary with ${partner}, but no guide is named`,
        MEND,
      );
    }
  });
}

/** Difference in grey levels (root mean square, patterns averaged to 16 x 16) of a plain copy. */
const COPY = 0.5;

type HeldOutPart = 'validation' | 'test';

/** A sample that is the pattern of a held-out material. */
export interface HeldOutCopy {
  row: number;
  material: string;
  part: HeldOutPart;
}

/** Rows that are held-out patterns as they are, and no training pattern to the same degree. */
function plainCopies(made: TripletSet, store: Store): HeldOutCopy[] {
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

/** A changed copy is at least so many times nearer to its original than to any training pattern. */
const CLEARLY = 6;

/** Some rows of a set. */
const rowsOf = (set: TripletSet, rows: readonly number[]): TripletSet => ({
  count: rows.length,
  size: set.size,
  images: (indices) => set.images(Array.from(indices, (i) => rows[i]!)),
});

/**
 * Rows that are held-out patterns after a shift, a turn, a change of intensity, noise or an exchange
 * of zones. Rows that are nearly as near to a training pattern are none: materials of one structure
 * stand on both sides of a split, and what a generator learned from one resembles the others.
 */
function changedCopies(made: TripletSet, store: Store): HeldOutCopy[] {
  const held = (['validation', 'test'] as const).flatMap((part) =>
    Array.from(store.indices(part), (row) => ({ row, part })),
  );
  const both: TripletSet = {
    count: held.length,
    size: store.size,
    images: (indices) => store.images(Array.from(indices, (i) => held[i]!.row)),
  };
  const found = nearDuplicates(made, both).map(({ row, other, distance }) => ({
    row,
    material: store.materials[store.rows.material[held[other]!.row]!]!,
    part: held[other]!.part,
    distance,
  }));
  const rows = [...new Set(found.map(({ row }) => row))];
  const suspects = rowsOf(made, rows);
  const toTrain = new Map<number, number>();
  const options = { limit: Number.POSITIVE_INFINITY };
  for (const { row, distance } of nearDuplicates(suspects, store.examples('train'), options)) {
    const at = rows[row]!;
    toTrain.set(at, Math.min(distance, toTrain.get(at) ?? distance));
  }
  return found
    .filter(({ row, distance }) => {
      const nearest = toTrain.get(row) ?? 1;
      return nearest > NEAR_DUPLICATE && nearest > CLEARLY * distance;
    })
    .map(({ row, material, part }) => ({ row, material, part }));
}

/**
 * Digests of triplets that this process found to be no copy, by store and split: pools are compared
 * while they are made and again when they are mixed, and a thousand triplets take ten seconds.
 */
const foundClean = new Map<string, Set<string>>();

/**
 * Samples that are a held-out pattern, plainly or changed (`tripletDistance`), each named once:
 * leaks, or new crystals that by chance are one of the held-out materials.
 */
export function heldOutCopies(made: TripletSet, store: Store): HeldOutCopy[] {
  const division = digestOf([store.digest, splitDigest(store)]);
  const clean = foundClean.get(division) ?? new Set();
  foundClean.set(division, clean);
  const digests = Array.from({ length: made.count }, (_, row) => digestOf(made.images([row])));
  const rows = [...digests.keys()].filter((row) => !clean.has(digests[row]!));
  if (rows.length === 0) return [];
  const unknown = rowsOf(made, rows);
  const copies = new Map<number, HeldOutCopy>();
  for (const copy of [...plainCopies(unknown, store), ...changedCopies(unknown, store)]) {
    if (!copies.has(copy.row)) copies.set(copy.row, copy);
  }
  rows.forEach((row, at) => {
    if (!copies.has(at)) clean.add(digests[row]!);
  });
  return [...copies.values()]
    .sort((a, b) => a.row - b.row)
    .map((copy) => ({ ...copy, row: rows[copy.row]! }));
}

/** Pixels are compared once for the content of an archive and a division of a store: it takes seconds. */
function checkPixels(archive: SyntheticArchive, store: Store): void {
  const facts = { archive: archive.digest, store: store.digest, split: splitDigest(store) };
  const name = digestOf(facts);
  if (isRemembered('archives', name, facts)) return;
  const [copy] = heldOutCopies(archive, store);
  if (!copy) {
    remember('archives', name, facts);
    return;
  }
  const { row, material, part } = copy;
  throw inputError(
    `${archive.path}: sample ${row} is a copy of ${material}, a ${part} material of this store`,
    MEND,
  );
}

/** @throws input error where an archive was drawn for another camera than that of the store. */
function checkCamera({ path, camera }: SyntheticArchive, store: Store): void {
  const { pixel, centre } = store.camera;
  const same =
    camera &&
    Math.abs(camera.pixel - pixel) <= 1e-6 * pixel &&
    Math.abs(camera.centre - centre) <= 1e-3;
  if (same) return;
  throw inputError(
    `${path} was drawn for another camera (${camera?.pixel} 1/angstrom a pixel, the store has ${pixel})`,
    MEND,
  );
}

/**
 * Checks that nothing behind an archive saw a validation or test material of a store: generator,
 * guide, verifiers and scalers (by the materials they list), the makers of single samples, and the
 * pixels themselves. It finds mistakes: a wrong store, a GAN of another split, a file changed
 * since. Nobody's word is proved by it: who writes a list of materials and its digests anew can
 * say what they like.
 *
 * @throws input error that names the material and who saw it.
 * @example
 * const clean = refuseLeaks(await openArchive('scored.h5'), store); // throws where a maker saw test materials
 * @category Archives and mixing
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
  const fault = originFault(origin);
  if (fault) throw inputError(`${archive.path}: ${fault}`, MEND);
  checkCamera(archive, store);
  const parts = materialParts(store);
  const makers: [string, MaterialRecord | null][] = [
    ['GAN', origin.gan],
    ['guide', origin.guide],
    ...origin.verifiers.map((verifier): [string, MaterialRecord] => ['verifier', verifier]),
    ['scalers', origin.scalers],
  ];
  for (const [who, seen] of makers) {
    if (seen) checkSeen(`${archive.path}: the ${who}`, seen, parts);
  }
  checkPassports(archive, parts);
  checkPixels(archive, store);
  return { ...archive, origin, [checked]: store };
}
