import type { Classifier } from '../../classifier/classifier.ts';
import { inputError } from '../../src/common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Examples, RealExamples } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { SyntheticArchive } from '../archive/archive.ts';
import {
  archiveExamples,
  type ClassificationScore,
  classificationScore,
} from '../metrics/classification-score.ts';
import { describe, type Triplets } from '../metrics/descriptors/descriptors.ts';
import {
  classifierSpace,
  convolutionSpace,
  physicsSpace,
  pooled,
  type Space,
  type SpaceName,
} from '../metrics/feature-spaces.ts';
import { type Features, pickRows } from '../metrics/features.ts';
import {
  copyScore,
  type MetricValue,
  neighbourTest,
  type SetMetric,
  setMetrics,
} from '../metrics/set-metrics.ts';
import { type NetworkTest, networkTest, type TwoSampleTest } from '../metrics/two-sample.ts';
import {
  type Candidates,
  doubtOf,
  easeOf,
  type HeldOut,
  heldOutOf,
  type SampleScore,
  sampleChecks,
} from './acceptance.ts';
import { fitAndPredict, type Opinions, opinionsOf } from './verifier.ts';

/** The metrics of one class, or of all, in one feature space. */
export interface SetScore {
  /** null: all classes that the archive has. */
  spaceGroup: number | null;
  /** Training triplets, held-out real triplets, synthetic ones. */
  real: number;
  held: number;
  synthetic: number;
  metrics: Record<SetMetric, MetricValue>;
  /** C_T; null where there are too few samples. */
  copying: number | null;
  /** Two-sample test on all samples, with its p-value. */
  twoSample: TwoSampleTest | null;
}

/** Everything `gan score` reports. */
export interface Score {
  archive: string;
  archiveDigest: string;
  store: string;
  samples: SampleScore[];
  /** What the checks make of held-out real triplets of the same classes; null without any. */
  held: HeldOut | null;
  /** Why the checks cannot say which samples to accept, in words; null where they can. */
  doubt: string | null;
  spaces: { name: SpaceName; sets: SetScore[] }[];
  /** Space groups of which the verifier knows too little to be heard; null without a verifier. */
  unrecognised: readonly number[] | null;
  /** Classification accuracy score: a classifier that learned from synthetic triplets only. */
  cas: ClassificationScore | null;
  /** Whether a network tells synthetic triplets from real ones of held-out materials. */
  network: NetworkTest | null;
}

export interface Scoring {
  archive: SyntheticArchive;
  /** Real training triplets. */
  train: Examples;
  /** Real triplets that nothing has learned from (the validation part); for C_T. */
  held: RealExamples | null;
  /** The first is the one in which the realism of samples is measured. */
  spaces: readonly Space[];
  /** What a classifier that did not guide the generator says of synthetic and held-out triplets. */
  opinions?: { made: Opinions; held: Opinions };
  /** Direct beam, in pixels from the centre of pixel (0, 0). */
  centre: number;
  /** Also each class by itself. */
  perClass: boolean;
  stream: Stream;
  progress?: ProgressFactory;
}

const rowsWhere = (labels: ArrayLike<number>, test: (label: number) => boolean): number[] =>
  Array.from(labels, (label, i) => (test(label) ? i : -1)).filter((i) => i >= 0);

const everyRow = ({ count }: { count: number }): number[] =>
  Array.from({ length: count }, (_, i) => i);

interface Embedded {
  name: SpaceName;
  train: Features;
  held: Features | null;
  fake: Features;
}

interface Part {
  spaceGroup: number | null;
  train: number[];
  held: number[];
  fake: number[];
}

/** The classes that the archive has, together and one by one. */
function partsOf({ archive, train, held, perClass }: Scoring): Part[] {
  const made = new Set(archive.labels);
  const label = (spaceGroup: number) => train.classes.indexOf(spaceGroup);
  const any = new Set([...made].map(label));
  const heldLabels = held?.labels ?? [];
  const whole: Part = {
    spaceGroup: null,
    train: rowsWhere(train.labels, (l) => any.has(l)),
    held: rowsWhere(heldLabels, (l) => any.has(l)),
    fake: everyRow(archive),
  };
  if (!perClass) return [whole];
  const classes = [...made]
    .sort((a, b) => a - b)
    .map((spaceGroup) => ({
      spaceGroup,
      train: rowsWhere(train.labels, (l) => l === label(spaceGroup)),
      held: rowsWhere(heldLabels, (l) => l === label(spaceGroup)),
      fake: rowsWhere(archive.labels, (l) => l === spaceGroup),
    }));
  return [whole, ...classes];
}

function scoreSet(
  part: Part,
  space: Embedded,
  { archive, train, held: heldOut }: Scoring,
  stream: Stream,
): SetScore {
  const real = pickRows(space.train, part.train);
  const held = space.held && part.held.length ? pickRows(space.held, part.held) : null;
  const fake = pickRows(space.fake, part.fake);
  const of = stream.split(`${space.name}/${part.spaceGroup}`);
  return {
    spaceGroup: part.spaceGroup,
    real: real.count,
    held: held?.count ?? 0,
    synthetic: fake.count,
    metrics: setMetrics({
      real,
      materials: part.train.map((row) => train.materials[row]!),
      classes: part.train.map((row) => train.classes[train.labels[row]!]!),
      fake,
      fakeClasses: part.fake.map((row) => archive.labels[row]!),
      held: held && {
        features: held,
        classes: part.held.map((row) => heldOut!.classes[heldOut!.labels[row]!]!),
      },
      stream: of,
    }),
    copying: copyScore(real, held, fake),
    twoSample: neighbourTest(real, fake, of.split('two-sample test')),
  };
}

interface Sets {
  train: Triplets;
  held: Triplets | null;
  fake: Triplets;
}

/** The checks on every synthetic triplet, and on the held-out real ones of the same classes. */
function checkSamples({ archive, train, held, opinions }: Scoring, sets: Sets, space: Embedded) {
  const check = sampleChecks(train, {
    space: space.train,
    physics: describe(sets.train),
    pooled: pooled(train),
  });
  const made: Candidates = {
    spaceGroups: archive.labels,
    discriminator: archive.passports?.map(({ discriminator }) => discriminator),
    space: space.fake,
    physics: describe(sets.fake),
    pooled: pooled(archive),
    opinions: opinions?.made,
  };
  if (!held || !sets.held) return { samples: check(made)(), heldOut: null };
  const real: Candidates = {
    spaceGroups: held.labels.map((label) => held.classes[label]!),
    space: space.held!,
    physics: describe(sets.held),
    pooled: pooled(held),
    opinions: opinions?.held,
  };
  const ofReal = check(real);
  const ease = easeOf(ofReal());
  const classes = new Set(archive.labels);
  const same = ofReal(ease).filter(({ spaceGroup }) => classes.has(spaceGroup));
  return { samples: check(made)(ease), heldOut: heldOutOf(same) };
}

/** Scores an archive against real triplets: every sample, every class and all together. */
export function score(scoring: Scoring): Omit<Score, 'store' | 'cas' | 'network'> {
  const { archive, train, held, spaces, centre, stream, progress = silentProgress } = scoring;
  const triplets = (of: Pick<Examples, 'count' | 'size' | 'images'>): Triplets => ({
    pixels: of.images(everyRow(of)),
    count: of.count,
    size: of.size,
    centre,
  });
  const sets = { train: triplets(train), held: held && triplets(held), fake: triplets(archive) };
  const parts = partsOf(scoring);
  const bar = progress('scoring', spaces.length * (1 + parts.length) + 1);
  const embedded = spaces.map((space): Embedded => {
    const done = {
      name: space.name,
      train: space.embed(sets.train),
      held: sets.held && space.embed(sets.held),
      fake: space.embed(sets.fake),
    };
    bar.advance(1, space.name);
    return done;
  });
  const { samples, heldOut } = checkSamples(scoring, sets, embedded[0]!);
  bar.advance(1, 'samples');
  const scores = embedded.map((space) => ({
    name: space.name,
    sets: parts.map((part) => {
      const set = scoreSet(part, space, scoring, stream);
      bar.advance(1, space.name);
      return set;
    }),
  }));
  bar.done();
  return {
    archive: archive.path,
    archiveDigest: archive.digest,
    samples,
    held: heldOut,
    doubt: heldOut && doubtOf(heldOut, new Set(train.materials).size),
    spaces: scores,
    unrecognised: scoring.opinions?.made.unrecognised ?? null,
  };
}

export interface ArchiveScoring {
  archive: SyntheticArchive;
  store: Store;
  /** A classifier that did not guide the generator; without one, two feature spaces remain. */
  verifier: Classifier | null;
  perClass: boolean;
  /** Updates of the two classifiers of the CAS; 0 leaves it out. */
  casUpdates: number;
  /** Updates of the network of the two-sample test; 0 leaves it out. */
  networkUpdates: number;
  seed: number;
  progress?: ProgressFactory;
}

function spacesOf({ store, verifier }: ArchiveScoring, stream: Stream): Space[] {
  const train = store.examples('train');
  const pixels = train.images(train.labels.map((_, i) => i));
  const { size, camera } = store;
  return [
    ...(verifier ? [classifierSpace(verifier)] : []),
    convolutionSpace(stream.split('convolutions')),
    physicsSpace({ pixels, count: train.count, size, centre: camera.centre }),
  ];
}

async function casOf(scoring: ArchiveScoring, stream: Stream): Promise<ClassificationScore | null> {
  const { archive, store, casUpdates: updates, seed, progress } = scoring;
  if (updates === 0) return null;
  return classificationScore({
    synthetic: archiveExamples(archive, store.classes),
    train: store.examples('train'),
    held: store.examples('validation'),
    fit: fitAndPredict({ updates, seed, progress }),
    stream,
  });
}

function networkTestOf(scoring: ArchiveScoring, stream: Stream): Promise<NetworkTest | null> {
  const { archive, store, networkUpdates: updates, seed, progress } = scoring;
  if (updates === 0) return Promise.resolve(null);
  return networkTest({
    synthetic: archiveExamples(archive, store.classes),
    train: store.examples('train'),
    held: store.examples('validation'),
    fit: fitAndPredict({ updates, seed, progress }),
    stream,
  });
}

/**
 * Scores an archive against the training part of a store: samples, sets and the classification
 * accuracy score. The validation part serves as held-out real data; the test part is not touched.
 *
 * @example
 * const score = await scoreArchive({
 *   ...{ archive, store, verifier, seed: 1, perClass: true, casUpdates: 150, networkUpdates: 150 },
 * });
 * const accepted = score.samples.filter((one) => one.accepted);
 * @category Archives and mixing
 */
export async function scoreArchive(options: ArchiveScoring): Promise<Score> {
  const { archive, store, verifier, perClass, seed, progress } = options;
  if (archive.size !== store.size) {
    throw inputError(
      `${archive.path} has patterns of ${archive.size} pixels a side, ${store.path} of ${store.size}`,
    );
  }
  if (archive.count === 0) throw inputError(`${archive.path} holds no sample`, 'run: gan sample');
  const stream = new Stream(seed, 'score');
  const held = store.examples('validation');
  const pixels = archive.images([...archive.labels.keys()]);
  const scored = score({
    archive,
    train: store.examples('train'),
    held: held.count ? held : null,
    spaces: spacesOf(options, stream),
    ...(verifier && { opinions: opinionsOf(verifier, pixels, held) }),
    centre: store.camera.centre,
    perClass,
    stream,
    progress,
  });
  return {
    ...scored,
    store: store.digest,
    cas: await casOf(options, stream.split('cas')),
    network: await networkTestOf(options, stream.split('network')),
  };
}
