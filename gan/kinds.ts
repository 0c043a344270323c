import { inputError } from '../src/common/errors.ts';
import { readTensorFile } from '../src/common/tensorfile.ts';
import type { Store } from '../src/dataset/store/store.ts';
import type { Generator, GeneratorKind } from './generator.ts';

/**
 * Every kind of generator: a line each. A kind is a folder whose `kind.ts` exports it; it is
 * loaded when it is asked for, so that a help text needs no engine. The first whose `misfit` is
 * null is the default of a store.
 */
const GENERATOR_KINDS = {
  crystal: async () => (await import('./crystal/kind.ts')).crystalKind,
  codec: async () => (await import('./codec/kind.ts')).codecKind,
  pixel: async () => (await import('./pixel/kind.ts')).pixelKind,
} as const;

export type GeneratorName = keyof typeof GENERATOR_KINDS;

/** Names in the order of the registry. */
export const GENERATOR_NAMES = Object.keys(GENERATOR_KINDS) as [GeneratorName, ...GeneratorName[]];

/**
 * A kind by its name.
 *
 * @example
 * const kind = await generatorKind('codec');
 * console.log(kind.summary, kind.misfit(store) ?? 'fits the store');
 * @category Generators
 */
export const generatorKind = async (name: GeneratorName): Promise<GeneratorKind> =>
  (await GENERATOR_KINDS[name]()) as GeneratorKind;

/** A file says in `format` which kind wrote it: `cbed-gan KIND generator N`. */
const FORMAT = /^cbed-gan (\w+) generator \d+$/;

/**
 * A trained generator of whatever kind wrote the file.
 *
 * @throws input error where the file is no generator of this version or was changed.
 * @example
 * const generator = await loadGenerator('workspace/runs/my-gan/model.safetensors');
 * const { samples } = await generator.sample({ wanted: new Map([[62, 20]]), seed: 1 });
 * @category Generators
 */
export async function loadGenerator(path: string): Promise<Generator> {
  const { format } = readTensorFile(path).description;
  const name = FORMAT.exec(String(format))?.[1];
  const known = GENERATOR_NAMES.find((one) => one === name);
  if (!known) {
    throw inputError(`${path} is no generator of this version`, 'train one: npx gan train');
  }
  return (await generatorKind(known)).load(path);
}

/** The kind that a store is trained with where none is named: the first that fits it. */
export async function defaultKind(store: Store): Promise<GeneratorName> {
  for (const name of GENERATOR_NAMES) {
    if ((await generatorKind(name)).misfit(store) === null) return name;
  }
  return 'codec';
}
