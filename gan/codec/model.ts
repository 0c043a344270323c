import type { TripletDiscs } from '../../src/codec/discs.ts';
import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { knownLabel, type Lineage } from '../lineage.ts';
import { classCodes } from './codes.ts';
import { type Critic, criticScores } from './critic.ts';
import {
  decodedTriplets,
  decodeTensors,
  drawVectors,
  type SpaceContext,
  spaceTensors,
} from './decode.ts';
import { embed, type GanShape, generator, generatorLayout } from './networks.ts';
import { type Decoding, type DecodingPlan, planDecoding } from './plan.ts';
import { type CodecSpace, vectorWidth } from './space.ts';
import { packSpace, unpackSpace } from './space-file.ts';
import { joinRows } from './vectors.ts';

export interface GanParts {
  shape: GanShape;
  space: CodecSpace;
  /** Flat weights of the averaged generator. */
  weights: Float32Array;
  /** The discriminator that the generator learned from; without it nothing is scored. */
  critic?: Critic;
  lineage: Lineage;
}

const FORMAT = 'cbed-gan codec generator 2';

/**
 * A trained conditional GAN: class and latent vector to codec vector to triplet. Tensors in and
 * out are the caller's; free the model with `dispose`.
 */
export class GanModel {
  readonly classes: readonly number[];
  readonly shape: GanShape;
  readonly space: CodecSpace;
  readonly lineage: Lineage;
  /** SHA-256 of the weights of both networks and the space. */
  readonly digest: string;
  readonly parts: GanParts;
  private readonly flat: Tensor1D;
  private readonly codes: Tensor2D;
  private readonly context: SpaceContext;

  constructor(parts: GanParts) {
    const { values, code } = classCodes(parts.space.classes);
    this.parts = parts;
    this.classes = parts.space.classes;
    this.shape = parts.shape;
    this.space = parts.space;
    this.lineage = parts.lineage;
    this.flat = tf.tensor1d(parts.weights);
    this.codes = tf.tensor2d(values, [this.classes.length, code]);
    this.context = { space: parts.space, tensors: spaceTensors(parts.space) };
    const arrays = Object.values(packSpace(parts.space).arrays);
    const critic = parts.critic ? [parts.critic.weights] : [];
    this.digest = digestOf([parts.weights, ...arrays, ...critic].map((array) => digestOf(array)));
  }

  /** Label of a space group; an input error names the classes where the GAN does not know it. */
  labelOf(spaceGroup: number): number {
    return knownLabel(this.classes, (label) => this.space.zones[label] !== null, spaceGroup);
  }

  /** Whether a class (by index) had a training triplet, whose zone axes new triplets take. */
  readonly hasZones = (label: number): boolean => this.space.zones[label] !== null;

  /** Class embeddings (B, embedding) between label and partner: (1 - t) e_label + t e_partner. */
  embeddings(decodings: readonly Decoding[]): Tensor2D {
    return tf.tidy(() => {
      const rows = (labels: number[]): Tensor2D =>
        tf.gather(this.codes, tf.tensor1d(labels, 'int32'));
      const own = rows(decodings.map(({ label }) => label));
      const other = rows(decodings.map(({ label, partner = label }) => partner));
      const share = tf.tensor2d(decodings.map(({ t = 0 }) => [t]));
      const mixed = own.mul(tf.sub(1, share)).add(other.mul(share)) as Tensor2D;
      return embed(generatorLayout(this.shape).unpack(this.flat), mixed);
    });
  }

  /** Codec vectors (B, width) of latent vectors and embeddings; differentiable in both. */
  vectors(z: Tensor2D, embeddings: Tensor2D): Tensor2D {
    return tf.tidy(() => generator(generatorLayout(this.shape).unpack(this.flat), z, embeddings));
  }

  /**
   * How real the discriminator finds codec vectors under the classes of labels, each by itself:
   * higher is more real, and the hinge loss pulls real ones above 1 and drawn ones below -1. Null
   * where the file has no discriminator.
   */
  scores(vectors: readonly Float32Array[], labels: readonly number[]): Float32Array | null {
    const { critic } = this.parts;
    if (!critic) return null;
    return criticScores(critic, this.shape, {
      ...{ vectors: joinRows(vectors), labels, codes: this.codes },
    });
  }

  /** Plans the drawing of vectors (B, width) given as numbers. */
  plan(vectors: Float32Array, decodings: readonly Decoding[]): DecodingPlan {
    return planDecoding(this.space, vectors, decodings);
  }

  /** Draws vectors, (B, S, S, 3) in network units; differentiable in the table scores. */
  draw(vectors: Tensor2D, plan: DecodingPlan): Tensor4D {
    return drawVectors(vectors, plan, this.context);
  }

  /** Coefficients (discs, MODES) of the discs of vectors, in detector axes. */
  coefficients(vectors: Tensor2D, plan: DecodingPlan): Float32Array {
    return numbersOf(() => decodeTensors(vectors, plan, this.context).coefficients);
  }

  /** The discs of vectors, as lattices and coefficients. */
  triplets(vectors: Tensor2D, plan: DecodingPlan): TripletDiscs[] {
    return decodedTriplets(plan, this.coefficients(vectors, plan));
  }

  save(path: string): void {
    const { arrays, description } = packSpace(this.space);
    const { weights, critic } = this.parts;
    writeTensorFile(path, {
      arrays: {
        ...arrays,
        'generator/weights': weights,
        ...(critic && { 'discriminator/weights': critic.weights }),
      },
      description: {
        format: FORMAT,
        shape: this.shape,
        space: description,
        lineage: this.lineage,
        digest: this.digest,
        ...(critic && { spread: critic.spread }),
      },
    });
  }

  /** @throws input error where the file is no generator or does not have the digest it says. */
  static load(path: string): GanModel {
    const { arrays, description } = readTensorFile(path);
    if (description.format !== FORMAT) {
      throw inputError(`${path} is no generator of this version`, 'train one: gan train');
    }
    const judge = arrays['discriminator/weights'] as Float32Array | undefined;
    const model = new GanModel({
      ...(judge && { critic: { weights: judge, spread: description.spread as number } }),
      shape: description.shape as GanShape,
      space: unpackSpace(arrays, description.space as Record<string, unknown>),
      weights: arrays['generator/weights'] as Float32Array,
      lineage: description.lineage as Lineage,
    });
    if (model.digest === description.digest && model.shape.vector === vectorWidth(model.space)) {
      return model;
    }
    model.dispose();
    throw inputError(`${path} was changed after it was written`);
  }

  dispose(): void {
    const { axes, mean, weights } = this.context.tensors;
    tf.dispose([this.flat, this.codes, axes, mean, weights]);
  }
}
