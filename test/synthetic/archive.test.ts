import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import { openArchive, writeArchive } from '../../synthetic/archive/archive.ts';
import { passportOf, recordMaterials } from '../../synthetic/archive/passport.ts';

const folder = mkdtempSync(join(tmpdir(), 'archive-'));
const size = 8;
const stream = new Stream(1, 'archive test');
const images = Uint8Array.from({ length: 5 * size * size * 3 }, () => stream.index(256));
const labels = [62, 62, 225, 14, 225];
const origin = {
  store: 'a',
  split: 'b',
  gan: recordMaterials('c', ['x', 'y', 'x']),
  guide: null,
  scalers: null,
};
const contents = {
  size,
  images,
  labels,
  classes: [14, 62, 225],
  camera: defaultCamera(size),
  passports: labels.map((label, i) => passportOf(label, { margin: i / 3, parents: ['Si é'] })),
  origin,
  parameters: {
    values: Float32Array.from({ length: 10 }, (_, i) => i),
    width: 2,
    layout: ['a', 'b'],
  },
};

it('gives back what was written, and pixels in the order asked for', async () => {
  const path = join(folder, 'a.h5');
  await writeArchive(path, contents);
  const archive = await openArchive(path);
  expect([...archive.labels]).toEqual(labels);
  expect(archive.classes).toEqual([14, 62, 225]);
  expect(archive.camera).toEqual(contents.camera);
  expect(archive.passports).toEqual(contents.passports);
  expect(archive.origin).toEqual(origin);
  expect(archive.parameters).toEqual(contents.parameters);
  const row = size * size * 3;
  const asked = [3, 0, 1, 4];
  expect(archive.images(asked)).toEqual(
    Uint8Array.from(asked.flatMap((i) => [...images.subarray(i * row, (i + 1) * row)])),
  );
});
it('holds no samples too', async () => {
  const path = join(folder, 'none.h5');
  await writeArchive(path, {
    ...contents,
    images: new Uint8Array(0),
    labels: [],
    passports: [],
    parameters: undefined,
  });
  expect((await openArchive(path)).count).toBe(0);
});
