import type { RenderedState, SideState } from '../rendered/state.ts';
import type { TrainerState } from './trainee.ts';

/** Numbers of a file by name. */
export type Arrays = Record<string, Float32Array>;

type Side = 'judge' | 'refiner';

/** A state of the part that looks at pixels without its arrays: steps of each optimiser. */
type AboutRendered = Pick<RenderedState, 'draws' | 'noise'> & Partial<Record<Side, number>>;

const SIDES: readonly Side[] = ['judge', 'refiner'];

/** Adds the arrays of a state of the part that looks at pixels. */
function packRendered(state: RenderedState, arrays: Arrays, prefix: string): AboutRendered {
  const { draws, noise } = state;
  const about: AboutRendered = { draws, noise };
  for (const side of SIDES) {
    const own = state[side];
    if (!own) continue;
    const start = `${prefix}rendered/${side}`;
    arrays[start] = own.values;
    arrays[`${start}/mean`] = own.adam.mean;
    arrays[`${start}/square`] = own.adam.square;
    arrays[`${start}/beside`] = own.beside;
    about[side] = own.adam.step;
  }
  return about;
}

function unpackRendered(arrays: Arrays, about: AboutRendered, prefix: string): RenderedState {
  const { draws, noise } = about;
  const sideOf = (side: Side): SideState | null => {
    const step = about[side];
    if (step === undefined) return null;
    const start = `${prefix}rendered/${side}`;
    const [mean, square] = [arrays[`${start}/mean`]!, arrays[`${start}/square`]!];
    const adam = { step, mean, square };
    return { values: arrays[start]!, adam, beside: arrays[`${start}/beside`]! };
  };
  const [judge, refiner] = SIDES.map(sideOf);
  return { draws, noise, ...(judge && { judge }), ...(refiner && { refiner }) };
}

const NETWORKS = ['generator', 'discriminator'] as const;

/** The arrays of a state, each name after a prefix, and the rest as plain data. */
export function packState(state: TrainerState, prefix = '') {
  const { step, draws, noise, inputNoise } = state;
  const arrays: Arrays = { [`${prefix}average`]: state.average };
  const rendered = state.rendered && packRendered(state.rendered, arrays, prefix);
  if (state.singular) arrays[`${prefix}singular`] = state.singular;
  for (const name of NETWORKS) {
    const adam = state[`${name}Adam`];
    arrays[`${prefix}${name}`] = state[name];
    arrays[`${prefix}${name}/mean`] = adam.mean;
    arrays[`${prefix}${name}/square`] = adam.square;
  }
  const adamSteps = NETWORKS.map((name) => state[`${name}Adam`].step);
  const about = { step, adamSteps, draws, noise, inputNoise, ...(rendered && { rendered }) };
  return { arrays, about };
}

export type AboutState = Pick<TrainerState, 'step' | 'draws' | 'noise' | 'inputNoise'> & {
  adamSteps: number[];
  rendered?: AboutRendered;
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
    ...(about.rendered && { rendered: unpackRendered(arrays, about.rendered, prefix) }),
  };
}
