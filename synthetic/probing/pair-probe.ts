import { type Attempt, searchPair } from '../../gan/boundary/search.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { pixelsOf } from '../checks/candidate-checks.ts';
import { randomStack } from '../sampling/random.ts';
import { embeddingOf, marginsOf, nearestTriplet, type ProbedKinds, planeOf } from './evidence.ts';
import { crossingData, type Probing, pathData } from './path.ts';
import type {
  CrossingData,
  EmbeddingData,
  MarginData,
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
  plane: PlaneFigureData;
  /** Triplets along the path and what the guide says of them; null where there is no path. */
  strip: StripData | null;
  margins: MarginData;
  embedding: EmbeddingData;
  /** Null where the generator knows no discs. */
  crossing: CrossingData | null;
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

/** The boundary sample to show: the accepted one, else the attempt, nearest to equal probability. */
const shownAttempt = (attempts: readonly Attempt[]): Attempt =>
  [...attempts].sort(
    (a, b) =>
      Number(b.accepted) - Number(a.accepted) || Math.abs(a.view.gap) - Math.abs(b.view.gap),
  )[0]!;

/**
 * Probes the boundary of a pair of classes: the plane through three triplets, the way between the
 * classes, the margins, the features, and what crosses the boundary.
 */
export async function probePair(probing: Probing, options: ProbeOptions): Promise<ProbedPair> {
  const { store, generator, guide } = probing;
  const { epsilon = 0.1, count = 24, seed = 0 } = options;
  const [spaceGroup, partner] = options.pair;
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
  const shown = shownAttempt(attempts).drawn.pixels;
  const real = [kinds.real, kinds.realPartner].map((stack) => nearestTriplet(stack, shown));
  const plane = planeOf(probing, options, pair, [real[0]!, real[1]!, shown]);
  bar.advance();
  const along = await pathData(probing, pair, seed);
  const strip = along?.strip ?? null;
  const crossing = along && crossingData(probing, pair, along.path);
  const margins = marginsOf(probing, options.pair, pair, kinds);
  const embedding = embeddingOf(probing, options, kinds);
  bar.advance();
  bar.done();
  return { plane, strip, margins, embedding, crossing, attempts: attempts.length, accepted };
}
