import { z } from 'zod';
import { readConfigFile, resolveConfig } from '../../src/common/config.ts';
import { usageError } from '../../src/common/errors.ts';
import { defaultStorePath } from '../../src/common/run.ts';
import { oneOf, positive, whole } from '../../src/common/settings.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { type CommonSettings, type GeneratorKind, PRESETS } from '../generator.ts';
import { defaultKind, GENERATOR_NAMES, generatorKind } from '../kinds.ts';

/** What a training is about, whatever kind of generator it trains. */
const about = z.object({
  preset: oneOf(PRESETS).default('cpu'),
  /** The kind that fits the store where absent. */
  generator: oneOf(GENERATOR_NAMES).optional(),
  /** Pixels a side; those of the store where absent. */
  size: whole(1).optional(),
  data: z.string().default(defaultStorePath),
  classes: z.coerce.string().default('rare'),
  minutes: positive.optional(),
  keep: whole(1).default(2),
});

/** What is trained, on which store, and how long. */
export type TrainingAbout = z.output<typeof about>;

/** Where settings come from: flags, a config file, and those of a run that is gone on with. */
export interface SettingSources {
  flags: Record<string, unknown>;
  file?: string;
  resumed?: string;
}

/** Settings of all sources as one table, the flags strongest. */
function merged({ flags, file, resumed }: SettingSources): Record<string, unknown> {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return {
    ...(resumed ? readConfigFile(resumed) : {}),
    ...(file ? readConfigFile(file) : {}),
    ...Object.fromEntries(given),
  };
}

/**
 * What a training is about, from flags, a config file and the run that is gone on with.
 *
 * @throws usage error that names the setting and what is expected, also where another generator is
 * named than the one of the run.
 */
export function trainingAbout(sources: SettingSources): TrainingAbout {
  const { resumed } = sources;
  const found = resolveConfig(about, merged(sources));
  if (!resumed) return found;
  const { generator = 'codec' } = readConfigFile(resumed);
  if (found.generator === undefined || found.generator === generator) return found;
  throw usageError(
    `--generator ${found.generator}: the run that --resume goes on with trains a ${String(generator)} generator`,
    'leave out --generator, or start anew without --resume',
  );
}

/** What is trained: the kind, its own settings, and the store at the size that it trains at. */
export interface TrainingSetup {
  about: TrainingAbout;
  kind: GeneratorKind;
  config: CommonSettings;
  store: Store;
  /** All settings as one table, as config.json and --config hold them. */
  settings: Record<string, unknown>;
}

/**
 * The kind of generator, its settings and its store.
 *
 * @throws usage error that names the setting and what is expected, or a store that does not fit.
 */
export async function trainingSetup(
  found: TrainingAbout,
  opened: Store,
  sources: SettingSources,
): Promise<TrainingSetup> {
  const { preset, size } = found;
  const name = found.generator ?? (await defaultKind(opened));
  const kind = await generatorKind(name);
  const own = kind.settings(preset);
  const all = resolveConfig(z.strictObject({ ...about.shape, ...own.shape }), merged(sources));
  const settings = { ...all, generator: name };
  const config = Object.fromEntries(
    Object.entries(settings).filter(([key]) => !(key in about.shape)),
  ) as unknown as CommonSettings;
  const store = kind.storeFor(opened, size);
  const misfit = kind.misfit(store);
  if (misfit) throw usageError(`--generator ${name}: ${misfit}`);
  return { about: { ...found, generator: name }, kind, config, store, settings };
}
