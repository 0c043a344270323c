import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { readSummit } from '../../src/dataset/summit/summit.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { temporaryFolder } from '../support/folder.ts';

const folder = temporaryFolder('simulate');
const at = (...names: string[]): string => join(folder, ...names);

/** A CIF file of cubic AB, rock salt where nothing is changed. */
const rockSalt = (change: Record<string, string> = {}): string => {
  const lines = {
    cell: 'length_a 5.64,length_b 5.64,length_c 5.64,angle_alpha 90,angle_beta 90,angle_gamma 90',
    first: 'Na1 0 0 0',
    ...change,
  };
  const cell = lines.cell.split(',').map((line) => `_cell_${line}`);
  const loop = ['label', 'fract_x', 'fract_y', 'fract_z'].map((tag) => `_atom_site_${tag}`);
  const symbol = "_symmetry_space_group_name_H-M 'F m -3 m'";
  return ['data_x', ...cell, symbol, 'loop_', ...loop, lines.first, 'Cl1 .5 .5 .5', ''].join('\n');
};

const SALT = at('salt.cif');
const MIXED = at('mixed');

beforeAll(() => {
  mkdirSync(MIXED);
  writeFileSync(SALT, rockSalt());
  writeFileSync(join(MIXED, 'good.cif'), rockSalt());
  writeFileSync(join(MIXED, 'cell.cif'), rockSalt({ cell: 'volume 180' }));
  writeFileSync(join(MIXED, 'element.cif'), rockSalt({ first: 'Xx1 0 0 0' }));
  writeFileSync(join(MIXED, 'clash.cif'), rockSalt({ first: 'Na1 .48 .5 .5' }));
});

function gan(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const launch = join(packageRoot, 'src', 'launch.mjs');
  const env = { ...process.env, CBED_WORKSPACE: at('workspace') };
  return spawnSync(process.execPath, [launch, 'data', 'simulate', ...words], {
    encoding: 'utf8',
    env,
  });
}

async function simulated(name: string, ...words: string[]): Promise<Sample[]> {
  const ended = gan(...words, '--out', at(name), '--json');
  expect(ended.stderr).toBe('');
  const { out, samples, failed } = JSON.parse(ended.stdout) as {
    out: string;
    samples: number;
    failed: unknown[];
  };
  expect(failed).toEqual([]);
  const found: Sample[] = [];
  for await (const one of readSummit([out])) if ('ok' in one) found.push(one.ok);
  expect(found.length).toBe(samples);
  return found;
}

describe('gan data simulate', () => {
  it('gives each crystal at each energy and thickness, along the zones asked for', async () => {
    const words = [
      '--crystals',
      'minerals',
      'generated',
      SALT,
      '--groups',
      '225',
      '--materials',
      '1',
    ];
    const beams = ['--energies', '100,200', '--thickness', '50,100', '--zones', '001,1-10,111'];
    const found = await simulated('lists.h5', ...words, ...beams, '--size', '32');
    const materials = new Set(found.map(({ material }) => material));
    expect(materials.size).toBe(2); // one of minerals and files together, one generated
    expect(new Set(found.map(({ key }) => key)).size).toBe(found.length);
    for (const material of materials) {
      const settings = found
        .filter((one) => one.material === material)
        .map(({ energy, thickness }) => `${energy} kV ${thickness} A`);
      expect(new Set(settings)).toEqual(
        new Set(['100 kV 50 A', '100 kV 100 A', '200 kV 50 A', '200 kV 100 A']),
      );
    }
    for (const { zones, spaceGroup, camera } of found) {
      expect(zones).toEqual([
        [0, 0, 1],
        [1, -1, 0],
        [1, 1, 1],
      ]);
      expect([spaceGroup, camera.size]).toEqual([225, 32]);
    }
  }, 120_000);

  it('takes the zones of the strongest reflections of rock salt, and tells their spacings', async () => {
    const [sample] = await simulated('strongest.h5', '--crystals', SALT, '--zones', 'strongest');
    // Of copper K-alpha powder lines without thermal motion 200 and 220 lead; 420 (24 planes, factor
    // 3.6) passes 222 (8 planes, factor 6.6), which it does not in warm salt.
    const spacings = [...sample!.spacings!].sort((a, b) => b - a);
    [200, 220, 420].forEach((hkl, i) => {
      const sum = [...String(hkl)].reduce((total, digit) => total + Number(digit) ** 2, 0);
      expect(spacings[i]).toBeCloseTo(5.64 / Math.sqrt(sum), 3);
    });
    expect(sample!.inPlane).not.toBeNull();
  }, 60_000);

  it('simulates as the Summit data were made, with fewer pixels and one probe', async () => {
    const few = ['--size', '64', '--positions', '1', '--seed', '3'];
    const [sample] = await simulated('summit.h5', '--crystals', SALT, '--mode', 'summit', ...few);
    expect(sample!.spacings).not.toBeNull();
    expect(sample!.camera).toEqual({ size: 64, pixel: 0.08, centre: 31.5625 });
    sample!.semiAngles!.forEach((angle, i) => {
      expect(angle).toBeCloseTo(0.037014 / (4 * sample!.spacings![i]!), 5); // lambda(100 kV) / 4d
    });
  }, 120_000);

  it('shards into files that together are the whole', async () => {
    const words = ['--crystals', 'generated', '--groups', '123,225', '--materials', '2'];
    const whole = await simulated('whole.h5', ...words, '--size', '32');
    const parts = [
      ...(await simulated('part.h5', ...words, '--size', '32', '--shard', '1/2')),
      ...(await simulated('part.h5', ...words, '--size', '32', '--shard', '2/2')),
    ];
    expect(existsSync(at('part.1-of-2.h5')) && existsSync(at('part.2-of-2.h5'))).toBe(true);
    const facts = (samples: Sample[]) =>
      samples
        .map(({ key, material, spaceGroup, cell }) => ({ key, material, spaceGroup, cell }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    expect(facts(parts)).toEqual(facts(whole));
    for (const part of parts) {
      const same = whole.find(({ material }) => material === part.material)!;
      // Crystals of another batch are padded to other sizes, so that the last bits may differ.
      const difference = part.stack.reduce((sum, v, i) => sum + Math.abs(v - same.stack[i]!), 0);
      expect(difference).toBeLessThan(1e-4 * same.stack.reduce((sum, v) => sum + v, 0));
    }
  }, 180_000);

  it('skips the bad files of a folder and names each, in the listing and in the run folder', () => {
    const ended = gan('--crystals', MIXED, '--size', '32', '--out', at('mixed.h5'));
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain('1 triplet of 1 crystal');
    expect(ended.stderr).toContain('3 crystals were left out');
    for (const [file, reason] of [
      ['cell.cif', 'no _cell_length_a'],
      ['element.cif', 'site Xx1 names no element'],
      ['clash.cif', 'angstrom apart'],
    ]) {
      expect(ended.stderr.split('\n').filter((line) => line.includes(file!))).toEqual([
        expect.stringContaining(reason!),
      ]);
    }
    const list = /all in (.*failed\.json)/.exec(ended.stderr)![1]!;
    expect(JSON.parse(readFileSync(list, 'utf8'))).toHaveLength(3);
  }, 60_000);

  it('draws a sheet and a large triplet', () => {
    const words = [
      '--crystals',
      SALT,
      '--size',
      '32',
      '--preview',
      '--out',
      at('seen.h5'),
      '--json',
    ];
    const { pictures } = JSON.parse(gan(...words).stdout) as { pictures: string[] };
    expect(pictures).toEqual([at('seen-sheet.png'), at('seen-triplet.png')]);
    const sheet = readFileSync(at('seen-sheet.svg'), 'utf8');
    for (const word of ['>NaCl<', 'Fm-3m (225)', '[001]', '[111]']) expect(sheet).toContain(word);
    const large = readFileSync(at('seen-triplet.svg'), 'utf8');
    for (const word of ['zone axis [001]', '0.5 1/Å', '>200<', '>220<']) {
      expect(large).toContain(word);
    }
  }, 60_000);
});

describe('bad input ends in one line', () => {
  const OUT = at('bad.h5');
  it.each([
    [2, ['--zones', '000,110,111'], /zone axis 000 has no direction/],
    [2, ['--zones', '001,110'], /--zones 001,110: expected standard, strongest or three/],
    [2, ['--shard', '3/2'], /--shard 3\/2: expected i\/n/],
    [2, ['--materials', '0'], /--materials 0: expected a whole number/],
    [2, ['--groups', '231'], /231/],
    [2, ['--energies', 'low'], /--energies low: expected a number/],
    [2, ['--energies', '200,200'], /energies.*given twice/],
    [2, ['--thickness', '100,50'], /ascending/],
    [2, ['--mode', 'fast'], /--mode fast: expected periodic, box, summit/],
    [2, ['--no-holz'], /--no-holz belongs to the box mode/],
    [2, ['--crystals', SALT, '--thermal', 'frozen-phonons'], /--mode box/],
    [3, ['--crystals', at('nowhere.cif')], /no file or folder at .*nowhere\.cif/],
    [3, ['--crystals', 'mineral'], /minerals/],
    // With what to do about the file, and nothing about flags.
    [3, ['--crystals', at('mixed', 'cell.cif')], /cell\.cif: .*no _cell_length_a(?!.*widen)/],
    [3, ['--crystals', SALT, '--semiangle', '20'], /makes the discs of zone .* overlap/],
    [3, ['--crystals', SALT, '--mode', 'box', '--box', '12'], /box of 12 angstrom is too small/],
  ] as const)(
    'with code %i: %j',
    (status, words, message) => {
      const ended = gan(...words, '--out', OUT);
      const lines = ended.stderr.split('\n').filter((line) => line.startsWith('gan:'));
      expect([ended.status, lines]).toEqual([status, [expect.stringMatching(message)]]);
      expect(existsSync(OUT)).toBe(false);
    },
    60_000,
  );
});
