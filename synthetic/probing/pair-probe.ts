import { EPSILON } from '../../classifier/boundary/margin.ts';
import { type Attempt, searchPair } from '../../gan/boundary/search.ts';
import type { Generator } from '../../gan/generator.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { pixelsOf } from '../checks/candidate-checks.ts';
import { randomStack } from '../sampling/random.ts';
import { embeddingOf, marginsOf, nearestTriplet, type ProbedKinds, planeOf } from './evidence.ts';
import { crossingData, movedAtoms, type Probing, pathData } from './path.ts';
import type {
  CrossingData,
  EmbeddingData,
  MarginData,
  MovedAtomsData,
  PlaneFigureData,
  StripData,
} from './probe-data.ts';

export interface ProbeOptions {
  /** Space groups: the class, and the one across the boundary. */
  pair: readonly [number, number];
  epsilon?: number;
  /** Boundary samples and random samples to make. */
  count?: number;
  /** Grid points a side of the plane. */
  side?: number;
  seed?: number;
  progress?: ProgressFactory;
}

/** What a probe of the boundary of a pair measured. */
export interface ProbedPair {
  /** Space groups: the class, and the one across the boundary, from which a distortion leads to it. */
  pair: readonly [number, number];
  plane: PlaneFigureData;
  /** Triplets along the path and what the guide says of them; null where there is no path. */
  strip: StripData | null;
  margins: MarginData;
  embedding: EmbeddingData;
  /** Null where the generator knows no discs. */
  crossing: CrossingData | null;
  /** Null where no atoms are moved. */
  moved: MovedAtomsData | null;
  /** Attempts and accepted boundary samples. */
  attempts: number;
  accepted: number;
}

/** Pixels of the real triplets of a class that are no test data. */
function realPixels(store: Store, spaceGroup: number): Uint8Array {
  const label = store.classes.indexOf(spaceGroup);
  const rows = (['train', 'validation'] as const)
    .flatMap((split) => [...store.indices(split)])
    .filter((row) => store.rows.label[row] === label);
  return store.images(rows);
}

/** A pair whose second group is distorted down to the first, where one of them is a supergroup. */
function lowerFirst(
  generator: Generator,
  [a, b]: readonly [number, number],
): readonly [number, number] {
  const above = generator.space?.supergroups?.(generator.labelOf(b)) ?? [];
  return above.includes(generator.labelOf(a)) ? [b, a] : [a, b];
}

/** The boundary sample to show, if any came near: the accepted one, else the attempt, nearest to equal probability. */
const shownAttempt = (attempts: readonly Attempt[]): Attempt | undefined =>
  [...attempts].sort(
    (a, b) =>
      Number(b.accepted) - Number(a.accepted) || Math.abs(a.view.gap) - Math.abs(b.view.gap),
  )[0];

/**
 * Probes the boundary of a pair of classes: the plane through three triplets, the way between the
 * classes, the margins, the features, and what crosses the boundary.
 */
export async function probePair(probing: Probing, options: ProbeOptions): Promise<ProbedPair> {
  const { store, generator, guide } = probing;
  const { epsilon = EPSILON, count = 24, seed = 0 } = options;
  const shownPair = lowerFirst(generator, options.pair);
  const [spaceGroup, partner] = shownPair;
  const pair = { label: generator.labelOf(spaceGroup), partner: generator.labelOf(partner) };
  const bar = (options.progress ?? silentProgress)(`probing ${spaceGroup}:${partner}`, 4);
  const search = await searchPair({
    generator,
    score: (x) => guide.logitsOf(x),
    spaceGroup,
    partner,
    count,
    attempts: 4 * count,
    epsilon,
    seed,
  });
  const { attempts, accepted } = search;
  bar.advance(1, `${accepted} boundary samples`);
  const random = await randomStack(generator, {
    spaceGroups: [spaceGroup],
    count,
    seed: seed + 1,
  });
  const kinds: ProbedKinds = {
    real: realPixels(store, spaceGroup),
    realPartner: realPixels(store, partner),
    random,
    boundary: pixelsOf(attempts.filter((one) => one.accepted).slice(0, count)),
  };
  bar.advance();
  const sample = shownAttempt(attempts)?.drawn.pixels ?? random.slice(0, 3 * store.size ** 2);
  const real = [kinds.real, kinds.realPartner].map((stack) => nearestTriplet(stack, sample));
  const shown = { ...options, pair: shownPair };
  const plane = planeOf(probing, shown, pair, [real[0]!, real[1]!, sample]);
  bar.advance();
  const along = await pathData(probing, pair, seed);
  const strip = along?.strip ?? null;
  const crossing = along && (await crossingData(probing, pair, along.path));
  const moved = along && movedAtoms(along.path);
  const margins = marginsOf(probing, shownPair, pair, kinds);
  const embedding = embeddingOf(probing, shown, kinds);
  bar.advance();
  bar.done();
  return {
    pair: shownPair,
    plane,
    strip,
    margins,
    embedding,
    crossing,
    moved,
    attempts: search.tried,
    accepted,
  };
}
