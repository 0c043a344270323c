import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { fromPixels } from '../../src/dataset/intensity/transform.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import type { SampleFacts } from '../../src/simulate/sample.ts';
import { writeArchive } from '../../synthetic/archive/archive.ts';
import { passportOf, recordMaterials } from '../../synthetic/archive/passport.ts';
import { buildReaders } from './built.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';
import { NO_H5PY, pythonWithH5py, runPython } from './python.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (name: string): string => join(folder, name);
beforeAll(buildReaders, 300_000);

/** Everything in some files as h5py sees it: type, shape and bytes of every array, texts as they are. */
const READ_ALL = `
import base64, h5py, json, sys
import numpy as np
def plain(value):
    if isinstance(value, bytes): return {"bytes": value.decode()}
    if isinstance(value, str): return {"text": value}
    value = np.asarray(value)
    return {"type": value.dtype.str, "shape": list(value.shape), "values": value.ravel().tolist()}
samples = {}
for path in sys.argv[1:]:
    with h5py.File(path) as file:
        assert list(file.attrs) == ["camera"], list(file.attrs)
        for key, group in file.items():
            assert list(group) == ["cbed_stack"], list(group)
            stack = group["cbed_stack"]
            samples[key] = {
                "camera": file.attrs["camera"].tolist(),
                "attributes": {name: plain(value) for name, value in group.attrs.items()},
                "stack": [stack.dtype.str, list(stack.shape), base64.b64encode(stack[()].tobytes()).decode()],
            }
print(json.dumps(samples))
`;

interface Exported {
  camera: number[];
  attributes: Record<string, unknown>;
  stack: unknown[];
}

/** The samples of an export, by name. */
function exported(from: string, out: string, ...flags: string[]): Record<string, Exported> {
  const launch = join(packageRoot, 'src', 'launch.mjs');
  const words = [launch, 'data', 'export', from, '--out', out, '--json', ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  const { files } = JSON.parse(stdout) as { files: string[] };
  return runPython(READ_ALL, ...files) as Record<string, Exported>;
}

const doubles = (values: readonly number[], shape = [values.length]) => ({
  type: '<f8',
  shape,
  values,
});
const byColumns = (vectors: readonly (readonly number[])[]): number[] =>
  [0, 1, 2].flatMap((i) => vectors.map((vector) => vector[i]!));

/** The attributes of a sample in the Summit layout, those left out that are not known. */
function attributesOf(facts: SampleFacts): Record<string, unknown> {
  const { inPlane, semiAngles, spacings, cell, thickness, zones, energy } = facts;
  const named = zones.some((zone) => zone.some((index) => index !== 0));
  const integers = (values: number[], shape: number[]) => ({ type: '<i8', shape, values });
  return {
    space_group: { bytes: String(facts.spaceGroup) },
    material: { bytes: facts.material },
    formula: { text: facts.formula },
    ...(Number.isFinite(energy) && { energy_keV: integers([energy], []) }),
    ...(named && { z_dirs: integers(byColumns(zones), [1, 3, 3]) }),
    ...(inPlane && { y_dirs: doubles(byColumns(inPlane), [1, 3, 3]) }),
    ...(semiAngles && { semi_angles_rad: doubles(semiAngles) }),
    ...(spacings && { d_hkls_angstrom: doubles(spacings) }),
    ...(cell && { abc_angstrom: doubles(cell.slice(0, 3)) }),
    ...(cell && { angles_degree: doubles(cell.slice(3)) }),
    ...(thickness !== null && { thickness_angstrom: doubles([thickness], []) }),
  };
}

const stackOf = (pixels: Uint8Array, from: number, to: number): unknown[] => [
  '<f4',
  [3, to, to],
  Buffer.from(fromPixels(pixels, from, to).buffer).toString('base64'),
];

it('a selection of a store opens with h5py and gives its arrays and attributes back', async (test) => {
  test.skip(!pythonWithH5py, NO_H5PY);
  const unknown = { inPlane: null, semiAngles: null, spacings: null, cell: null, thickness: null };
  const samples = Array.from({ length: 30 }, (_, i) => ({
    ...sampleOf(i, { spaceGroup: i < 20 ? 14 : 225, energyIndex: i % 10 }),
    formula: `Å${i} O2`,
    ...(i % 4 === 0 && unknown),
  }));
  await writeSummit(at('source.h5'), samples);
  const options = { size: 16, split: 'material', seed: 0, workers: 0 } as const;
  await prepareStore([at('source.h5')], at('store.h5'), options);
  const found = exported(at('store.h5'), at('real'), '--split', 'test', '--size', '32');
  const store = await openStore(at('store.h5'));
  const rows = [...store.indices('test')];
  expect(Object.keys(found).sort()).toEqual(rows.map((row) => store.rows.key[row]!).sort());
  for (const row of rows) {
    const one = found[store.rows.key[row]!]!;
    expect(one.attributes).toEqual(attributesOf(store.facts(row)));
    expect(one.stack).toEqual(stackOf(store.images([row]), 16, 32));
    expect(one.camera).toEqual([32, expect.closeTo(0.16, 12), 16]);
  }
  store.close();
}, 120_000);

it('a selection of a synthetic archive does so too', async (test) => {
  test.skip(!pythonWithH5py, NO_H5PY);
  const size = 8;
  const labels = [62, 225, 62, 14, 225];
  const row = 3 * size * size;
  const images = Uint8Array.from({ length: labels.length * row }, (_, i) => (i * 37) % 256);
  await writeArchive(at('archive.h5'), {
    size,
    images,
    labels,
    classes: [14, 62, 225],
    camera: defaultCamera(size),
    passports: labels.map((label) => passportOf(label, {})),
    origin: {
      store: 'a',
      split: 'b',
      gan: recordMaterials('c', ['x']),
      guide: null,
      verifiers: [],
      scalers: null,
    },
  });
  const found = exported(at('archive.h5'), at('synthetic'), '--classes', '62,225');
  expect(Object.keys(found).sort()).toEqual([0, 1, 2, 4].map((i) => `sample_${i}_0`));
  for (const i of [0, 1, 2, 4]) {
    const { attributes, stack } = found[`sample_${i}_0`]!;
    expect(attributes).toEqual({
      space_group: { bytes: String(labels[i]) },
      material: { bytes: expect.stringMatching(new RegExp(`^synthetic-[0-9a-f]{8}-${i}$`)) },
      formula: { text: '' },
    });
    expect(stack).toEqual(stackOf(images.subarray(i * row, (i + 1) * row), size, size));
  }
}, 60_000);
