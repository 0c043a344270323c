import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { Examples, RealExamples } from '../../src/dataset/examples.ts';
import type { SyntheticArchive } from '../archive/archive.ts';
import type { Verdicts } from '../archive/verdicts.ts';
import type { TwoSampleTest } from '../metrics/c2st.ts';
import type { ClassificationScore } from '../metrics/cas.ts';
import { describe, type Triplets } from '../metrics/descriptors/descriptors.ts';
import { type Features, pickRows } from '../metrics/features.ts';
import {
  type Judged,
  judgeCopying,
  judgeSet,
  judgeTwoSample,
  type SetMetric,
} from '../metrics/set-metrics.ts';
import { pooled } from '../metrics/spaces/pooled.ts';
import type { Space, SpaceName } from '../metrics/spaces/space.ts';
import { easeOf, type HeldOut, heldOutOf } from './held-out.ts';
import { type Candidates, type SampleScore, sampleJudge } from './samples.ts';

/** The metrics of one class, or of all, in one feature space. */
export interface SetScore {
  /** null: all classes that the archive has. */
  spaceGroup: number | null;
  /** Training triplets, held-out real triplets, synthetic ones. */
  real: number;
  held: number;
  synthetic: number;
  metrics: Record<SetMetric, Judged>;
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
  spaces: { name: SpaceName; sets: SetScore[] }[];
  /** Space groups of which the verifier knows too little to be heard; null without a verifier. */
  unheard: readonly number[] | null;
  /** Classification accuracy score: a classifier that learned from synthetic triplets only. */
  cas: ClassificationScore | null;
}

export interface Scoring {
  archive: SyntheticArchive;
  /** Real training triplets. */
  train: Examples;
  /** Real triplets that nothing has learned from (the validation part); for C_T. */
  held: RealExamples | null;
  /** The first is the one in which samples are judged. */
  spaces: readonly Space[];
  /** What a classifier that did not guide the generator says of synthetic and held-out triplets. */
  verdicts?: { made: Verdicts; held: Verdicts };
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
  materials: readonly string[],
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
    metrics: judgeSet({
      real,
      materials: part.train.map((row) => materials[row]!),
      fake,
      stream: of,
    }),
    copying: judgeCopying(real, held, fake),
    twoSample: judgeTwoSample(real, fake, of.split('two-sample test')),
  };
}

interface Sets {
  train: Triplets;
  held: Triplets | null;
  fake: Triplets;
}

/** Every synthetic triplet judged, and the held-out real ones of the same classes by the same checks. */
function judged({ archive, train, held, verdicts }: Scoring, sets: Sets, space: Embedded) {
  const judge = sampleJudge(train, {
    space: space.train,
    physics: describe(sets.train),
    pooled: pooled(train),
  });
  const made: Candidates = {
    spaceGroups: archive.labels,
    discriminator: archive.provenance?.map(({ discriminator }) => discriminator),
    space: space.fake,
    physics: describe(sets.fake),
    pooled: pooled(archive),
    verdicts: verdicts?.made,
  };
  if (!held || !sets.held) return { samples: judge(made)(), heldOut: null };
  const real: Candidates = {
    spaceGroups: held.labels.map((label) => held.classes[label]!),
    space: space.held!,
    physics: describe(sets.held),
    pooled: pooled(held),
    verdicts: verdicts?.held,
  };
  const ofReal = judge(real);
  const ease = easeOf(ofReal());
  const classes = new Set(archive.labels);
  const same = ofReal(ease).filter(({ spaceGroup }) => classes.has(spaceGroup));
  return { samples: judge(made)(ease), heldOut: heldOutOf(same) };
}

/** Scores an archive against real triplets: every sample, every class and all together. */
export function score(scoring: Scoring): Omit<Score, 'store' | 'cas'> {
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
  const { samples, heldOut } = judged(scoring, sets, embedded[0]!);
  bar.advance(1, 'samples');
  const scores = embedded.map((space) => ({
    name: space.name,
    sets: parts.map((part) => {
      const set = scoreSet(part, space, train.materials, stream);
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
    spaces: scores,
    unheard: scoring.verdicts?.made.unheard ?? null,
  };
}
