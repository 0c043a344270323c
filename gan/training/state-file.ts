import type { TrainerState } from './trainee.ts';

/** Numbers of a file by name. */
export type Arrays = Record<string, Float32Array>;

const NETWORKS = ['generator', 'discriminator'] as const;

/** The arrays of a state, each name after a prefix, and the rest as plain data. */
export function packState(state: TrainerState, prefix = '') {
  const { step, draws, noise, inputNoise } = state;
  const arrays: Arrays = { [`${prefix}average`]: state.average };
  if (state.singular) arrays[`${prefix}singular`] = state.singular;
  for (const name of NETWORKS) {
    const adam = state[`${name}Adam`];
    arrays[`${prefix}${name}`] = state[name];
    arrays[`${prefix}${name}/mean`] = adam.mean;
    arrays[`${prefix}${name}/square`] = adam.square;
  }
  const adamSteps = NETWORKS.map((name) => state[`${name}Adam`].step);
  const about = { step, adamSteps, draws, noise, inputNoise };
  return { arrays, about };
}

export type AboutState = Pick<TrainerState, 'step' | 'draws' | 'noise' | 'inputNoise'> & {
  adamSteps: number[];
};

/** Undoes `packState`. */
export function unpackState(arrays: Arrays, about: AboutState, prefix = ''): TrainerState {
  const floats = (name: string): Float32Array => arrays[`${prefix}${name}`]!;
  const adam = (name: (typeof NETWORKS)[number]) => ({
    step: about.adamSteps[NETWORKS.indexOf(name)]!,
    mean: floats(`${name}/mean`),
    square: floats(`${name}/square`),
  });
  const { step, draws, noise, inputNoise } = about;
  const singular = arrays[`${prefix}singular`];
  return {
    ...{ step, draws, noise, inputNoise },
    generator: floats('generator'),
    generatorAdam: adam('generator'),
    discriminator: floats('discriminator'),
    discriminatorAdam: adam('discriminator'),
    average: floats('average'),
    ...(singular && { singular }),
  };
}
