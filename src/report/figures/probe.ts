import type { Attempt } from '../../../gan/boundary/attempt.ts';
import { searchPair } from '../../../gan/boundary/search.ts';
import { drawTriplets, randomOrigins } from '../../../gan/codec/sample.ts';
import { pixelsOf } from '../../../synthetic/checks/candidate-checks.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Store } from '../../dataset/store/store.ts';
import { crossingFigure } from './probe-crossing.ts';
import { embeddingSvg, marginSvg, nearest, type ProbedKinds, planeSvg } from './probe-judged.ts';
import { crossingData, type Probing, pathData } from './probe-path.ts';
import { type StripData, stripFigure } from './probe-strip.ts';

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

export interface ProbeFigures {
  figures: { name: string; svg: string }[];
  /** Triplets along the path and what the guide says of them. */
  frames: StripData['frames'];
  curve: StripData['curve'];
  /** Position of the boundary on the path that is shown; null where it does not cross. */
  crossing: number | null;
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
 * Probes the boundary of a pair of classes and draws what was found: the plane through three
 * triplets, the way between the classes, the margins, the features, and what crosses the boundary.
 */
export async function probePair(probing: Probing, options: ProbeOptions): Promise<ProbeFigures> {
  const { store, model, guide } = probing;
  const { epsilon = 0.1, count = 24, seed = 0 } = options;
  const [spaceGroup, partner] = options.pair;
  const pair = { label: model.labelOf(spaceGroup), partner: model.labelOf(partner) };
  const bar = (options.progress ?? silentProgress)(`probing ${spaceGroup}:${partner}`, 4);
  const search = await searchPair({
    model,
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
  const origins = randomOrigins(model, { spaceGroup, count, seed: seed + 1 });
  const random = await drawTriplets(model, origins);
  const kinds: ProbedKinds = {
    real: realPixels(store, spaceGroup),
    realPartner: realPixels(store, partner),
    random: pixelsOf(random.map((drawn) => ({ drawn }))),
    boundary: pixelsOf(attempts.filter((one) => one.accepted).slice(0, count)),
  };
  bar.advance();
  const shown = shownAttempt(attempts).drawn.pixels;
  const corners = [nearest(kinds.real, shown), nearest(kinds.realPartner, shown), shown] as const;
  const plane = planeSvg(probing, options, pair, corners);
  bar.advance();
  const path = await pathData(probing, pair, seed);
  const crossed = crossingData(probing, pair, { z: path.z, t: path.crossing ?? 1 });
  const figures = [
    { name: 'plane', svg: plane },
    { name: 'strip', svg: await stripFigure(path) },
    { name: 'margins', svg: marginSvg(probing, options.pair, pair, kinds) },
    { name: 'embedding', svg: embeddingSvg(probing, options, kinds) },
    { name: 'crossing', svg: crossingFigure(crossed) },
  ];
  bar.advance();
  bar.done();
  const { frames, curve, crossing } = path;
  return { figures, frames, curve, crossing, attempts: attempts.length, accepted };
}
