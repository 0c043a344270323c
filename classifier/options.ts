import { z } from 'zod';
import { digestOf } from '../src/common/digest.ts';
import { inputError, usageError } from '../src/common/errors.ts';
import type { ProgressFactory } from '../src/common/progress.ts';
import { positive, whole } from '../src/common/settings.ts';
import { classCounts, type Examples, type RealExamples } from '../src/dataset/examples.ts';
import type { Camera } from '../src/simulate/camera.ts';
import type { Technique } from './recipe.ts';
import type { TrainedWeights } from './run-state.ts';
import { type ClassifierSpec, CONSISTENCIES, NETWORKS } from './spec.ts';

/** One training run of a classifier. */
export interface TrainOptions {
  examples: Examples;
  /** Chooses the best weights and the temperature. */
  validation: RealExamples;
  spec: ClassifierSpec;
  /** Words such as `logit-adjustment:tau=1.2`, or techniques of one's own; none is the plain classifier. */
  techniques?: readonly (string | Technique)[];
  /** Weights to start from, of a network of the same spec; random ones where absent. */
  start?: TrainedWeights;
  /** Optimiser updates. */
  updates: number;
  batch?: number;
  seed: number;
  /** Peak of the one-cycle learning rate. */
  rate?: number;
  weightDecay?: number;
  /** Looks at the validation examples, evenly over the run. */
  evaluations?: number;
  /** Looks without a better macro-F1 before the run stops early; never when absent. */
  patience?: number;
  /** How the patterns were sampled; kept with the classifier. */
  camera?: Camera;
  progress?: ProgressFactory;
  /** Where to keep the state, so that an interrupted run goes on exactly where it stood. */
  checkpoint?: { file: string; every: number };
}

/** What a run uses where nothing else is said. */
export const TRAINING_DEFAULTS = {
  updates: 600,
  batch: 64,
  rate: 1.5e-2,
  weightDecay: 3e-2,
  evaluations: 8,
} as const;

type Resolved = Required<Pick<TrainOptions, keyof typeof TRAINING_DEFAULTS>>;

/** Options with the defaults filled in. */
export type ResolvedOptions = TrainOptions & Resolved;

const given = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;

/**
 * Fills in the defaults and checks that the examples can teach this classifier.
 *
 * @throws usage error on numbers out of range, input error on examples that do not serve.
 */
export function resolveOptions(options: TrainOptions): ResolvedOptions {
  const resolved = { ...TRAINING_DEFAULTS, ...given(options) };
  for (const key of ['updates', 'batch', 'evaluations'] as const) {
    if (!Number.isInteger(resolved[key]) || resolved[key] < 1) {
      throw usageError(`${key} = ${resolved[key]} is not a positive integer`);
    }
  }
  checkExamples(resolved);
  return resolved;
}

function checkExamples({ examples, validation, spec }: TrainOptions): void {
  if (examples.count === 0) {
    throw inputError('there is no training example', 'prepare a store with a train split');
  }
  if (validation.count === 0) {
    throw inputError('there is no validation example', 'prepare a store with a validation split');
  }
  const present = [...classCounts(examples)].filter((count) => count > 0).length;
  if (present < 2) {
    throw inputError('the training examples are all of one class', 'give at least two classes');
  }
  if (examples.size !== spec.size) {
    throw inputError(`patterns of ${examples.size} pixels for a network of ${spec.size}`);
  }
  if (examples.classes.join() !== spec.classes.join()) {
    throw inputError('the classes of the examples are not those of the classifier');
  }
}

const identityOfExamples = ({ labels, materials, synthetic, weights }: Examples): string =>
  digestOf([labels, synthetic, weights].map((part) => part && digestOf(part)).concat(materials));

/** Techniques as they are recorded. */
export const techniqueNames = (given: readonly (string | Technique)[] = []): string[] =>
  given.map((one) => (typeof one === 'string' ? one : one.name));

/** What makes two runs the same run, so that one may go on from the other's checkpoint. */
export function identityOf(options: ResolvedOptions): string {
  const { examples, validation, spec, techniques, updates, batch, seed, rate } = options;
  const { weightDecay, evaluations, patience, start } = options;
  return digestOf({
    spec,
    ...(start && { start: digestOf(start.parameters) }),
    techniques: techniqueNames(techniques),
    numbers: { updates, batch, seed, rate, weightDecay, evaluations, patience: patience ?? null },
    examples: identityOfExamples(examples),
    validation: identityOfExamples(validation),
  });
}

/** Technique words from `a,b` or from a list. */
const techniqueWords = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === 'string' ? given.split(',') : given))
  .transform((words) => words.map((word) => word.trim()).filter((word) => word !== ''));

/** Settings of `gan classify train`, with their defaults. */
export const trainSettings = z.strictObject({
  data: z.string().optional(),
  mixture: z.union([z.string(), z.literal(true)]).optional(),
  technique: techniqueWords.default([]),
  multitask: z.boolean().default(false),
  consistency: z
    .enum(CONSISTENCIES, { error: `is none of ${CONSISTENCIES.join(', ')}` })
    .default('none'),
  network: z.enum(NETWORKS, { error: `is none of ${NETWORKS.join(', ')}` }).default('stack'),
  width: whole(1).default(24),
  updates: whole(1).default(TRAINING_DEFAULTS.updates),
  batch: whole(2).default(TRAINING_DEFAULTS.batch),
  rate: positive.default(TRAINING_DEFAULTS.rate),
  patience: whole(1).optional(),
  seed: whole(0).default(1),
  out: z.string().optional(),
});

export type TrainSettings = z.output<typeof trainSettings>;
