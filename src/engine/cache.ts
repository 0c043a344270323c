import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Which TensorFlow build: for the processor, or for NVIDIA GPUs. */
export type EngineDevice = 'cpu' | 'cuda';

/** The per-user folder that checkouts share: `CBED_CACHE`, or cbed-gan below the XDG cache. */
export function cacheFolder(): string {
  if (process.env.CBED_CACHE) return resolve(process.env.CBED_CACHE);
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cbed-gan');
}

/** Where one unpacked TensorFlow stands: lib/, include/ and manifest.json. */
export const tensorflowFolder = (version: string, device: EngineDevice): string =>
  join(cacheFolder(), `tensorflow-${version}-${device}-${process.arch}`);

/** Wheels on their way in; emptied when they are unpacked. */
export const downloadsFolder = (): string => join(cacheFolder(), 'downloads');
