import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFile, launcher } from '../../src/common/paths.ts';
import { importManifest } from '../../src/dataset/import/import.ts';
import { readPatternFile } from '../../src/dataset/import/read-pattern.ts';
import { fromPixels } from '../../src/dataset/intensity/transform.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { toyStore } from '../support/toy-store.ts';
import { buildReaders } from './built.ts';
import { temporaryFolder } from './fixture.ts';
import { NO_H5PY, pythonWithH5py, runPython } from './python.ts';

const { folder, remove } = temporaryFolder();
const at = (name: string): string => join(folder, name);
const SIZE = 32;
let store: Store;

beforeAll(async () => {
  await buildReaders();
  const made = await toyStore(folder, { counts: [5, 4], size: SIZE, classes: [14, 225] });
  store = await openStore(made.store);
}, 300_000);
afterAll(() => {
  store?.close();
  remove();
});

function exported(format: string, ...flags: string[]) {
  const words = ['data', 'export', store.path, '--out', at(format), '--format', format, ...flags];
  return spawnSync(process.execPath, [launcher, ...words, '--json'], { encoding: 'utf8' });
}

/** All stacks of the store, (count, 3, SIZE, SIZE). */
function stacks(): number[] {
  const rows = Array.from({ length: store.count }, (_, row) => row);
  return rows.flatMap((row) => [...fromPixels(store.images([row]), SIZE)]);
}

const texts = (of: (row: number) => string) =>
  Array.from({ length: store.count }, (_, row) => of(row));

describe('npz', () => {
  it('holds the intensities, as its own reader here finds them', async () => {
    expect(exported('npz').status).toBe(0);
    const { patterns } = await readPatternFile(at('npz/real_0.npz'), 100);
    expect(patterns).toHaveLength(3 * store.count);
    expect(patterns.flatMap(({ values }) => [...values])).toEqual(stacks());
  });

  it('is what numpy reads', (test) => {
    test.skip(!pythonWithH5py, NO_H5PY);
    const script = `
import json, sys
import numpy as np
with np.load(sys.argv[1]) as file:
    print(json.dumps({name: [a.dtype.str, list(a.shape), a.tolist()] for name, a in ((n, file[n]) for n in file)}))
`;
    const found = runPython(script, at('npz/real_0.npz')) as Record<
      string,
      [string, number[], unknown]
    >;
    const n = store.count;
    expect(found.intensity!.slice(0, 2)).toEqual(['<f4', [n, 3, SIZE, SIZE]]);
    expect((found.intensity![2] as number[][][][]).flat(3)).toEqual(stacks());
    expect(found.space_group).toEqual(['<i4', [n], [...store.rows.spaceGroup]]);
    expect(found.key).toEqual(['<U10', [n], store.rows.key]);
    expect(found.material![2]).toEqual(texts((row) => store.facts(row).material));
    expect(found.zones).toEqual([
      '<i4',
      [n, 3, 3],
      texts(() => '').map(() => [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]),
    ]);
    expect(found.pixel_inv_angstrom).toEqual(['<f8', [], store.camera.pixel]);
    expect(found.energy_kev).toEqual(['<f8', [n], texts(() => '').map(() => 100)]);
  });
});

/** Layout of a file: groups, attributes with type, data sets with type and shape; no values. */
const LAYOUT = `
import h5py, json, sys
def attributes(o):
    return {n: [str(v.get_type().get_class()), str(v.dtype), list(v.shape)] for n, v in ((n, o.attrs.get_id(n)) for n in o.attrs)}
found = {}
with h5py.File(sys.argv[1]) as file:
    found["/"] = attributes(file)
    file.visititems(lambda name, o: found.__setitem__(name, attributes(o)))
    group = file["Experiments/CBED triplets"]
    values = {
        "layout": found,
        "axes": [{n: (v if isinstance(v, str) else v.item()) for n, v in group["axis-%d" % i].attrs.items()} for i in range(4)],
    }
    if "data" in group:
        data = group["data"]
        sample = group["metadata/Sample"]
        values["data"] = [str(data.dtype), list(data.shape), data.compression, data[()].ravel().tolist()]
        values["sample"] = {n: [str(d.dtype), (d.asstr() if d.dtype == object else d)[()].tolist()] for n, d in sample.items()}
        values["energy"] = group["metadata/Acquisition_instrument/TEM"].attrs["beam_energy"]
print(json.dumps(values))
`;

type Layout = Record<string, Record<string, unknown>>;

describe('hspy', () => {
  it('is read here with its calibration', async () => {
    expect(exported('hspy', '--size', String(2 * SIZE)).status).toBe(0);
    const { patterns, pixel } = await readPatternFile(at('hspy/real_0.hspy'), 100);
    expect(pixel).toBeCloseTo(store.camera.pixel / 2, 12);
    expect(patterns).toHaveLength(3 * store.count);
    expect(patterns[4]!.width).toBe(2 * SIZE);
    expect(patterns[4]!.values[6 * 2 * SIZE + 8]).toBe(stacks()[4 * SIZE ** 2 + 3 * SIZE + 4]);
  });

  it("lies as HyperSpy's own writer lays it, with axes and metadata, for h5py", (test) => {
    test.skip(!pythonWithH5py, NO_H5PY);
    const own = runPython(LAYOUT, dataFile('export', 'hyperspy.hspy')) as { layout: Layout };
    const found = runPython(LAYOUT, at('hspy/real_0.hspy')) as {
      layout: Layout;
      axes: Record<string, unknown>[];
      data: unknown[];
      sample: Record<string, unknown>;
      energy: number;
    };
    for (const [name, attributes] of Object.entries(own.layout)) {
      if (/axis-[01]$/.test(name)) delete attributes.units;
      expect([name, found.layout[name]]).toEqual([name, attributes]);
    }
    const side = 2 * SIZE;
    const pixel = store.camera.pixel / 2;
    const plain = { _type: 'UniformDataAxis', is_binned: false, offset: 0, scale: 1 };
    const along = {
      ...plain,
      navigate: false,
      size: side,
      scale: pixel,
      offset: expect.closeTo((-(side - 1) / 2) * pixel, 12),
      units: '1/Å',
    };
    expect(found.axes).toEqual([
      { ...plain, navigate: true, name: 'triplet', size: store.count },
      { ...plain, navigate: true, name: 'zone axis', size: 3 },
      { ...along, name: 'ky' },
      { ...along, name: 'kx' },
    ]);
    expect(found.data.slice(0, 3)).toEqual(['float32', [store.count, 3, side, side], 'gzip']);
    expect(Math.max(...(found.data[3] as number[]))).toBe(Math.max(...stacks()));
    expect(found.energy).toBe(100);
    expect(found.sample).toMatchObject({
      _list_space_group: ['int32', [...store.rows.spaceGroup]],
      _list_key: ['object', store.rows.key],
      _list_material: ['object', texts((row) => store.facts(row).material)],
    });
  });

  it('opens in HyperSpy, and what HyperSpy saves of it is read here', async (test) => {
    const script = 'import hyperspy.api, json; print(json.dumps(1))';
    const has = pythonWithH5py && spawnSync(pythonWithH5py, ['-c', script]).status === 0;
    test.skip(!has, 'no HyperSpy here');
    const [dimensions, units] = runPython(
      `
import json, sys
import hyperspy.api as hs
signal = hs.load(sys.argv[1])
signal.inav[:, 1].save(sys.argv[2])
axes = signal.axes_manager
print(json.dumps([axes.navigation_shape + axes.signal_shape, [a.units for a in axes.signal_axes]]))
`,
      at('hspy/real_0.hspy'),
      at('one.hspy'),
    ) as unknown[];
    expect(dimensions).toEqual([3, store.count, 2 * SIZE, 2 * SIZE]);
    expect(units).toEqual(['1/Å', '1/Å']);
    const { patterns, pixel } = await readPatternFile(at('one.hspy'), 100);
    expect(pixel).toBeCloseTo(store.camera.pixel / 2, 12);
    expect(patterns).toHaveLength(3);
  }, 180_000);
});

describe('png', () => {
  it('comes back through its manifest pixel for pixel', async () => {
    expect(exported('png', '--size', String(2 * SIZE)).status).toBe(0);
    const out = at('back.h5');
    const field = (store.camera.pixel * SIZE) / 2;
    await importManifest(at('png/real.csv'), out, { size: SIZE, field, seed: 0 });
    const back = await openStore(out);
    expect(back.camera).toEqual(store.camera);
    for (let row = 0; row < store.count; row++) {
      const { spaceGroup, material, formula, energy, zones, thickness } = store.facts(row);
      expect(back.facts(row)).toMatchObject({
        spaceGroup,
        material,
        formula,
        energy,
        zones,
        thickness,
      });
      expect(back.images([row])).toEqual(store.images([row]));
    }
    back.close();
  });

  it('never overwrites', () => {
    const { status, stderr } = exported('png');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/real\.csv stands there already/)]);
    expect(existsSync(at('png/real.csv'))).toBe(true);
  });
});
