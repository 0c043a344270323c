import { isNear, type PairView, pairView } from '../../../classifier/boundary/margin.ts';
import type { Scorer } from '../../../gan/boundary/candidate.ts';
import { guideLogits } from '../../../gan/boundary/search.ts';
import type { WantedPair } from '../../../synthetic/sampling/pairs.ts';
import { groupBy } from '../../common/group.ts';
import type { Stream } from '../../common/stream.ts';
import type { Crystal } from '../../crystal/crystal.ts';
import { moveCrystal } from '../../crystal/move.ts';
import type { Tensor4D } from '../../engine/tf.ts';

export interface CrystalSearch {
  /** Crystals to start from; those of classes without a pair stay out. */
  crystals: readonly Crystal[];
  pairs: readonly WantedPair[];
  /** Wanted: 0 <= p(class) - p(partner) < epsilon. */
  epsilon: number;
  classes: readonly number[];
  /** Pixels a side. */
  size: number;
  /** Logits of network inputs. */
  guide: Scorer<Tensor4D>;
  /** Simulated triplets; crystals that give none are missing. */
  draw(crystals: readonly Crystal[]): Promise<Map<Crystal, Uint8Array>>;
  stream: Stream;
  /** Rounds of moves at most. */
  rounds?: number;
}

/** A crystal on its way to the boundary. */
export interface MovedCrystal {
  crystal: Crystal;
  pixels: Uint8Array;
  /** Space group on the other side. */
  partner: number;
  /** What the guide says of it, and of the crystal it started as. */
  view: PairView;
  start: PairView;
  /** Size of the next move, and the moves that were simulated. */
  step: number;
  moves: number;
}

const FIRST_STEP = 0.1;
/** A step grows where it brought the crystal nearer and shrinks where it did not. */
const GROWTH = 1.4;
const SHRINKING = 0.8;
/** Draws of a step until one keeps the symmetry and the distances. */
const TRIES = 6;
const ROUNDS = 12;

/** How far a view is from the middle of the band, in nats; mass outside the pair counts too. */
const distance = ({ margin, probability, partnerProbability }: PairView, epsilon: number) =>
  Math.abs(margin - epsilon / 2) - Math.log(Math.max(probability + partnerProbability, 1e-12));

const isThere = (view: PairView, epsilon: number): boolean => isNear(view, epsilon) && view.topTwo;

/** Crystals of each pair, as many as it wants. */
function starts({ crystals, pairs }: CrystalSearch): { crystal: Crystal; partner: number }[] {
  const left = groupBy(crystals, ({ spaceGroup }) => spaceGroup);
  return pairs.flatMap(({ spaceGroup, partner, count }) =>
    (left.get(spaceGroup) ?? []).splice(0, count).map((crystal) => ({ crystal, partner })),
  );
}

/** What the guide says of triplets of some pairs. */
function viewsOf(
  { guide, classes, size }: CrystalSearch,
  drawn: readonly { pixels: Uint8Array; spaceGroup: number; partner: number }[],
): PairView[] {
  const images = drawn.map(({ pixels }) => pixels);
  const logits = guideLogits(guide, images, size);
  return drawn.map(({ spaceGroup, partner }, row) =>
    pairView(logits, row, {
      label: classes.indexOf(spaceGroup),
      partner: classes.indexOf(partner),
      classes: classes.length,
    }),
  );
}

async function begin(search: CrystalSearch): Promise<MovedCrystal[]> {
  const wanted = starts(search);
  const pixels = await search.draw(wanted.map(({ crystal }) => crystal));
  const drawn = wanted.flatMap((one) => {
    const image = pixels.get(one.crystal);
    return image ? [{ ...one, spaceGroup: one.crystal.spaceGroup, pixels: image }] : [];
  });
  return viewsOf(search, drawn).map((view, i) => {
    const { crystal, partner, pixels: image } = drawn[i]!;
    return { crystal, partner, pixels: image, view, start: view, step: FIRST_STEP, moves: 0 };
  });
}

/** A neighbour of a crystal that keeps its symmetry; null where no draw of some does. */
function neighbour({ crystal, step }: MovedCrystal, stream: Stream): Crystal | null {
  for (let i = 0; i < TRIES; i++) {
    const moved = moveCrystal({ crystal, step, stream: stream.split(`try ${i}`) });
    if (moved) return moved;
  }
  return null;
}

/** One move of every crystal that is not there yet; all are simulated and judged together. */
async function round(
  search: CrystalSearch,
  crystals: readonly MovedCrystal[],
  stream: Stream,
): Promise<void> {
  const { epsilon } = search;
  const moved = crystals.flatMap((one, i) => {
    const crystal = isThere(one.view, epsilon) ? null : neighbour(one, stream.split(`${i}`));
    return crystal ? [{ one, crystal }] : [];
  });
  const pixels = await search.draw(moved.map(({ crystal }) => crystal));
  const drawn = moved.flatMap(({ one, crystal }) => {
    const image = pixels.get(crystal);
    const { spaceGroup } = crystal;
    return image ? [{ one, crystal, spaceGroup, partner: one.partner, pixels: image }] : [];
  });
  viewsOf(search, drawn).forEach((view, i) => {
    const { one, crystal, pixels: image } = drawn[i]!;
    const nearer = distance(view, epsilon) < distance(one.view, epsilon);
    if (nearer) Object.assign(one, { crystal, pixels: image, view });
    one.step *= nearer ? GROWTH : SHRINKING;
    one.moves++;
  });
}

/**
 * Leads crystals to where a classifier hesitates between their space group and a partner: their
 * free lattice parameters and coordinates are moved at random, the triplet is simulated, and a
 * move that brings it nearer to the boundary is kept, the step adapting itself (a (1+1) evolution
 * strategy: Rechenberg 1973). The space group is verified at every move, so that the label stays
 * right by construction. All crystals move together. Those that do not arrive stay where they
 * came nearest.
 */
export async function searchBoundaries(search: CrystalSearch): Promise<MovedCrystal[]> {
  const { rounds = ROUNDS, stream } = search;
  const moved = await begin(search);
  for (let i = 0; i < rounds; i++) await round(search, moved, stream.split(`round ${i}`));
  return moved;
}

/** How many arrived, and how far crystals were moved, for each pair. */
export function summaryOf(moved: readonly MovedCrystal[], epsilon: number) {
  const pairs = groupBy(moved, ({ crystal, partner }) => `${crystal.spaceGroup}:${partner}`);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return [...pairs].map(([pair, some]) => ({
    pair,
    crystals: some.length,
    arrived: some.filter(({ view }) => isThere(view, epsilon)).length,
    moves: mean(some.map(({ moves }) => moves)),
    margin: {
      before: mean(some.map(({ start }) => Math.abs(start.margin))),
      after: mean(some.map(({ view }) => Math.abs(view.margin))),
    },
  }));
}
