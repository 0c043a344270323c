import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor1D, tf } from '../../src/engine/tf.ts';
import type { SimulationOptions } from '../../src/simulate/options.ts';
import { classCodes } from '../classes.ts';
import { knownLabel, type Lineage } from '../lineage.ts';
import { disposeBatch, elementTables, encodeCrystals } from './codec.ts';
import { type ElementTensors, elementTensors } from './features.ts';
import { appearance } from './look.ts';
import { type CrystalShape, crystalDiscriminatorLayout, scoreCrystals } from './networks.ts';
import { NoveltyCheck } from './novelty.ts';
import { PROPOSAL_BLOCK, type Proposal, type Proposer, proposeBlock } from './proposals.ts';
import { gatherCrystals, type MadeCrystals } from './sample.ts';
import { CrystalSources, type SourceShares } from './skeleton-sources.ts';
import { skeletonOf } from './skeletons.ts';

const FORMAT = 'cbed-gan crystal generator 1';

/** Everything that a crystal generator is. */
export interface CrystalModelParts {
  shape: CrystalShape;
  /** Space groups of the store, ascending: label order. */
  classes: readonly number[];
  /** Space groups that have a place in class codes: those of all training crystals. */
  groups: readonly number[];
  shares: SourceShares;
  /** Flat weights. */
  generator: Float32Array;
  discriminator: Float32Array;
  /** Mean spread of groups of real crystals, as the discriminator sees it. */
  spread: number;
  /** Crystals that it learned from, of its classes and of others. */
  training: readonly Crystal[];
  /** Crystals of held-out materials: nothing is made from them, samples equal to one are refused. */
  heldOut: readonly Crystal[];
  lineage: Lineage;
  /** How its crystals are drawn. */
  simulation: SimulationOptions;
}

export interface SampleCrystalsRequest {
  /** How many of each space group. */
  wanted: ReadonlyMap<number, number>;
  seed: number;
  /** Below 1: latent vectors nearer to the middle; 1 by default. */
  truncation?: number;
  /** Shares of skeletons other than those of the training. */
  shares?: SourceShares;
  progress?: ProgressFactory;
}

/** A trained crystal GAN. Free it with `dispose`. */
export class CrystalModel {
  readonly parts: CrystalModelParts;
  readonly sources: CrystalSources;
  /** SHA-256 of everything that changes its crystals and their patterns. */
  readonly digest: string;
  private readonly elements: ElementTensors;
  private readonly weights: Tensor1D;
  private readonly codes: { values: Float32Array; code: number };

  constructor(parts: CrystalModelParts) {
    this.parts = parts;
    this.sources = new CrystalSources(parts.training);
    this.elements = elementTensors(elementTables(this.sources.elements, this.sources.distances));
    this.weights = tf.tensor1d(parts.generator);
    this.codes = classCodes(parts.groups);
    this.digest = digestOf({
      ...parts,
      generator: Array.from(parts.generator),
      discriminator: Array.from(parts.discriminator),
    });
  }

  get classes(): readonly number[] {
    return this.parts.classes;
  }

  /** Whether any training crystal has the group of a class (by index). */
  knows(label: number): boolean {
    return this.parts.groups.includes(this.parts.classes[label]!);
  }

  /** Label of a space group. @throws input error that names the classes it knows. */
  labelOf(spaceGroup: number): number {
    return knownLabel(this.parts.classes, (label) => this.knows(label), spaceGroup);
  }

  private codeOf(spaceGroup: number): Float32Array {
    const { values, code } = this.codes;
    const at = this.parts.groups.indexOf(spaceGroup);
    if (at < 0) throw inputError(`the GAN does not know space group ${spaceGroup}`);
    return values.subarray(at * code, (at + 1) * code);
  }

  private proposer({
    shares,
    truncation,
  }: Pick<SampleCrystalsRequest, 'shares' | 'truncation'>): Proposer {
    return {
      sources: this.sources,
      shares: shares ?? this.parts.shares,
      shape: this.parts.shape,
      elements: this.elements,
      weights: this.weights,
      codeOf: (spaceGroup) => this.codeOf(spaceGroup),
      truncation,
    };
  }

  /** Proposals of a class by their numbers, unchecked; equal requests give equal proposals. */
  propose(
    which: { spaceGroup: number; seed: number; indices: readonly number[] },
    options: Pick<SampleCrystalsRequest, 'shares' | 'truncation'> = {},
  ): Proposal[] {
    const proposer = this.proposer(options);
    const out: Proposal[] = [];
    const blocks = new Map<number, number[]>();
    for (const index of which.indices) {
      const block = Math.floor(index / PROPOSAL_BLOCK);
      blocks.set(block, [...(blocks.get(block) ?? []), index]);
    }
    for (const indices of blocks.values())
      out.push(...proposeBlock(proposer, { ...which, indices }));
    return out;
  }

  /** Checked, new crystals; the same request gives the same crystals. */
  sampleCrystals(request: SampleCrystalsRequest): MadeCrystals {
    const { wanted, seed, progress, ...options } = request;
    return gatherCrystals({
      wanted,
      progress,
      sources: this.sources,
      novelty: new NoveltyCheck({ training: this.parts.training, heldOut: this.parts.heldOut }),
      nameOf: (spaceGroup, index) => `gan:${seed}-${spaceGroup}-${index}`,
      propose: (spaceGroup, indices) => this.propose({ spaceGroup, seed, indices }, options),
    });
  }

  /** How real the discriminator finds crystals, NaN for those that it cannot take. */
  scores(crystals: readonly Crystal[]): Float32Array {
    const { shape, spread } = this.parts;
    const out = new Float32Array(crystals.length).fill(Number.NaN);
    const usable = crystals.flatMap((crystal, at) => {
      const sited = skeletonOf(crystal);
      return sited && this.sources.takes(sited) && this.parts.groups.includes(crystal.spaceGroup)
        ? [{ at, sited }]
        : [];
    });
    for (let from = 0; from < usable.length; from += PROPOSAL_BLOCK) {
      const some = usable.slice(from, from + PROPOSAL_BLOCK);
      const batch = encodeCrystals(
        some.map(({ sited }) => sited),
        this.sources.elements,
      );
      const values = numbersOf(() => {
        const rows = some.flatMap(({ sited }) => [...this.codeOf(sited.skeleton.spaceGroup)]);
        const codes = tf.tensor2d(rows, [some.length, this.codes.code]);
        const weights = crystalDiscriminatorLayout(shape).named(
          tf.tensor1d(this.parts.discriminator),
        );
        const seen = appearance(batch, batch, this.elements);
        return scoreCrystals(weights, seen, { mask: batch.mask, codes, spread });
      });
      disposeBatch(batch);
      some.forEach(({ at }, i) => {
        out[at] = values[i]!;
      });
    }
    return out;
  }

  save(path: string): void {
    const { generator, discriminator: other, ...description } = this.parts;
    writeTensorFile(path, {
      arrays: { 'generator/weights': generator, 'discriminator/weights': other },
      description: { format: FORMAT, ...description, digest: this.digest },
    });
  }

  /** @throws input error where the file is no crystal generator or was changed. */
  static load(path: string): CrystalModel {
    const { arrays, description } = readTensorFile(path);
    if (description.format !== FORMAT) {
      throw inputError(`${path} is no crystal generator of this version`, 'train one: gan train');
    }
    const {
      format: _,
      digest,
      ...parts
    } = description as unknown as Omit<CrystalModelParts, 'generator' | 'discriminator'> & {
      format: string;
      digest: string;
    };
    const model = new CrystalModel({
      ...parts,
      generator: arrays['generator/weights'] as Float32Array,
      discriminator: arrays['discriminator/weights'] as Float32Array,
    });
    if (model.digest === digest) return model;
    model.dispose();
    throw inputError(`${path} was changed after it was written`);
  }

  dispose(): void {
    tf.dispose([this.weights, this.elements]);
  }
}
