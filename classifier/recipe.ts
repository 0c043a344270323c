import type { Strategy } from '../src/balance/strategy.ts';
import { usageError } from '../src/common/errors.ts';
import type { Stream } from '../src/common/stream.ts';
import { didYouMean } from '../src/common/suggest.ts';
import type { Examples } from '../src/dataset/examples.ts';
import type { Tensor1D, Tensor2D, Tensor4D } from '../src/engine/tf.ts';
import type { Classifier, Trace } from './classifier.ts';
import type { Report } from './metrics.ts';
import type { TripletPlacement } from './placement.ts';

/** What losses may know: class counts of the data that are trained on. */
export interface Facts {
  classes: readonly number[];
  /** Real examples of each class. */
  real: Int32Array;
  /** Synthetic examples of each class. */
  synthetic: Int32Array;
}

/** What a technique that changes the training examples may use. */
export interface ResampleContext {
  stream: Stream;
  /** A short training on other examples with a plain recipe: for techniques that search. */
  trial(examples: Examples, stream: Stream): Promise<Classifier>;
  /** How a trial does on the validation examples. */
  score(classifier: Classifier): Report;
  record(point: Trace): void;
}

export type Resample = (examples: Examples, context: ResampleContext) => Promise<Examples>;

/**
 * A random change of the examples of a batch: of where their pixels are read, drawn example by
 * example, or of the inputs (N, size, size, 3) as they stand.
 */
export type Transform =
  | {
      on: 'placement';
      draw(placement: TripletPlacement, example: { spaceGroup: number; stream: Stream }): void;
    }
  | { on: 'input'; apply(x: Tensor4D, stream: Stream): Tensor4D };

/** Loss of each example, (N), for logits and targets (N, K). */
export type Loss = (logits: Tensor2D, targets: Tensor2D) => Tensor1D;

/** What happens to the head once the body is trained. */
export type Finish =
  | { kind: 'retrain'; smote?: { target: Strategy; k: number; m?: number }; updates: number }
  /** `tau` null: the best of 0, 0.1 … 1 on validation. */
  | { kind: 'tau-norm'; tau: number | null };

/** How several networks make one classifier. */
export interface EnsembleRule {
  /** One recipe change a member; the members differ in seed too. */
  members: readonly ((recipe: Recipe) => Recipe)[];
  /** Share of the run's updates that each member gets. */
  budget: number;
}

/** What a training run does, put together from techniques. */
export interface Recipe {
  resample: readonly Resample[];
  transforms: readonly Transform[];
  /** Loss for the data's class counts; tensors it makes belong to the caller's tidy. */
  loss: (facts: Facts) => Loss;
  /** Class weights at a share 0 to 1 of the training. */
  classWeights: (facts: Facts, share: number) => Float32Array | null;
  /** Pairs of a batch are mixed in proportions drawn from Beta(alpha, alpha). */
  mixup: { alpha: number } | null;
  head: 'linear' | 'cosine';
  finish: readonly Finish[];
  ensemble: EnsembleRule | null;
}

/** What part of a training run a technique is; of the roles marked exclusive a run has one. */
const ROLES = {
  sampler: { exclusive: true },
  transform: { exclusive: false },
  loss: { exclusive: true },
  mixing: { exclusive: true },
  head: { exclusive: true },
  ensemble: { exclusive: true },
} as const;
export type Role = keyof typeof ROLES;

export type Settings = Record<string, number | string>;

/** A technique against imbalance: a change of the training recipe. */
export interface Technique<S extends Settings = Settings> {
  name: string;
  /** Roles it fills; the first is what it is. */
  roles: readonly [Role, ...Role[]];
  /** One line. */
  summary: string;
  /** Where it comes from. */
  source: string;
  defaults: S;
  apply(recipe: Recipe, settings: S): Recipe;
}

/** A technique chosen, with its settings resolved. */
export interface Chosen {
  technique: Technique;
  settings: Settings;
}

/**
 * Fixes the type of a technique's settings and hides it again, for the table.
 *
 * @example
 * const mixing = technique({
 *   name: 'strong-mixup',
 *   roles: ['mixing'],
 *   summary: 'mixup with Beta(a, a)',
 *   source: 'mine',
 *   defaults: { a: 0.8 },
 *   apply: (recipe, { a }) => ({ ...recipe, mixup: { alpha: a } }),
 * });
 * await trainClassifier({ ...options, techniques: [mixing] });
 * @category Classifiers
 */
export const technique = <S extends Settings>(made: Technique<S>): Technique =>
  made as unknown as Technique;

function settingValue(given: string, name: string, key: string, fallback: number | string) {
  if (typeof fallback === 'string') return given;
  const value = Number(given);
  if (given === '' || !Number.isFinite(value)) {
    throw usageError(`${name}:${key}=${given} is not a number`, `default ${fallback}`);
  }
  return value;
}

/** Parses `name`, or `name:key=value:key=value`. */
export function parseTechnique(word: string, table: readonly Technique[]): Chosen {
  const [name = '', ...rest] = word.trim().split(':');
  const found = table.find((entry) => entry.name === name);
  if (!found) {
    const names = table.map((entry) => entry.name);
    throw usageError(`technique "${name}" does not exist`, didYouMean(name, names));
  }
  const settings: Settings = { ...found.defaults };
  for (const pair of rest) {
    const [key = '', value = ''] = pair.split('=');
    const fallback = found.defaults[key];
    if (fallback === undefined) {
      const keys = Object.keys(found.defaults);
      const mend = keys.length > 0 ? didYouMean(key, keys) : 'it has no settings';
      throw usageError(`technique ${name} has no setting "${key}"`, mend);
    }
    settings[key] = settingValue(value, name, key, fallback);
  }
  return { technique: found, settings };
}

const EXCLUSIVE = (Object.keys(ROLES) as Role[]).filter((role) => ROLES[role].exclusive);

const sharedRole = (a: Technique, b: Technique): Role | undefined =>
  EXCLUSIVE.find((role) => a.roles.includes(role) && b.roles.includes(role));

/** Refuses two techniques that fill one exclusive role, and one technique twice. */
export function checkTogether(chosen: readonly Chosen[]): void {
  chosen.forEach(({ technique: second }, i) => {
    for (const { technique: first } of chosen.slice(0, i)) {
      if (first.name === second.name) throw usageError(`technique ${first.name} is given twice`);
      const role = sharedRole(first, second);
      if (role) {
        throw usageError(
          `techniques ${first.name} and ${second.name} do not go together`,
          `both set the ${role}; choose one`,
        );
      }
    }
  });
}
