import { confusions } from '../../classifier/boundary/confusion.ts';
import { type ClassPair, logProbabilities, pairView } from '../../classifier/boundary/margin.ts';
import { inputError } from '../../src/common/errors.ts';
import { splitTriplets } from '../../src/dataset/intensity/transform.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { type BoundaryClassifiers, embeddingOf, marginsOf, planeOf } from './evidence.ts';
import type { EmbeddingData, MarginData, PairCell, PlaneFigureData } from './probe-data.ts';

export interface ImagesProbe extends BoundaryClassifiers {
  /** Images of one's own, any split. */
  store: Store;
  /** Space groups; the most confused pair of the store where absent. */
  pair?: readonly [number, number];
  side?: number;
  seed?: number;
}

/** What a classifier makes of images around one boundary. */
export interface ProbedImages {
  pair: [number, number];
  plane: PlaneFigureData;
  margins: MarginData;
  embedding: EmbeddingData;
  /** How every pair of the store is confused. */
  pairs: PairCell[];
}

/** Every row of a store with a space group that the guide knows. */
function knownRows({ store, guide }: ImagesProbe): number[] {
  return [...store.rows.spaceGroup.keys()].filter((row) =>
    guide.classes.includes(store.rows.spaceGroup[row]!),
  );
}

/** How the guide confuses the classes of the store, over all its triplets. */
function confusionCells(probe: ImagesProbe): PairCell[] {
  const { store, guide } = probe;
  const rows = knownRows(probe);
  if (rows.length === 0) {
    throw inputError(`${store.path} has no triplet of a space group that the classifier knows`);
  }
  const labels = rows.map((row) => guide.classes.indexOf(store.rows.spaceGroup[row]!));
  const logs = logProbabilities(guide, store.images(rows));
  const table = confusions(logs, labels, guide.classes.length);
  const present = new Set(labels);
  return [...present].flatMap((label) =>
    table[label]!.filter(({ partner }) => partner !== label && present.has(partner)).map(
      ({ partner, share }) => ({
        spaceGroup: guide.classes[label]!,
        partner: guide.classes[partner]!,
        confusion: share,
        accepted: null,
      }),
    ),
  );
}

/** Pixels of a space group's triplets in the store. */
function pixelsOfGroup({ store }: ImagesProbe, spaceGroup: number): Uint8Array {
  const rows = [...store.rows.spaceGroup.keys()].filter(
    (row) => store.rows.spaceGroup[row] === spaceGroup,
  );
  if (rows.length === 0) {
    throw inputError(`${store.path} has no triplet of space group ${spaceGroup}`);
  }
  return store.images(rows);
}

/** The pair asked for, or the most confused one. */
function pairOf({ guide, pair, store }: ImagesProbe, cells: readonly PairCell[]): [number, number] {
  for (const spaceGroup of pair ?? []) {
    if (guide.classes.includes(spaceGroup)) continue;
    throw inputError(
      `the classifier does not know space group ${spaceGroup}`,
      `it was trained on ${guide.classes.join(', ')}`,
    );
  }
  if (pair) return [...pair];
  const [most] = [...cells].sort((a, b) => b.confusion - a.confusion);
  if (!most) throw inputError(`${store.path} has one space group only, so no pair to probe`);
  return [most.spaceGroup, most.partner];
}

/**
 * Probes the boundary of a pair with a classifier and images of one's own, without a generator:
 * the plane through a triplet of either class and the one that lies nearest to the boundary, the
 * margins, the features, and which pairs are confused.
 *
 * @throws input error for space groups that the store or the classifier does not have.
 */
export function probeImages(probe: ImagesProbe): ProbedImages {
  const { guide } = probe;
  const cells = confusionCells(probe);
  const spaceGroups = pairOf(probe, cells);
  const [label, partner] = spaceGroups.map((c) => guide.classes.indexOf(c)) as [number, number];
  const pair = { label, partner };
  const [real, realPartner] = spaceGroups.map((c) => pixelsOfGroup(probe, c)) as [
    Uint8Array,
    Uint8Array,
  ];
  const none = new Uint8Array(0);
  const kinds = { real, realPartner, random: none, boundary: none };
  const corners = threeTriplets(probe, pair, [real, realPartner]);
  const caption =
    'axes: root mean square of grey levels; circle and square: the triplets of either class that the guide is surest of, star: the triplet nearest to the boundary';
  return {
    pair: spaceGroups,
    plane: planeOf(probe, { pair: spaceGroups, side: probe.side, caption }, pair, corners),
    margins: marginsOf(probe, spaceGroups, pair, kinds),
    embedding: embeddingOf(probe, { pair: spaceGroups, seed: probe.seed }, kinds),
    pairs: cells,
  };
}

/** The surest triplet of either class, and of the others the one nearest to the boundary. */
function threeTriplets(
  { guide }: ImagesProbe,
  pair: ClassPair,
  stacks: readonly [Uint8Array, Uint8Array],
): [Uint8Array, Uint8Array, Uint8Array] {
  const size = 3 * guide.size * guide.size;
  const classes = guide.classes.length;
  const [own, other] = stacks.map((stack, side) => {
    const logs = logProbabilities(guide, stack);
    return splitTriplets(stack, size)
      .map((pixels, row) => {
        const view = pairView(logs, row, { ...pair, classes });
        const sure = side === 0 ? view.probability : view.partnerProbability;
        return { pixels, margin: view.margin, sure };
      })
      .sort((a, b) => b.sure - a.sure);
  });
  const rest = [...own!.slice(1), ...other!.slice(1)].sort(
    (a, b) => Math.abs(a.margin) - Math.abs(b.margin),
  );
  const [near] = rest;
  if (!near) throw inputError('two triplets span no plane: the pair needs at least three');
  return [own![0]!.pixels, other![0]!.pixels, near.pixels];
}
