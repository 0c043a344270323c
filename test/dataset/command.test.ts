import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { readSummit, writeSummit } from '../../src/dataset/summit/summit.ts';
import { buildReaders } from './built.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (...names: string[]): string => join(folder, ...names);

function gan(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const launch = join(packageRoot, 'src', 'launch.mjs');
  return spawnSync(process.execPath, [launch, 'data', ...words], { encoding: 'utf8' });
}

beforeAll(async () => {
  buildReaders();
  const samples = Array.from({ length: 30 }, (_, i) =>
    sampleOf(i, { spaceGroup: i < 20 ? 14 : 225 }),
  );
  await writeSummit(at('data', 'some.h5'), samples);
  writeFileSync(at('data', 'broken.h5'), 'not HDF5');
}, 300_000);

describe('the data commands', () => {
  it('inspect, prepare and export, one after the other', async () => {
    const inspected = gan('inspect', at('data'), '--figures', at('figures'), '--json');
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      files: 2,
      census: { samples: 30, materials: 30 },
      anomalies: [{ kind: 'not-hdf5', file: at('data', 'broken.h5') }],
    });
    const pictures = ['classes.png', 'examples.png', 'samples-against-materials.png'];
    expect(
      readdirSync(at('figures'))
        .filter((name) => name.endsWith('.png'))
        .sort(),
    ).toEqual(pictures);

    const prepared = gan('prepare', at('data'), '--size', '16', '--out', at('store.h5'));
    expect(prepared.status).toBe(0);
    expect(prepared.stdout).toMatch(/30 samples, digest [0-9a-f]{64}/);
    expect(prepared.stdout).toContain(`${at('data', 'broken.h5')}: not an HDF5 file`);
    expect(prepared.stdout).toContain('1 material: train only (the class cannot be tested)');
    expect(prepared.stdout).toContain('cannot be tested: none');
    expect(gan('inspect', at('store.h5')).stdout).toMatch(/train +15 /);

    const exported = gan(
      'export',
      at('store.h5'),
      '--split',
      'test',
      '--classes',
      '14',
      '--out',
      at('out'),
      '--json',
    );
    const { samples, files } = JSON.parse(exported.stdout) as { samples: number; files: string[] };
    expect(samples).toBe(6);
    const groups: number[] = [];
    for await (const found of readSummit(files))
      if ('ok' in found) groups.push(found.ok.spaceGroup);
    expect(groups).toEqual(new Array(6).fill(14));
  }, 180_000);

  it.each([
    [3, ['inspect', 'absent.h5'], /no file or folder at absent\.h5/],
    [3, ['inspect', at('data', 'broken.h5')], /broken\.h5: not an HDF5 file/],
    [
      3,
      ['prepare', at('data', 'broken.h5'), '--out', at('x.h5')],
      /no sample in these files can be used/,
    ],
    [3, ['prepare', at('data'), '--strict', '--out', at('x.h5')], /broken\.h5: not an HDF5 file/],
    [2, ['prepare', at('data'), '--size', 'big', '--out', at('x.h5')], /size = "big"/],
    [
      2,
      ['prepare', at('data'), '--size', '64', '--out', at('x.h5')],
      /--size 64: the patterns have 32 pixels/,
    ],
    [
      2,
      ['prepare', at('data'), '--size', '16', '--split', 'official', '--out', at('x.h5')],
      /--split official/,
    ],
    [2, ['prepare', at('data'), '--energies', 'low', '--out', at('x.h5')], /energies/],
    [
      2,
      ['export', at('store.h5'), '--classes', '99', '--out', at('y')],
      /no sample of space group 99/,
    ],
    [3, ['export', at('data', 'some.h5'), '--out', at('y')], /some\.h5/],
  ] as const)(
    'end with code %i and one line: %j',
    (status, words, message) => {
      const ended = gan(...words);
      const lines = ended.stderr.split('\n').filter((line) => line.startsWith('gan:'));
      expect([ended.status, lines]).toEqual([status, [expect.stringMatching(message)]]);
      expect(existsSync(at('x.h5'))).toBe(false);
    },
    60_000,
  );
});
