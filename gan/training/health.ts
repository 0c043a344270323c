import { rowsByClass } from '../../src/balance/sampling.ts';
import type { Stream } from '../../src/common/stream.ts';
import { classCount, type TrainingVectors } from '../codec/batches.ts';
import {
  type LabelledRows,
  labelledRows,
  meanDistance,
  type VectorRows,
  vectorRows,
} from '../codec/vectors.ts';
import type { Trainee } from './trainee.ts';

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

const mean = (list: ArrayLike<number>): number =>
  Array.from(list).reduce((sum, value) => sum + value, 0) / list.length;

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
