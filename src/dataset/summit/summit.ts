import type * as H5wasm from 'h5wasm/node';
import { inputError } from '../../common/errors.ts';
import { atomically } from '../../common/files.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SimulationOptions } from '../../simulate/options.ts';
import type { Sample } from '../../simulate/sample.ts';
import { type Anomaly, anomalyText, isFatal } from '../anomaly.ts';
import { hdf5 } from '../hdf5/library.ts';
import { UnreadableFile } from '../hdf5/library-file.ts';
import { type Reduction, reduceStack } from '../intensity/transform.ts';
import { asColumns, CRYSTAL_ATTRIBUTES, STACK, SummitFile } from './summit-file.ts';

/** One sample as it was found, or what is wrong. */
export type Found = { ok: Sample } | { anomaly: Anomaly };

/**
 * The samples of files in the Summit layout, one at a time, and what is wrong with the others.
 * The stacks are copies, so they may be kept.
 *
 * @param strict stop with an input error at the first sample or file that cannot be used.
 * @example
 * for await (const found of readSummit(['batch_train_0.h5'])) {
 *   if ('ok' in found) console.log(found.ok.key, found.ok.spaceGroup);
 * }
 * @category Data
 */
export async function* readSummit(
  paths: readonly string[],
  { strict = false } = {},
): AsyncGenerator<Found> {
  const found: Found[] = [];
  const report = (anomaly: Anomaly): void => {
    if (strict && isFatal(anomaly)) throw inputError(anomalyText(anomaly));
    found.push({ anomaly });
  };
  for (const path of paths) {
    let file: SummitFile | null = null;
    try {
      file = await SummitFile.open(path, report);
      const camera = file.camera();
      const keys = file.groups();
      if (keys.length === 0) throw new UnreadableFile('file-empty', 'it holds no sample');
      for (const key of keys) {
        const sample = await readSample(file, key, camera, report);
        if (sample) found.push({ ok: sample });
        yield* found.splice(0);
      }
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      report({ kind: error.kind, file: path, group: null, reason: error.message });
    } finally {
      file?.close();
    }
    yield* found.splice(0);
  }
}

async function readSample(
  file: SummitFile,
  key: string,
  camera: Camera,
  report: (anomaly: Anomaly) => void,
): Promise<Sample | null> {
  const facts = await file.facts(key);
  const view = facts && (await file.stack(key, camera.size));
  if (!view) return null;
  const fault = rangeFault(reduceStack(view, camera.size, camera.size));
  if (fault) report({ ...fault, file: file.path, group: key });
  if (fault && isFatal(fault)) return null;
  return { key, ...facts, camera, stack: Float32Array.from(view) };
}

/** What speaks against a stack whose values have this range. */
export function rangeFault(
  range: Pick<Reduction, 'minimum' | 'maximum' | 'finite' | 'blank'>,
): Pick<Anomaly, 'kind' | 'reason'> | null {
  if (!range.finite) return { kind: 'stack-not-finite', reason: 'stack holds NaN or infinity' };
  if (!(range.maximum > 0)) return { kind: 'stack-empty', reason: 'stack holds no intensity' };
  if (range.blank.length > 0) {
    const which = range.blank.length > 1 ? 'patterns' : 'pattern';
    const reason = `${which} ${range.blank.join(' and ')} of 3 without structure in a quarter or more, as never written`;
    return { kind: 'stack-blank', reason };
  }
  if (range.minimum < 0) {
    const reason = `stack holds negative intensities down to ${range.minimum.toExponential(2)}`;
    return { kind: 'stack-negative', reason };
  }
  return null;
}

/**
 * Writes samples in the Summit layout, atomically. All samples of a file share one camera, which
 * is written to the root attribute `camera` (size, pixel in 1/angstrom, centre in pixels). Settings of
 * the simulation that made all of them go into the root attribute `simulation`, as JSON.
 *
 * @returns the number of samples written.
 * @example
 * await writeSummit('mine.h5', samples);
 * @category Data
 */
export async function writeSummit(
  path: string,
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  simulation?: SimulationOptions,
): Promise<number> {
  const { File } = await hdf5();
  return atomically(path, async (temporary) => {
    // The oldest format that holds this, as in the real files: every reader takes it.
    const file = new File(temporary, 'w', { libver: ['earliest', 'latest'] });
    let count = 0;
    let camera: Camera | null = null;
    try {
      if (simulation) {
        const text = JSON.stringify(simulation);
        file.create_attribute('simulation', text, [], `A${Buffer.byteLength(text)}`);
      }
      for await (const sample of samples) {
        camera ??= writeCamera(file, sample.camera);
        if (!sameCamera(camera, sample.camera)) {
          throw inputError(
            `${path}: ${sample.key} was taken with another camera than the samples before`,
          );
        }
        writeSample(file, sample);
        count++;
      }
    } finally {
      file.close();
    }
    return count;
  });
}

/** True where two cameras put every scattering vector on the same pixel. */
export const sameCamera = (a: Camera, b: Camera): boolean =>
  a.size === b.size && Math.abs(a.pixel - b.pixel) < 1e-9 && Math.abs(a.centre - b.centre) < 1e-6;

function writeCamera(file: H5wasm.File, camera: Camera): Camera {
  file.create_attribute('camera', [camera.size, camera.pixel, camera.centre], [3], '<d');
  return camera;
}

// An attribute holds 64 KiB; three coordinates of an atom take 24 bytes.
const MOST_ATOMS = 2500;

function writeSample(file: H5wasm.File, sample: Sample): void {
  const { size } = sample.camera;
  const group = file.create_group(sample.key);
  const doubles = (name: string, values: readonly number[] | null, shape = [3]): void => {
    if (values) group.create_attribute(name, Float64Array.from(values), shape, '<d');
  };
  const bytes = (name: string, text: string): void =>
    group.create_attribute(name, text, [], `A${Buffer.byteLength(text)}`);
  const zones = BigInt64Array.from(asColumns(sample.zones), BigInt);
  bytes('space_group', String(sample.spaceGroup));
  bytes('material', sample.material);
  group.create_attribute('formula', sample.formula);
  if (Number.isFinite(sample.energy)) {
    const energy = new BigInt64Array([BigInt(Math.round(sample.energy))]);
    group.create_attribute('energy_keV', energy, [], '<q');
  }
  const known = sample.zones.some((zone) => zone.some((index) => index !== 0));
  if (known) group.create_attribute('z_dirs', zones, [1, 3, 3], '<q');
  doubles('y_dirs', sample.inPlane && asColumns(sample.inPlane), [1, 3, 3]);
  doubles('semi_angles_rad', sample.semiAngles);
  doubles('d_hkls_angstrom', sample.spacings);
  doubles('abc_angstrom', sample.cell?.slice(0, 3) ?? null);
  doubles('angles_degree', sample.cell?.slice(3) ?? null);
  if (sample.thickness !== null) doubles('thickness_angstrom', [sample.thickness], []);
  if (sample.crystal && sample.crystal.atoms.length <= MOST_ATOMS) {
    const { id, atoms } = sample.crystal;
    bytes(CRYSTAL_ATTRIBUTES.id, id);
    const elements = Int32Array.from(atoms, ({ element }) => element);
    group.create_attribute(CRYSTAL_ATTRIBUTES.elements, elements, [atoms.length], '<i');
    const positions = atoms.flatMap(({ position }) => [...position]);
    doubles(CRYSTAL_ATTRIBUTES.positions, positions, [atoms.length, 3]);
    if (atoms.some(({ uIso }) => uIso !== undefined)) {
      doubles(
        CRYSTAL_ATTRIBUTES.uIso,
        atoms.map(({ uIso }) => uIso ?? -1),
        [atoms.length],
      );
    }
  }
  const shape = [3, size, size];
  group.create_dataset({ name: STACK, data: sample.stack, shape, dtype: '<f' });
}
