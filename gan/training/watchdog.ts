import { type Health, healthOf, type Looking } from './health.ts';
import type { Trainee, TrainerState } from './trainee.ts';

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

  /** Looks, and sets the trainer back where trouble lasts. Gives the setback, null for none. */
  look(trainer: Trainee): Setback | null {
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
