import { join } from 'node:path';
import { writeCard } from '../src/common/card.ts';
import { digestOf } from '../src/common/digest.ts';
import { usageError } from '../src/common/errors.ts';
import { writeTensorFile } from '../src/common/tensorfile.ts';
import { type Tensor2D, type Tensor4D, tf } from '../src/engine/tf.ts';
import { classifierCard } from './card.ts';
import { logPrior } from './class-weights.ts';
import type { TrainedClassifier, TrainingRecord, TripletInput } from './classifier.ts';
import { logitAdjusted } from './losses.ts';
import { type Recipe, technique } from './recipe.ts';
import { CLASSIFIER_FILE, mapBlocks, type SingleClassifier } from './single.ts';

/** Several networks whose calibrated probabilities are averaged. Owns its members. */
export class EnsembleClassifier implements TrainedClassifier {
  readonly members: readonly SingleClassifier[];
  readonly temperature: number;
  readonly digest: string;
  readonly seen: TrainedClassifier['seen'];
  readonly training?: TrainingRecord;

  constructor(
    members: readonly SingleClassifier[],
    { temperature, training }: { temperature: number; training?: TrainingRecord },
  ) {
    this.members = members;
    this.temperature = temperature;
    this.training = training;
    const materials = [...new Set(members.flatMap((one) => one.seen.materials))].sort();
    this.seen = { materials, digest: digestOf(materials) };
    this.digest = digestOf({ temperature, members: members.map((one) => one.digest) });
  }

  get classes(): readonly number[] {
    return this.members[0]!.classes;
  }

  get size(): number {
    return this.members[0]!.size;
  }

  get camera() {
    return this.members[0]!.camera;
  }

  get featureCount(): number {
    return this.members.reduce((sum, one) => sum + one.featureCount, 0);
  }

  /** log of the mean probability, before the ensemble's own temperature. */
  private logMeanOf(input: Tensor4D): Tensor2D {
    return tf.tidy(() => {
      const each = this.members.map((one) => tf.softmax(one.logitsOf(input)));
      return tf.addN(each).div(each.length).add(1e-12).log() as Tensor2D;
    });
  }

  logitsOf(input: Tensor4D): Tensor2D {
    return tf.tidy(() => this.logMeanOf(input).div(this.temperature) as Tensor2D);
  }

  featuresOf(input: Tensor4D): Tensor2D {
    return tf.tidy(
      () =>
        tf.concat(
          this.members.map((one) => one.featuresOf(input)),
          1,
        ) as Tensor2D,
    );
  }

  predict(patterns: TripletInput): Float32Array {
    return mapBlocks(patterns, this.size, (x) => tf.softmax(this.logitsOf(x)));
  }

  logits(patterns: TripletInput): Float32Array {
    return mapBlocks(patterns, this.size, (x) => this.logMeanOf(x));
  }

  features(patterns: TripletInput): Float32Array {
    return mapBlocks(patterns, this.size, (x) => this.featuresOf(x));
  }

  async save(folder: string): Promise<void> {
    const arrays: Record<string, Float32Array> = {};
    const members = this.members.map(({ data }, i) => {
      const { parameters, statistics, ...rest } = data;
      Object.assign(arrays, { [`${i}/parameters`]: parameters, [`${i}/statistics`]: statistics });
      return rest;
    });
    const { temperature, training } = this;
    const description = { kind: 'ensemble', members, temperature, training };
    writeTensorFile(join(folder, CLASSIFIER_FILE), { arrays, description });
    const network = `ensemble of ${members.length} ${this.members[0]!.data.spec.network}`;
    writeCard(join(folder, 'README.md'), classifierCard(this, network));
  }

  dispose(): void {
    for (const member of this.members) member.dispose();
  }
}

const adjustedBy =
  (tau: number) =>
  (recipe: Recipe): Recipe => ({
    ...recipe,
    loss: ({ real }) => {
      const adjustment = logPrior(real, tau);
      return (z, t) => logitAdjusted(z, t, tf.tensor1d(adjustment));
    },
  });

/** Members that each get this share of the run's updates. */
function ensembleOf(
  recipe: Recipe,
  members: readonly ((recipe: Recipe) => Recipe)[],
  budget: number,
): Recipe {
  if (!(budget > 0 && budget <= 1)) throw usageError(`budget=${budget} is not above 0 and up to 1`);
  return { ...recipe, ensemble: { members, budget } };
}

export const ENSEMBLE_TECHNIQUES = [
  technique({
    name: 'ensemble',
    roles: ['ensemble'],
    summary: 'several seeds, probabilities averaged; budget: share of the updates for each',
    source: 'Lakshminarayanan et al. 2017, arXiv:1612.01474',
    defaults: { members: 3, budget: 1 },
    apply(recipe, { members, budget }) {
      if (!Number.isInteger(members) || members < 2) {
        throw usageError(`ensemble:members=${members} is not a whole number of at least 2`);
      }
      const same = Array.from({ length: members }, () => (one: Recipe) => one);
      return ensembleOf(recipe, same, budget);
    },
  }),
  technique({
    name: 'experts',
    roles: ['ensemble', 'loss'],
    summary: 'experts for frequent, all and rare classes (logit adjustment 0, 1, 2), averaged',
    source: 'Zhang et al. 2022, arXiv:2107.09249',
    defaults: { budget: 1 },
    apply: (recipe, { budget }) =>
      ensembleOf(recipe, [adjustedBy(0), adjustedBy(1), adjustedBy(2)], budget),
  }),
];
