import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { type CrystalRequest, crystalsOf } from '../../src/crystal/source.ts';
import { parseSpaceGroups } from '../../src/crystal/symbols.ts';

const folder = mkdtempSync(join(tmpdir(), 'source-'));
afterAll(() => rmSync(folder, { recursive: true }));

const block = (name: string, element: string, a: number) =>
  `data_${name}\n_cell_length_a ${a}\n_cell_length_b ${a}\n_cell_length_c ${a}\n_cell_angle_alpha 90\n` +
  `_cell_angle_beta 90\n_cell_angle_gamma 90\n_space_group_name_H-M_alt 'F m -3 m'\nloop_\n` +
  `_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n${element} 0 0 0\n`;

mkdirSync(join(folder, 'more'));
mkdirSync(join(folder, 'empty'));
writeFileSync(join(folder, 'gold.cif'), block('gold', 'Au', 4.08));
writeFileSync(join(folder, 'bad.cif'), block('bad', 'Qq', 4));
writeFileSync(join(folder, 'broken.cif'), 'this is no CIF');
writeFileSync(
  join(folder, 'more', 'two.CIF'),
  `${block('copper', 'Cu', 3.61)}\n${block('wrong', 'Zz', 4)}\n${block('silver', 'Ag', 4.09)}`,
);
writeFileSync(join(folder, 'notes.txt'), 'not read');

const collect = (request: Omit<CrystalRequest, 'stream'>, seed = 1) => {
  const results = [...crystalsOf({ ...request, stream: new Stream(seed, 'crystals') })];
  return {
    crystals: results.flatMap((r) => ('ok' in r ? [r.ok] : [])),
    failed: results.flatMap((r) => ('failed' in r ? [r.failed] : [])),
  };
};

describe('a source of crystals', () => {
  it('reads a folder of CIF files, reports the bad ones and goes on', () => {
    const { crystals, failed } = collect({ from: [folder] });
    expect(crystals.map((c) => c.material).sort()).toEqual(['Ag-225', 'Au-225', 'Cu-225']);
    expect(new Set(crystals.map((c) => c.id)).size).toBe(3);
    expect(failed.map((f) => f.id.slice(folder.length + 1)).sort()).toEqual([
      'bad.cif',
      'broken.cif',
      'more/two.CIF#wrong',
    ]);
    for (const { id, reason } of failed) expect(reason).toContain(id);
  });

  it('follows links, and reads each real folder and file once', () => {
    const tree = join(folder, 'empty', 'tree');
    for (const name of ['a/b/c', 'd']) mkdirSync(join(tree, name), { recursive: true });
    writeFileSync(join(tree, 'a/b/c/gold.cif'), block('gold', 'Au', 4.08));
    // To parents from two places (which multiply), to a brother, to itself, in a circle, nowhere.
    for (const [name, target] of [
      ['a/up', '..'],
      ['a/b/top', '../..'],
      ['a/b/c/root', tree],
      ['a-before', 'a'],
      ['d/self', 'self'],
      ['d/there', 'back'],
      ['d/back', 'there'],
      ['d/again.cif', '../a/b/c/gold.cif'],
    ] as const)
      symlinkSync(target, join(tree, name));
    linkSync(join(tree, 'a/b/c/gold.cif'), join(tree, 'd/hard.cif'));
    symlinkSync('nowhere', join(tree, 'd/dead.cif'));
    symlinkSync(join(folder, 'more'), join(tree, 'd/elsewhere'));
    const { crystals, failed } = collect({ from: [tree] });
    expect(crystals.map((c) => c.material).sort()).toEqual(['Ag-225', 'Au-225', 'Cu-225']);
    expect(failed.map((f) => f.id.slice(tree.length + 1))).toEqual([
      'd/dead.cif',
      'd/elsewhere/two.CIF#wrong',
    ]);
    rmSync(tree, { recursive: true });
  });

  it('names a path that does not exist before it reads anything', () => {
    expect(() => collect({ from: [folder, join(folder, 'nowhere')] })).toThrow(
      'no file or folder at',
    );
    expect(() => collect({ from: ['mineral'] })).toThrow('did you mean "minerals"?');
    expect(() => collect({ from: [join(folder, 'empty')] })).toThrow('no .cif file in the folder');
  });

  it('limits minerals to groups and to a number of materials, with all their entries', () => {
    const every = collect({ from: ['minerals'], groups: [194, 225] }).crystals;
    const some = collect({ from: ['minerals'], groups: [194, 225], materials: 5 }).crystals;
    for (const group of [194, 225]) {
      const here = some.filter((c) => c.spaceGroup === group);
      const materials = new Set(here.map((c) => c.material));
      expect(materials.size).toBe(5);
      expect(here).toHaveLength(every.filter((c) => materials.has(c.material)).length);
    }
    expect(collect({ from: ['minerals'], groups: [194, 225], materials: 5 }).crystals).toEqual(
      some,
    );
    expect(
      collect({ from: ['minerals'], groups: [194, 225], materials: 5 }, 2).crystals,
    ).not.toEqual(some);
  });

  it('generates the number of materials asked for in each group', () => {
    const { crystals } = collect({ from: ['generated'], groups: [2, 62], materials: 3 });
    expect(crystals.map((c) => c.spaceGroup)).toEqual([2, 2, 2, 62, 62, 62]);
    expect(new Set(crystals.map((c) => c.material)).size).toBe(6);
    const more = collect({ from: ['generated'], groups: [62], materials: 5 }).crystals;
    expect(more.slice(0, 3)).toEqual(crystals.slice(3));
  });

  it('mixes sources', () => {
    const { crystals } = collect({
      from: ['generated', join(folder, 'gold.cif')],
      groups: [225],
      materials: 1,
    });
    expect(crystals.map((c) => c.id.split(':')[0])).toEqual(['cif', 'generated']);
  });
});

describe('words for space groups', () => {
  it.each([
    ['14', [14]],
    ['62, 14,14', [14, 62]],
    ['195-197', [195, 196, 197]],
    ['triclinic', [1, 2]],
    ['Fd-3m,P 21/c', [14, 227]],
  ])('%s', (text, groups) => {
    expect(parseSpaceGroups(text)).toEqual(groups);
  });

  it('all', () => {
    expect(parseSpaceGroups('all')).toHaveLength(230);
    expect(parseSpaceGroups('cubic')).toHaveLength(36);
  });

  it.each(['0', '231', '9-3', 'cubik', '', '14,,62', 'Fd-3mm'])('%j is refused by name', (text) => {
    expect(() => parseSpaceGroups(text)).toThrow(/space group/);
  });
});
