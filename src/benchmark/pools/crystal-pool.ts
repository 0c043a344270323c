import { writeArchive } from '../../../synthetic/archive/archive.ts';
import {
  type Passport,
  passportOf,
  recordMaterials,
  type Seen,
} from '../../../synthetic/archive/passport.ts';
import { heldOutCopies, splitDigest } from '../../../synthetic/leak-guard.ts';
import { likeliestPairs } from '../../../synthetic/sampling/pairs.ts';
import { writeJson } from '../../common/files.ts';
import { tally } from '../../common/group.ts';
import { Stream } from '../../common/stream.ts';
import type { Crystal } from '../../crystal/crystal.ts';
import { generateCrystal } from '../../crystal/generate.ts';
import { toPixels } from '../../dataset/intensity/transform.ts';
import { joinTriplets } from '../../dataset/intensity/triplet-stack.ts';
import { simulationSchema } from '../../simulate/options.ts';
import { simulateTriplets } from '../../simulate/triplets.ts';
import { type Led, leadToBoundaries, summaryOf } from './crystal-search.ts';
import { makerClassifier } from './makers.ts';
import { missingRows, type PoolWork, rarest } from './pool.ts';

/** Simulated triplets by crystal, in stored pixels; crystals that give none are missing. */
export async function pixelsOfCrystals(
  crystals: readonly Crystal[],
  { store, progress }: Pick<PoolWork, 'store' | 'progress'>,
): Promise<Map<Crystal, Uint8Array>> {
  const byId = new Map(crystals.map((crystal) => [crystal.id, crystal]));
  const pixels = new Map<Crystal, Uint8Array>();
  const options = simulationSchema.parse({ size: store.size });
  for await (const outcome of simulateTriplets(crystals, options, progress)) {
    if (!('ok' in outcome)) continue;
    pixels.set(byId.get(outcome.ok.material)!, toPixels(outcome.ok.stack, store.size));
  }
  return pixels;
}

/** New crystals of the classes that lack rows. */
function crystalsFor({ store, pool, cell }: PoolWork): Crystal[] {
  const stream = new Stream(cell.gan, 'pool/crystals');
  const missing = missingRows(store.examples('train'), pool.fillTo);
  return [...missing].flatMap((count, label) =>
    Array.from({ length: count }, (_, i) => {
      const spaceGroup = store.classes[label]!;
      const id = `pool:${cell.gan}-${spaceGroup}-${i}`;
      return generateCrystal({ spaceGroup, stream: stream.split(`${spaceGroup}/${i}`), id });
    }),
  );
}

/** A triplet of the pool. */
interface Made {
  pixels: Uint8Array;
  passport: Passport;
}

/** Without crystals that by chance are a held-out one: they would show the test to the training. */
function newOnes({ store }: PoolWork, made: readonly Made[]): Made[] {
  const images = (rows: ArrayLike<number>) =>
    joinTriplets(Array.from(rows, (row) => made[row]!.pixels));
  const stack = { count: made.length, size: store.size, images };
  const copies = new Set(heldOutCopies(stack, store).map(({ row }) => row));
  return made.filter((_, row) => !copies.has(row));
}

async function writePool(work: PoolWork, all: readonly Made[], guide: Seen | null) {
  const { store, file } = work;
  const made = newOnes(work, all);
  await writeArchive(file, {
    size: store.size,
    images: joinTriplets(made.map(({ pixels }) => pixels)),
    labels: made.map(({ passport }) => passport.class),
    classes: store.classes,
    camera: store.camera,
    passports: made.map(({ passport }) => passport),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan: recordMaterials('generated crystals', store.examples('train').materials),
      guide,
      scalers: null,
    },
  });
}

const plainly = (pixels: ReadonlyMap<Crystal, Uint8Array>): Made[] =>
  [...pixels].map(([{ spaceGroup }, image]) => ({
    pixels: image,
    passport: passportOf(spaceGroup, { accepted: true }),
  }));

const ledThere = (led: readonly Led[]): Made[] =>
  led.map(({ crystal, pixels, partner, view }) => ({
    pixels,
    passport: passportOf(crystal.spaceGroup, { accepted: true, partner, margin: view.margin }),
  }));

/** Crystals of the rarest classes, led to where the guide hesitates; the others as they are. */
async function nearBoundaries(work: PoolWork, crystals: readonly Crystal[]): Promise<void> {
  const { folder, store, pool, cell, file } = work;
  const guide = await makerClassifier(work, 'guide');
  try {
    const counts = tally(crystals.map(({ spaceGroup }) => spaceGroup));
    const { partners, epsilon } = pool;
    const pairs = likeliestPairs(
      { guide, store, partners },
      rarest(counts, folder.study.boundaryClasses),
    );
    const led = await leadToBoundaries({
      ...{ crystals, pairs, epsilon, classes: store.classes, size: store.size },
      guide: (images) => guide.logitsOf(images),
      draw: (some) => pixelsOfCrystals(some, work),
      stream: new Stream(cell.gan, 'pool/crystals at boundaries'),
    });
    writeJson(file.replace(/\.h5$/, '.search.json'), summaryOf(led, epsilon));
    const searched = new Set(pairs.map(({ spaceGroup }) => spaceGroup));
    const rest = crystals.filter(({ spaceGroup }) => !searched.has(spaceGroup));
    const others = plainly(await pixelsOfCrystals(rest, work));
    const seen = recordMaterials(guide.digest, guide.seen.materials);
    await writePool(work, [...ledThere(led), ...others], seen);
  } finally {
    guide.dispose();
  }
}

/**
 * New crystals of the rare groups, simulated like the data: the physical reference that a
 * generator of pictures is measured against. They are new materials, so they saw nothing; the
 * archive says the training materials, which chose how many are made. Where boundaries are asked
 * for, cells and free coordinates are moved until the guide hesitates: labels stay right by
 * construction.
 */
export async function crystalPool(work: PoolWork): Promise<void> {
  const crystals = crystalsFor(work);
  if (work.pool.source === 'crystals-boundary') return nearBoundaries(work, crystals);
  await writePool(work, plainly(await pixelsOfCrystals(crystals, work)), null);
}
