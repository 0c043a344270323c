import { writeArchive } from '../../../synthetic/archive/archive.ts';
import { type Passport, passportOf, recordMaterials } from '../../../synthetic/archive/passport.ts';
import { heldOutCopies, splitDigest } from '../../../synthetic/leak-guard.ts';
import { digestOf } from '../../common/digest.ts';
import { writeJson } from '../../common/files.ts';
import type { Crystal } from '../../crystal/crystal.ts';
import { joinTriplets, toPixels } from '../../dataset/intensity/transform.ts';
import { simulationOf } from '../../dataset/store/simulation.ts';
import type { Store } from '../../dataset/store/store.ts';
import { simulateTriplets } from '../../simulate/triplets.ts';
import {
  type FreeCrystals,
  knownCrystals,
  newCrystals,
  type PoolCrystal,
} from './crystal-sources.ts';
import { besidePool, fillOne, type PoolWork, wantedOf } from './pool.ts';

/** Simulated triplets by crystal, in stored pixels; crystals that give none are missing. */
async function pixelsOfCrystals(
  crystals: readonly Crystal[],
  { store, progress }: Pick<PoolWork, 'store' | 'progress'>,
): Promise<Map<Crystal, Uint8Array>> {
  const byId = new Map(crystals.map((crystal) => [crystal.id, crystal]));
  const pixels = new Map<Crystal, Uint8Array>();
  for await (const outcome of simulateTriplets(crystals, simulationOf(store), progress)) {
    if (!('ok' in outcome)) continue;
    const { material, stack } = outcome.ok;
    pixels.set(byId.get(material)!, toPixels(stack, store.size));
  }
  return pixels;
}

/** A triplet of a pool with its passport. */
interface PoolTriplet {
  pixels: Uint8Array;
  passport: Passport;
}

/** What a pool cost: crystals proposed and simulated, and those refused by reason. */
interface PoolCost {
  proposed: number;
  simulated: number;
  refused: Record<string, number>;
  /** Triplets of each space group that were wanted, and those that came about. */
  wanted: Record<string, number>;
  filled: Record<string, number>;
}

/** Without triplets that by chance are a held-out one: they would show the test to the training. */
export function withoutHeldOut<T>(
  store: Store,
  made: readonly T[],
  pixelsOf: (one: T) => Uint8Array,
): T[] {
  const images = (rows: ArrayLike<number>) =>
    joinTriplets(Array.from(rows, (row) => pixelsOf(made[row]!)));
  const stack = { count: made.length, size: store.size, images };
  const copies = new Set(heldOutCopies(stack, store).map(({ row }) => row));
  return made.filter((_, row) => !copies.has(row));
}

async function writePool(work: PoolWork, made: readonly PoolTriplet[]) {
  const { store, file, pool, cell } = work;
  const maker = digestOf({ source: pool.source, seed: cell.gan });
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
      gan: recordMaterials(maker, store.examples('train').materials),
      guide: null,
      verifiers: [],
      scalers: null,
    },
  });
}

/** Rounds of proposals at most: what one leaves short the next one fills. */
const ROUNDS = 6;

/** A new crystal with its triplet. */
type DrawnCrystal = PoolCrystal & { pixels: Uint8Array };

/**
 * Crystals of a source, simulated with the store's own settings, until every class is filled or the
 * rounds are over. Crystals that no triplet came of count as refused.
 */
async function fillWithCrystals(work: PoolWork, source: FreeCrystals) {
  const { store, cell } = work;
  const known = knownCrystals(store);
  const wanted = wantedOf(work, 1);
  const cost: PoolCost = { proposed: 0, simulated: 0, refused: {}, wanted: {}, filled: {} };
  const refuse = (reason: string, count: number) => {
    if (count > 0) cost.refused[reason] = (cost.refused[reason] ?? 0) + count;
  };
  const drawn: DrawnCrystal[] = [];
  const lacking = new Map(wanted);
  for (let round = 0; round < ROUNDS && lacking.size > 0; round++) {
    const proposals = newCrystals(known, { source, wanted: lacking, seed: cell.gan, round });
    for (const [reason, count] of Object.entries(proposals.refused)) refuse(reason, count);
    const pixels = await pixelsOfCrystals(
      proposals.crystals.map(({ crystal }) => crystal),
      work,
    );
    const some = proposals.crystals.flatMap((one): DrawnCrystal[] => {
      const image = pixels.get(one.crystal);
      return image ? [{ ...one, pixels: image }] : [];
    });
    const fresh = withoutHeldOut(store, some, ({ pixels }) => pixels);
    refuse('not simulated', proposals.crystals.length - some.length);
    refuse('a held-out triplet', some.length - fresh.length);
    cost.simulated += some.length;
    drawn.push(...fresh);
    for (const { crystal } of fresh) fillOne(lacking, crystal.spaceGroup);
  }
  const refusals = Object.values(cost.refused).reduce((a, b) => a + b, 0);
  cost.proposed = drawn.length + refusals;
  for (const [group, count] of wanted) {
    cost.wanted[group] = count;
    cost.filled[group] = count - (lacking.get(group) ?? 0);
  }
  writeJson(besidePool(work.file, '.crystals.json'), cost);
  return drawn;
}

const asMade = ({ crystal, parent, pixels }: DrawnCrystal): PoolTriplet => ({
  pixels,
  passport: passportOf(crystal.spaceGroup, { accepted: true, parents: parent ? [parent] : [] }),
});

/**
 * New crystals of the rare groups, simulated with the settings of the store: every class is filled
 * to the pool's number of rows. None is a held-out material by formula and group, and none gives a
 * held-out triplet; what was refused on the way stands beside the archive.
 */
export async function crystalPool(work: PoolWork): Promise<void> {
  const drawn = await fillWithCrystals(work, work.pool.source as FreeCrystals);
  await writePool(work, drawn.map(asMade));
}
