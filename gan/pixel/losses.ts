import { type Scalar, type Tensor1D, tf } from '../../src/engine/tf.ts';
import { discriminatorHinge, generatorHinge } from '../codec/losses.ts';

/** What both networks minimise, from scores (B) of real and generated triplets of equal classes. */
export interface Objective {
  discriminator(real: Tensor1D, fake: Tensor1D): Scalar;
  generator(real: Tensor1D, fake: Tensor1D): Scalar;
  /** Whether the generator's loss looks at real scores. */
  relative: boolean;
}

const hinge: Objective = {
  discriminator: discriminatorHinge,
  generator: (_, fake) => generatorHinge(fake),
  relative: false,
};

/**
 * The relativistic pairing loss (Jolicoeur-Martineau 2018; Huang et al. 2024): E softplus of how far
 * the score of one side falls short of the other's.
 */
const relativistic: Objective = {
  discriminator: (real, fake) => tf.softplus(fake.sub(real)).mean(),
  generator: (real, fake) => tf.softplus(real.sub(fake)).mean(),
  relative: true,
};

export const OBJECTIVES = { hinge, relativistic } as const;
