import { inputError } from '../common/errors.ts';
import type { Stream } from '../common/stream.ts';
import { reduceStack, resampledCamera } from '../dataset/intensity/transform.ts';
import { isStore, openStore } from '../dataset/store/store.ts';
import { resolveSources } from '../dataset/summit/sources.ts';
import { readSummit } from '../dataset/summit/summit.ts';
import type { Camera } from '../simulate/camera.ts';
import type { SampleFacts } from '../simulate/sample.ts';

/** A triplet to be looked at, at the size of a store. */
export interface Specimen {
  key: string;
  facts: SampleFacts;
  camera: Camera;
  /** (size, size, 3) stored values, NHWC. */
  pixels: Uint8Array;
}

export interface SpecimenRequest {
  /** One prepared store, or files in the Summit layout. */
  files: readonly string[];
  /** Triplets wanted. */
  count: number;
  /** Pixels a side to which the patterns of Summit files are averaged. */
  size: number;
  /** Chooses the rows of a store. */
  stream: Stream;
}

async function fromStore(path: string, { count, stream }: SpecimenRequest): Promise<Specimen[]> {
  const store = await openStore(path);
  try {
    const rows = stream.permutation(store.count).slice(0, count);
    return rows.map((row) => ({
      key: store.rows.key[row]!,
      facts: store.facts(row),
      camera: store.camera,
      pixels: store.images([row]),
    }));
  } finally {
    store.close();
  }
}

/**
 * Triplets of a prepared store, drawn at random, or the first ones of Summit files.
 *
 * @throws input error where there is none.
 */
export async function specimens(request: SpecimenRequest): Promise<Specimen[]> {
  const { files, count, size } = request;
  if (files.length === 1 && (await isStore(files[0]!))) return fromStore(files[0]!, request);
  const out: Specimen[] = [];
  for await (const found of readSummit(resolveSources(files).paths)) {
    if (!('ok' in found)) continue;
    const { key, camera, stack, ...facts } = found.ok;
    const side = Math.min(size, camera.size);
    const { pixels } = reduceStack(stack, camera.size, side);
    out.push({ key, facts, camera: resampledCamera(camera, side), pixels });
    if (out.length === count) break;
  }
  if (out.length === 0) throw inputError(`no triplet can be read in ${files.join(', ')}`);
  return out;
}
