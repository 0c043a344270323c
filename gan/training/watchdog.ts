import { rowsByClass } from '../../src/balance/sampling.ts';
import { groupBy } from '../../src/common/group.ts';
import { mean } from '../../src/common/quantile.ts';
import type { Stream } from '../../src/common/stream.ts';
import {
  classCount,
  type LabelledRows,
  labelledRows,
  meanDistance,
  type TrainingVectors,
  type VectorRows,
  vectorRows,
} from './batches.ts';
import type { Trainee, TrainerState } from './trainer.ts';

/** Classes with fewer materials give none away. */
const LEAST_MATERIALS = 12;
/** One material in this many of a class is held out. */
const SHARE = 12;
/** Fewer rows than this say nothing, and are not held out. */
const LEAST_ROWS = 16;

/**
 * Rows of materials that the networks never see, to watch the training with: one material in
 * twelve of every class that has twelve, so that no few-shot class loses any. Empty where that
 * comes to too few.
 */
export function heldOut(
  labels: Int32Array,
  materials: readonly string[],
  stream: Stream,
): ReadonlySet<number> {
  const held = new Set<string>();
  for (const [label, rows] of groupBy(labels.keys(), (row) => labels[row]!)) {
    const own = [...new Set(rows.map((row) => materials[row]!))].sort();
    if (own.length < LEAST_MATERIALS) continue;
    const count = Math.floor(own.length / SHARE);
    for (const name of stream.split(label).shuffled(own).slice(0, count)) held.add(name);
  }
  const rows = [...materials.keys()].filter((row) => held.has(materials[row]!));
  return new Set(rows.length < LEAST_ROWS ? [] : rows);
}

/** Distance of two sets of vectors, about zero where both come from one distribution (KID). */
export type SetDistance = (real: VectorRows, fake: VectorRows) => number;

/** What a look at a training found, in codec vectors. */
export interface Health {
  step: number;
  /** Spread of generated vectors within a class over that of real ones: mean over classes. */
  diversity: number;
  /**
   * How much better the discriminator knows its training vectors than those of held-out materials,
   * 0 (not at all) to 1 (they look generated to it): r_v of Karras et al. (2020). null where too
   * few materials could be held out.
   */
  overfitting: number | null;
  /** Distance to held-out real vectors: of generated vectors, and of training vectors. */
  distance: number;
  floor: number;
}

/** What is looked at, and how. */
export interface Looking {
  training: TrainingVectors;
  /** Vectors of materials that the networks do not see; may be none. */
  held: LabelledRows;
  distance: SetDistance;
  stream: Stream;
}

/** Vectors drawn for a look; classes whose diversity is measured, and vectors of each. */
const DRAWN = 256;
const CLASSES = 24;
const EACH = 8;
/** Real vectors that tell how far a class spreads. */
const LEAST_REAL = 3;

/** Spread over the classes that get attention, else the rarest, beside that of real vectors. */
function diversityOf(trainer: Trainee, training: TrainingVectors, stream: Stream): number {
  const { labels, attention } = training;
  const rows = rowsByClass({ labels, classCount: classCount(training) });
  const several = [...rows.keys()].filter((label) => rows[label]!.length >= LEAST_REAL);
  const asked = several.filter((label) => attention?.has(label));
  const classes = (asked.length > 0 ? asked : several)
    .sort((a, b) => rows[a]!.length - rows[b]!.length || a - b)
    .slice(0, CLASSES);
  const made = trainer.imagine(
    classes.flatMap((label) => Array<number>(EACH).fill(label)),
    stream,
  );
  const ratios = classes.map((label, i) => {
    const own = Array.from({ length: EACH }, (_, n) => i * EACH + n);
    return (
      meanDistance(vectorRows(made, own)) /
      meanDistance(labelledRows(training, rows[label]!.slice(0, 4 * EACH)))
    );
  });
  return mean(ratios.filter(Number.isFinite));
}

/** r_v: where the held-out vectors stand between training and generated ones. */
function overfittingOf(
  trainer: Trainee,
  { known, held, made }: Record<'known' | 'held' | 'made', LabelledRows>,
): number | null {
  if (held.count === 0) return null;
  const [train, other, fake] = trainer.opinions([known, held, made]).map(mean);
  return train! > fake! ? (train! - other!) / (train! - fake!) : 0;
}

/** Looks at a training as it stands; draws from a stream of its own, so that nothing changes. */
export function healthOf(trainer: Trainee, looking: Looking): Health {
  const { training, held, distance } = looking;
  const stream = looking.stream.split(trainer.step);
  const order = stream.permutation(training.labels.length);
  const known = labelledRows(training, order.slice(0, DRAWN));
  const real = held.count > 0 ? held : labelledRows(training, order.slice(-DRAWN));
  const labels = Int32Array.from({ length: DRAWN }, (_, i) => real.labels[i % real.count]!);
  const made = { ...trainer.imagine(labels, stream), labels };
  return {
    step: trainer.step,
    diversity: diversityOf(trainer, training, stream.split('diversity')),
    overfitting: overfittingOf(trainer, { known, held, made }),
    distance: distance(real, made),
    floor: distance(real, known),
  };
}

export type Trouble = 'collapse' | 'overfitting' | 'divergence';

/** A training that was set back, or stopped. */
export interface Setback {
  trouble: Trouble;
  /** What was seen, in words. */
  text: string;
  /** Where it was seen, and the step that the training went back to. */
  step: number;
  back: number;
  /** Noise on what the discriminator sees from there on; null where the training stopped. */
  noise: number | null;
}

/** Everything that later looks depend on, as plain data. */
export interface WatchState {
  best: { health: Health; state: TrainerState } | null;
  /** Looks in a row that found trouble. */
  troubled: number;
  setbacks: readonly Setback[];
}

/** Below this share of the real spread the samples of a class are all alike. */
const LEAST_DIVERSITY = 0.2;
/** From here on the discriminator knows its training vectors by heart. */
const MOST_OVERFITTING = 0.9;
/** Times the best distance so far, and the floor, from which on a training went astray. */
const MOST_DISTANCE = 4;
/** Looks in a row that must find trouble before the training is set back. */
const PATIENCE = 2;
/** Steps before the first look: at the start everything is bad. */
const WARM_UP = 500;
const MORE_NOISE = 1.5;
/** Setbacks after which the training stops. */
const MOST_SETBACKS = 2;

/** What a look says is wrong, and in which words; null where all is well. */
export function troubleOf(health: Health, best: Health | null): [Trouble, string] | null {
  const { diversity, overfitting, distance, floor } = health;
  if (!(diversity >= LEAST_DIVERSITY)) {
    const share = (100 * diversity).toFixed(0);
    return ['collapse', `samples of a class spread ${share} % as far as real ones`];
  }
  if (overfitting !== null && overfitting > MOST_OVERFITTING) {
    const share = (100 * overfitting).toFixed(0);
    return ['overfitting', `held-out materials look ${share} % generated to the discriminator`];
  }
  const limit =
    MOST_DISTANCE * Math.max(Math.abs(floor), best?.distance ?? Number.POSITIVE_INFINITY);
  if (distance <= limit) return null;
  const [now, then] = [distance, best!.distance].map((value) => value.toPrecision(2));
  return [
    'divergence',
    `the distance to real vectors is ${now}, at step ${best!.step} it was ${then}`,
  ];
}

/**
 * Looks after a training: diversity within classes, overfitting of the discriminator, distance to
 * real vectors of held-out materials. Lasting trouble is named and the training set back to its
 * best moment with more noise on what the discriminator sees; after two setbacks it stops there.
 */
export class Watchdog {
  private readonly looking: Looking;
  private kept: WatchState = { best: null, troubled: 0, setbacks: [] };
  private latest: Health | null = null;

  constructor(looking: Looking) {
    this.looking = looking;
  }

  get state(): WatchState {
    return this.kept;
  }

  /** Goes on where a state left off. */
  restore(state: WatchState): void {
    this.kept = state;
  }

  /** What the latest look found; null when it was told before. */
  news(): Health | null {
    const { latest } = this;
    this.latest = null;
    return latest;
  }

  /** Measures, and sets the trainer back where trouble lasts. Gives the setback, null for none. */
  check(trainer: Trainee): Setback | null {
    if (trainer.step < WARM_UP) return null;
    const health = healthOf(trainer, this.looking);
    this.latest = health;
    const found = troubleOf(health, this.kept.best?.health ?? null);
    if (!found) {
      const best = this.kept.best;
      const better = !best || health.distance < best.health.distance;
      this.kept = {
        ...this.kept,
        best: better ? { health, state: trainer.state() } : best,
        troubled: 0,
      };
      return null;
    }
    this.kept = { ...this.kept, troubled: this.kept.troubled + 1 };
    return this.kept.troubled < PATIENCE ? null : this.setBack(trainer, found);
  }

  private setBack(trainer: Trainee, [trouble, text]: [Trouble, string]): Setback {
    const { best, setbacks } = this.kept;
    const step = trainer.step;
    const noise = MORE_NOISE * trainer.inputNoise;
    const last = setbacks.length >= MOST_SETBACKS;
    if (best) trainer.restore(best.state);
    const setback = { trouble, text, step, back: trainer.step, noise: last ? null : noise };
    if (!last) trainer.inputNoise = noise;
    this.kept = { best, troubled: 0, setbacks: [...setbacks, setback] };
    return setback;
  }
}
