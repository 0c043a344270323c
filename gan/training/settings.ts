import { z } from 'zod';
import { readConfigFile, resolveConfig } from '../../src/common/config.ts';
import { usageError } from '../../src/common/errors.ts';
import { defaultStorePath } from '../../src/common/run.ts';
import { oneOf, positive, whole } from '../../src/common/settings.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { type GanConfig, GENERATORS, ganConfigFor, PRESETS } from '../config.ts';
import { storeOfSize } from '../pixel/averaged-store.ts';
import { type PixelConfig, pixelConfigFor } from '../pixel/config.ts';

const word = {
  preset: oneOf(PRESETS).default('cpu'),
  generator: oneOf(GENERATORS).default('codec'),
};

const about = z.object({
  ...word,
  /** Pixels a side; those of the store where absent. */
  size: whole(1).optional(),
  data: z.string().default(defaultStorePath),
  classes: z.coerce.string().default('rare'),
  minutes: positive.optional(),
  keep: whole(1).default(2),
});

/** What is trained, whatever kind of network it is. */
export type TrainingAbout = z.output<typeof about>;

/** What the networks are and how they learn. */
export type NetworkSettings =
  | { generator: 'codec'; config: GanConfig }
  | { generator: 'pixel'; config: PixelConfig };

export interface TrainingSettings {
  about: TrainingAbout;
  network: NetworkSettings;
}

/**
 * The settings of one training from flags and a config file: which generator and preset they name
 * decides which others there are.
 *
 * @throws usage error that names the setting and what is expected.
 */
export function trainingSettings(flags: Record<string, unknown>, path?: string): TrainingSettings {
  const file = path ? readConfigFile(path) : {};
  const named = resolveConfig(z.object(word), {
    preset: flags.preset ?? file.preset,
    generator: flags.generator ?? file.generator,
  });
  const { generator, preset } = named;
  const own = <Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>) => {
    const all = resolveConfig(z.strictObject({ ...about.shape, ...schema.shape }), flags, path);
    const entries = Object.entries(all).filter(([name]) => !(name in about.shape));
    return Object.fromEntries(entries) as z.output<z.ZodObject<Shape>>;
  };
  return {
    network:
      generator === 'codec'
        ? { generator, config: own(ganConfigFor(preset)) as GanConfig }
        : { generator, config: own(pixelConfigFor(preset)) as PixelConfig },
    about: resolveConfig(about, flags, path),
  };
}

/**
 * The store at the size that is trained at.
 *
 * @throws usage error that names both sizes where they do not go together.
 */
export function storeFor({ about: { size }, network }: TrainingSettings, store: Store): Store {
  if (network.generator !== 'codec') return storeOfSize(store, size);
  if (size === undefined || size === store.size) return store;
  throw usageError(
    `--size ${size}: ${store.path} has ${store.size} pixels a side, and a codec GAN draws as its store does`,
    'leave --size away, or use --generator pixel',
  );
}
