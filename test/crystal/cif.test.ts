import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CbedError } from '../../src/common/errors.ts';
import { readCif } from '../../src/crystal/cif/cif.ts';
import { parseFormula } from '../../src/crystal/cif/composition.ts';
import { parseCif, valuesOf } from '../../src/crystal/cif/text.ts';
import { elementSymbol } from '../../src/crystal/elements.ts';
import { FAULTS } from './cif-faults.ts';

const folder = mkdtempSync(join(tmpdir(), 'cif-'));
afterAll(() => rmSync(folder, { recursive: true }));

let written = 0;
function fileOf(text: string): string {
  const path = join(folder, `case${written++}.cif`);
  writeFileSync(path, text);
  return path;
}

const dataPath = (name: string): string => join(import.meta.dirname, '..', 'data', 'cif', name);

const read = (text: string) => readCif(fileOf(text));

interface Parts {
  cell?: string;
  symmetry?: string;
  sites?: string;
}

const cellText = (...values: (number | string)[]): string =>
  ['length_a', 'length_b', 'length_c', 'angle_alpha', 'angle_beta', 'angle_gamma']
    .map((tag, i) => `_cell_${tag} ${values[i]}`)
    .join('\n');

const ROCK_SALT = cellText(5.64, 5.64, 5.64, 90, 90, 90);
const SITE_LOOP =
  'loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n';
const SALT_SITES = `${SITE_LOOP}Na1 0 0 0\nCl1 0.5 0.5 0.5\n`;
const cif = ({
  cell = ROCK_SALT,
  symmetry = "_symmetry_space_group_name_H-M 'F m -3 m'",
  sites = SALT_SITES,
}: Parts): string => `data_test\n${cell}\n${symmetry}\n${sites}`;

const operationsLoop = (...triplets: string[]): string =>
  `loop_\n_symmetry_equiv_pos_as_xyz\n${triplets.map((t) => `'${t}'`).join('\n')}\n`;

describe('CIF files', () => {
  it('give rock salt by its symbol', () => {
    const crystal = read(cif({}));
    expect(crystal).toMatchObject({ spaceGroup: 225, formula: 'Na4 Cl4', material: 'NaCl-225' });
    expect(crystal.cell).toEqual([5.64, 5.64, 5.64, 90, 90, 90]);
  });

  it.each([
    ['Hall symbol', "_space_group_name_Hall '-F 4 2 3'"],
    ['number', '_space_group_IT_number 225'],
    ['old symbol', '_symmetry_space_group_name_H-M "F m 3 m"'],
    ['symbol with setting', "_space_group_name_H-M_alt 'F m -3 m'"],
  ])('read the symmetry from the %s', (_, symmetry) => {
    expect(read(cif({ symmetry })).spaceGroup).toBe(225);
  });

  it('find the true symmetry of a structure written in P1', () => {
    const sites = `${SITE_LOOP}Na 0 0 0\nNa 0 .5 .5\nNa .5 0 .5\nNa .5 .5 0\nCl .5 0 0\nCl 0 .5 0\nCl 0 0 .5\nCl .5 .5 .5\n`;
    expect(read(cif({ symmetry: operationsLoop('x, y, z'), sites })).spaceGroup).toBe(225);
  });

  it('keep left and right quartz apart (Levien et al. 1980)', () => {
    const cell = cellText('4.916(1)', '4.916(1)', '5.4054(4)', 90, 90, 120);
    const sites = (z: string) => `${SITE_LOOP}Si .4697(1) 0 ${z}\nO .4135 .2669 .7857\n`;
    const right = operationsLoop(
      'x,y,z',
      '-y,x-y,z+1/3',
      '-x+y,-x,z+2/3',
      'y,x,-z',
      'x-y,-y,-z+2/3',
      '-x,-x+y,-z+1/3',
    );
    const left = operationsLoop(
      'x,y,z',
      '-y,x-y,z+2/3',
      '-x+y,-x,z+1/3',
      'y,x,-z',
      'x-y,-y,-z+1/3',
      '-x,-x+y,-z+2/3',
    );
    expect(
      read(cif({ cell, symmetry: right, sites: sites('1/3').replace('1/3', '0.33333') }))
        .spaceGroup,
    ).toBe(152);
    expect(read(cif({ cell, symmetry: left, sites: sites('0.66667') })).spaceGroup).toBe(154);
  });

  it('bring P 2_1/n to the standard setting', () => {
    // Monazite, CePO4 (Ni, Hughes and Mariano 1995).
    const cell = cellText(6.7902, 7.0203, 6.4674, 90, 103.38, 90);
    const sites = `${SITE_LOOP}Ce .28152 .15929 .10006\nP .3048 .1630 .6121\nO1 .2501 .0068 .4450\nO2 .3814 .3307 .4975\nO3 .4745 .1054 .8042\nO4 .1274 .2153 .7108\n`;
    const crystal = read(
      cif({ cell, symmetry: "_symmetry_space_group_name_H-M 'P 1 21/n 1'", sites }),
    );
    expect(crystal.spaceGroup).toBe(14);
    expect(crystal.formula).toBe('Ce4 P4 O16');
    expect(crystal.cell[4]).toBeLessThan(130);
  });

  it('bring rhombohedral axes and origin choice 1 to the standard setting', () => {
    const bismuth = read(
      cif({
        cell: cellText(4.7459, 4.7459, 4.7459, 57.23, 57.23, 57.23),
        symmetry: "_symmetry_space_group_name_H-M 'R -3 m'",
        sites: `${SITE_LOOP}Bi .23389 .23389 .23389\n`,
      }),
    );
    expect(bismuth).toMatchObject({ spaceGroup: 166, formula: 'Bi6' });
    expect(bismuth.cell[5]).toBe(120);
    const diamond = read(
      cif({
        cell: cellText(3.567, 3.567, 3.567, 90, 90, 90),
        symmetry: "_symmetry_space_group_name_H-M 'F d -3 m:1'",
        sites: `${SITE_LOOP}C 0 0 0\n`,
      }),
    );
    expect(diamond).toMatchObject({ spaceGroup: 227, formula: 'C8' });
    expect(
      diamond.atoms.some((atom) => atom.position.every((x) => Math.abs(x - 0.125) < 1e-9)),
    ).toBe(true);
  });

  it('use isotropic displacement parameters, U or B', () => {
    const head = SITE_LOOP.trimEnd();
    const u = read(
      cif({ sites: `${head}\n_atom_site_U_iso_or_equiv\nNa 0 0 0 0.0202(3)\nCl .5 .5 .5 ?\n` }),
    );
    const by = (symbol: string) => u.atoms.find((atom) => elementSymbol(atom.element) === symbol)!;
    expect(by('Na').uIso).toBeCloseTo(0.0202, 9);
    expect(by('Cl').uIso).toBeUndefined();
    const b = read(
      cif({ sites: `${head}\n_atom_site_B_iso_or_equiv\nNa 0 0 0 1.6\nCl .5 .5 .5 0\n` }),
    );
    expect(b.atoms[0]!.uIso).toBeCloseTo(1.6 / (8 * Math.PI ** 2), 9);
    expect(b.atoms.at(-1)!.uIso).toBeUndefined();
  });

  it.each([
    ['in the column of U', 'U_iso_or_equiv\n_atom_site_adp_type', '1.6 Biso'],
    ['by the old tag', 'U_iso_or_equiv\n_atom_site_thermal_displace_type', '1.6 Bani'],
    ['in both columns', 'U_iso_or_equiv\n_atom_site_B_iso_or_equiv', '1.6 1.6'],
  ])('convert B %s', (_, columns, values) => {
    const sites = `${SITE_LOOP}_atom_site_${columns}\nNa 0 0 0 ${values}\nCl .5 .5 .5 ${values}\n`;
    for (const atom of read(cif({ sites })).atoms) {
      expect(atom.uIso).toBeCloseTo(1.6 / (8 * Math.PI ** 2), 9);
    }
  });

  it.each([
    ['Fe3+', 'Fe'],
    ['O2-', 'O'],
    ['CL', 'Cl'],
    ['D', 'H'],
    ['Ow', 'O', 'label'],
    ['HO1', 'H', 'label', 'H'],
    ['HO1', 'Ho', 'label', 'Ho'],
    ['CA1', 'C', 'label', 'C'],
    ['CA1', 'Ca', 'label', 'Ca'],
    ['Ca1', 'Ca', 'label'],
    ['O1W', 'O', 'label'],
  ])('read %s as %s', (text, symbol, kind = 'type_symbol', formula = '') => {
    const composition = formula ? `_chemical_formula_sum '${symbol}'\n` : '';
    const sites = `${composition}loop_\n_atom_site_${kind}\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n${text} 0 0 0\n`;
    expect(elementSymbol(read(cif({ sites })).atoms[0]!.element)).toBe(symbol);
  });

  it('may have quotes, text fields, comments, both dictionaries and Windows line ends', () => {
    const text = [
      'data_x # a comment',
      '_publ_title',
      ';',
      "It's a text _cell_length_a 9",
      ';',
      "_chemical_name 'it''s salt'",
      ...cellText(5.64, 5.64, 5.64, 90, 90, 90).replaceAll('_cell_', '_cell.').split('\n'),
      "_symmetry.space_group_name_H-M   'F m -3 m'",
      SALT_SITES.replaceAll('_atom_site_', '_atom_site.'),
    ];
    expect(read(text.join('\r\n')).spaceGroup).toBe(225);
  });
});

const big = (count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `C${i} ${(i % 100) / 100} ${Math.floor(i / 100) / 100} .5`,
  ).join('\n');

describe('a CIF file that cannot be used is refused with one line', () => {
  it.each([
    ['no cell', { cell: '' }, 'no _cell_length_a'],
    ['an unknown cell', { cell: cellText('?', 5, 5, 90, 90, 90) }, 'no _cell_length_a'],
    [
      'a cell that is no number',
      { cell: cellText('five', 5, 5, 90, 90, 90) },
      '"five" is no number',
    ],
    ['an impossible cell', { cell: cellText(5, 5, 5, 40, 100, 150) }, 'no cell has the parameters'],
    ['a flat cell', { cell: cellText(5, 0, 5, 90, 90, 90) }, 'no cell has the parameters'],
    ['an unknown element', { sites: `${SITE_LOOP}Xx1 0 0 0\n` }, 'site Xx1 names no element'],
    ['a site without coordinates', { sites: `${SITE_LOOP}Na1 0 ? 0\n` }, 'site Na1 has no fract_y'],
    ['no sites', { sites: '' }, 'no atom sites'],
    ['clashing atoms', { sites: `${SITE_LOOP}Na 0 0 0\nCl .03 0 0\n` }, 'angstrom apart'],
    ['one site twice', { sites: `${SITE_LOOP}Na 0 0 0\nK 0 0 0\n` }, '0.00 angstrom apart'],
    [
      '10,000 atoms',
      { sites: `${SITE_LOOP}${big(10_000)}\n` },
      '10000 atoms in the cell, more than 1000',
    ],
    [
      'many atoms by symmetry',
      {
        cell: cellText(90, 90, 90, 90, 90, 90),
        sites: `${SITE_LOOP}${Array.from({ length: 6 }, (_, i) => `C .${i + 1}1 .${i + 1}27 .${i + 2}4`).join('\n')}\n`,
      },
      '1152 atoms in the cell',
    ],
    ['no symmetry', { symmetry: '' }, 'no symmetry is given'],
    [
      'an unknown symbol',
      { symmetry: "_symmetry_space_group_name_H-M 'Q 4 2'" },
      'the space group "Q 4 2" is not known',
    ],
    [
      'an open origin',
      { symmetry: "_symmetry_space_group_name_H-M 'F d -3 m'" },
      'two choices of origin',
    ],
    [
      'a broken operation',
      { symmetry: operationsLoop('x,y,z', 'x,y') },
      '"x,y" is no symmetry operation',
    ],
    [
      'an operation that is no rotation',
      { symmetry: operationsLoop('x,y,z', '2x,y,z') },
      '"2x,y,z" is no symmetry',
    ],
    [
      'operations that do not close',
      { symmetry: operationsLoop('x,y,z', '-y,x,z') },
      'do not form a group',
    ],
    [
      'operations missing',
      {
        symmetry: `${operationsLoop('x,y,z')}\n_symmetry_space_group_name_H-M 'F m -3 m'`,
        sites: `${SITE_LOOP}Na 0 0 0\nCl .5 .4 .3\n`,
      },
      'it states Fm-3m (225) but its atoms have',
    ],
    [
      'a cell against its symbol',
      {
        cell: cellText(5, 6, 7, 90, 100, 90),
        symmetry: "_symmetry_space_group_name_H-M 'P 1 1 21/b'",
      },
      'does not suit',
    ],
  ] as [string, Parts, string][])('%s', (_, parts, message) => {
    const path = fileOf(cif(parts));
    let error: unknown;
    try {
      readCif(path);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CbedError);
    expect((error as CbedError).exitCode).toBe(3);
    expect((error as CbedError).message).toContain(message);
    expect((error as CbedError).message).toContain(path);
    expect((error as CbedError).message).not.toContain('\n');
  });

  it('partial occupancy', () => {
    const sites = `${SITE_LOOP.trimEnd()}\n_atom_site_occupancy\nNa1 0 0 0 0.5(1)\nCl1 .5 .5 .5 1\n`;
    expect(() => read(cif({ sites }))).toThrow('site Na1 has occupancy 0.5');
  });

  it.each([
    ['', 'no data_ block'],
    ['PK\u0003\u0004 zip', 'does not begin with data_'],
    ['data_x\nloop_\n_a\n_b\n1 2 3\n', 'has 3 values for 2 columns'],
    ['data_x\n_a\n;\nnever closed\n', 'never closed'],
    ['data_x\n_cell_length_a\n_cell_length_b 3\n', '_cell_length_a has no value'],
    ['data_x\n_a 1 2\n', '"2" stands where a tag should'],
    ['data_x\n_a 1\n', 'no structure in it'],
  ])('text that is no CIF: %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('no file at all', () => {
    expect(() => readCif(join(folder, 'nowhere.cif'))).toThrow('no file at');
  });
});

describe('a fault of its kind', () => {
  it.each(FAULTS.map((fault) => [fault.kind, fault.name, fault] as const))(
    '%s: %s',
    (_, __, { text, outcome }) => {
      const path = fileOf(text);
      if ('spaceGroup' in outcome) {
        expect(readCif(path)).toMatchObject(outcome);
        return;
      }
      let error: unknown;
      try {
        readCif(path);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(CbedError);
      const { message, exitCode } = error as CbedError;
      if (typeof outcome.refused === 'string') expect(message).toContain(outcome.refused);
      else expect(message).toMatch(outcome.refused);
      expect(message).toContain(path);
      expect(message).not.toContain('\n');
      expect(exitCode).toBe(3);
    },
  );

  it.each([
    ['cell-56402.cif', '_cell_length_a 56402'],
    ['cell-against-symbol.cif', 'does not suit the space group'],
    ['nacl-48-ops.cif', 'formula units a cell'],
    ['nacl-xyz-only.cif', 'it states Fm-3m (225) but its atoms have Pm-3m (221)'],
    ['occ-nan.cif', 'occupancy "NaN"'],
    ['u-huge.cif', 'has U = 1000000000'],
    ['u-neg.cif', 'has U = -1'],
    ['mixed-type.cif', 'is shared by several elements'],
    ['occupancy-text.cif', 'occupancy "0,5"'],
    ['op-textfield.cif', 'is no symmetry operation'],
    ['screw.cif', 'do not form a group'],
    ['pass-occupancy.cif', 'occupancy 0.707'],
  ])('file %s is refused: %s', (name, message) => {
    expect(() => readCif(dataPath(name))).toThrow(message);
  });

  it.each([
    ['op-tag-unknown.cif', 2, 'Zn2 S2'],
    ['twice.cif', 225, 'Ca4 F8'],
    ['jana.cif', 225, 'Na4 Cl4'],
    ['mos2.cif', 194, 'Mo2 S4'],
    ['nacl-prim.cif', 225, 'Na4 Cl4'],
    ['u-is-b.cif', 225, 'Na4 Cl4'],
    ['salt.cif', 225, 'Na4 Cl4'],
    ['hydrate.cif', 15, 'Ca4 S4 O24'],
  ])('file %s is read as group %i with %s', (name, spaceGroup, formula) => {
    expect(readCif(dataPath(name))).toMatchObject({ spaceGroup, formula });
  });

  it.each([
    ['Ca O6 S H4', 'Ca1 O6 S1 H4'],
    ["'C12 H10 N2 O4, 2(H2 O)'", 'C12 H14 N2 O6'],
    ['Ca (S O4) (H2 O)2', 'Ca1 S1 O6 H4'],
    ['Fe 2+, C O3 2-', 'Fe1 C1 O3'],
    ['CL1 NA1', 'Cl1 Na1'],
    ['Fe0.95 O', 'Fe0.95 O1'],
    ['(C4 D4)n', 'C4 H4'],
    ['Si O2-x', null],
    ['unknown', null],
  ])('the formula %s has the atoms %s', (text, atoms) => {
    const counts = parseFormula(text);
    const found = counts && [...counts].map(([e, n]) => `${elementSymbol(e)}${n}`).join(' ');
    expect(found).toBe(atoms);
  });
});

describe('the CIF text', () => {
  it('keeps blocks, single items and loop rows apart', () => {
    const blocks = parseCif(
      "data_a\n_x 1\nloop_\n_p _q\n1 'two words'\n3 4\ndata_b\n_x 'it''s'\n",
      't',
    );
    expect(blocks.map((block) => block.name)).toEqual(['a', 'b']);
    expect(valuesOf(blocks[0]!, ['_p'])).toEqual(['1', '3']);
    expect(valuesOf(blocks[0]!, ['_q'])).toEqual(['two words', '4']);
    expect(blocks[1]!.items.get('_x')).toEqual(["it''s"]);
  });
});
