import type { ClassPair } from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import { type Attempt, searchPair } from '../../gan/boundary.ts';
import { drawTriplets, randomOrigins } from '../../gan/sample.ts';
import { pixelsOf, verifierMargins } from '../../synthetic/gates.ts';
import type { Store } from '../dataset/store.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import { Stream } from '../ground/stream.ts';
import { crossingFigure } from './probe-crossing.ts';
import { embeddingFigure } from './probe-embedding.ts';
import { embeddingEvidence, planeEvidence } from './probe-evidence.ts';
import { marginFigure } from './probe-margins.ts';
import { crossingData, type Probing, pathData } from './probe-path.ts';
import { planeFigure } from './probe-plane.ts';
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

const MOST_PANELS = 4;

/** Pixels of the real triplets of a class that are no test data. */
function realPixels(store: Store, spaceGroup: number): Uint8Array {
  const label = store.classes.indexOf(spaceGroup);
  const rows = (['train', 'validation'] as const)
    .flatMap((split) => [...store.indices(split)])
    .filter((row) => store.rows.label[row] === label);
  return store.images(rows);
}

const distance = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0);

/** The triplet of a stack that is nearest to another. */
function nearest(stack: Uint8Array, to: Uint8Array): Uint8Array {
  const each = to.length;
  const all = Array.from({ length: stack.length / each }, (_, i) =>
    stack.subarray(i * each, (i + 1) * each),
  );
  return all.reduce((best, one) => (distance(one, to) < distance(best, to) ? one : best));
}

/** The boundary sample to show: the accepted one, else the attempt, nearest to equal probability. */
const shownAttempt = (attempts: readonly Attempt[]): Attempt =>
  [...attempts].sort(
    (a, b) =>
      Number(b.accepted) - Number(a.accepted) || Math.abs(a.view.gap) - Math.abs(b.view.gap),
  )[0]!;

/** Pixels of the triplets of every kind. */
interface Kinds {
  real: Uint8Array;
  realPartner: Uint8Array;
  random: Uint8Array;
  boundary: Uint8Array;
}

function marginSvg(
  { guide, verifiers }: Probing,
  options: ProbeOptions,
  pair: ClassPair,
  kinds: Kinds,
): string {
  const of = (classifier: Classifier, pixels: Uint8Array): number[] =>
    pixels.length === 0 ? [] : [...verifierMargins(classifier, pixels, pair)];
  return marginFigure({
    spaceGroup: options.pair[0],
    partner: options.pair[1],
    real: of(guide, kinds.real),
    realPartner: of(guide, kinds.realPartner),
    random: of(guide, kinds.random),
    boundary: of(guide, kinds.boundary),
    boundaryElsewhere: verifiers.flatMap((one) => of(one, kinds.boundary)),
  });
}

function embeddingSvg({ guide }: Probing, { pair, seed = 0 }: ProbeOptions, kinds: Kinds): string {
  const groups = [
    { kind: 'real' as const, pixels: kinds.real },
    { kind: 'real partner' as const, pixels: kinds.realPartner },
    { kind: 'random' as const, pixels: kinds.random },
    { kind: 'boundary' as const, pixels: kinds.boundary },
  ].filter(({ pixels }) => pixels.length > 0);
  const stream = new Stream(seed, 'probe');
  return embeddingFigure(
    embeddingEvidence({ spaceGroups: pair, classifier: guide, groups, stream }),
  );
}

function planeSvg(
  { guide, verifiers }: Probing,
  options: ProbeOptions,
  pair: ClassPair,
  triplets: readonly [Uint8Array, Uint8Array, Uint8Array],
): string {
  const classifiers = [guide, ...verifiers].slice(0, MOST_PANELS).map((classifier, i) => ({
    name: i === 0 ? 'guide' : `another seed (${i})`,
    classifier,
  }));
  const { pair: spaceGroups, side = 40 } = options;
  return planeFigure(planeEvidence({ spaceGroups, pair, triplets, classifiers, side }));
}

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
  const kinds: Kinds = {
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
    { name: 'margins', svg: marginSvg(probing, options, pair, kinds) },
    { name: 'embedding', svg: embeddingSvg(probing, options, kinds) },
    { name: 'crossing', svg: crossingFigure(crossed) },
  ];
  bar.advance();
  bar.done();
  const { frames, curve, crossing } = path;
  return { figures, frames, curve, crossing, attempts: attempts.length, accepted };
}
