/** CIF texts by the kind of fault that they hold, and what each must give. */

/** A crystal with this space group and cell contents, or a refusal that says this. */
export type Outcome = { spaceGroup: number; formula: string } | { refused: string | RegExp };

export interface FaultCase {
  kind: string;
  name: string;
  text: string;
  outcome: Outcome;
}

const cellOf = (...values: (number | string)[]): string =>
  ['length_a', 'length_b', 'length_c', 'angle_alpha', 'angle_beta', 'angle_gamma']
    .map((tag, i) => `_cell_${tag} ${values[i]}\n`)
    .join('');
const cubic = (a: number): string => cellOf(a, a, a, 90, 90, 90);
const symbol = (text: string): string => `_space_group_name_H-M_alt '${text}'\n`;
const formula = (text: string): string => `_chemical_formula_sum '${text}'\n`;
const listed = (...triplets: string[]): string =>
  `loop_\n_space_group_symop_operation_xyz\n${triplets.map((t) => `'${t}'\n`).join('')}`;

/** Atom sites: the columns beside the label and the coordinates, then the rows. */
const sites = (columns: string, ...rows: string[]): string =>
  `loop_\n${['label', 'fract_x', 'fract_y', 'fract_z', ...columns.split(' ').filter(Boolean)]
    .map((tag) => `_atom_site_${tag}\n`)
    .join('')}${rows.join('\n')}\n`;

const SALT = cubic(5.64) + symbol('F m -3 m');
const salt = (cation: string, anion: string): string =>
  sites('', `${cation} 0 0 0`, `${anion} .5 .5 .5`);
const FLUORITE = cubic(5.46) + symbol('F m -3 m');
const NACL = { spaceGroup: 225, formula: 'Na4 Cl4' };

/** Gypsum: its water under any name. */
const gypsum = (water: string, composition = formula('Ca O6 S H4')): string =>
  composition +
  cellOf(5.68, 15.2, 6.52, 90, 118.4, 90) +
  symbol('C 1 2/c 1') +
  sites(
    '',
    'Ca 0.5 0.0797 0.25',
    'S 0 0.0772 0.75',
    'O1 0.963 0.1319 0.5505',
    'O2 0.7582 0.0223 0.6671',
    `${water} 0.3796 0.1821 0.4588`,
  );
const GYPSUM = { spaceGroup: 15, formula: 'Ca4 S4 O24' };

const CENTRED: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [0, 0.5, 0.5],
  [0.5, 0, 0.5],
  [0.5, 0.5, 0],
];
const allSalt = CENTRED.flatMap(([x, y, z]) => [
  `Na ${x} ${y} ${z}`,
  `Cl ${x + 0.5} ${y + 0.5} ${z + 0.5}`,
]);

const water: [string, string, Outcome][] = [
  ['Wat', gypsum('Wat'), GYPSUM],
  ['WAT1', gypsum('WAT1'), GYPSUM],
  ['Wat without a formula', gypsum('Wat', ''), GYPSUM],
  ['WatOW', gypsum('WatOW'), GYPSUM],
  ['Water2', gypsum('Water2', ''), GYPSUM],
  ['W1 where there is no tungsten', gypsum('W1'), GYPSUM],
  ['Wa where tungsten is possible', gypsum('Wa', ''), { refused: 'site Wa may be W or O' }],
  ['O-H', gypsum('O-H'), GYPSUM],
  ['H2O', gypsum('H2O'), GYPSUM],
  ['OWat', gypsum('OWat', ''), GYPSUM],
  ['HOH, which is no holmium', gypsum('HOH', ''), GYPSUM],
  ['W_1', gypsum('W_1'), GYPSUM],
  ['W2A', gypsum('W2A'), GYPSUM],
  ['W2A as far from oxygen as water is', gypsum('W2A', ''), { refused: 'site W2A may be W or O' }],
  ['H2Oa', gypsum('H2Oa'), GYPSUM],
  ['H2Oa without a formula', gypsum('H2Oa', ''), { refused: 'site H2Oa may be O or H' }],
  ['Ohyd1', gypsum('Ohyd1', ''), GYPSUM],
  ['W1 as far from oxygen as water is', gypsum('W1', ''), { refused: 'site W1 may be W or O' }],
  [
    'tungsten between oxygen (scheelite)',
    cellOf(5.243, 5.243, 11.374, 90, 90, 90) +
      symbol('I 41/a :2') +
      sites('', 'Ca 0 .25 .625', 'W 0 .25 .125', 'O .1507 .0086 .2106'),
    { spaceGroup: 88, formula: 'Ca4 W4 O16' },
  ],
  [
    'tungsten stays tungsten',
    cubic(3.165) + symbol('I m -3 m') + sites('', 'W1 0 0 0'),
    { spaceGroup: 229, formula: 'W2' },
  ],
];

const labels: [string, string, Outcome][] = [
  ['NA1 and CL1', formula('Cl Na') + SALT + salt('NA1', 'CL1'), NACL],
  [
    'SI1 and O1',
    formula('O2 Si') +
      cubic(7.12) +
      symbol('F d -3 m:2') +
      sites('', 'SI1 .125 .125 .125', 'O1 0 0 0'),
    { spaceGroup: 227, formula: 'Si8 O16' },
  ],
  [
    'FE1 and O1',
    formula('Fe O') + SALT + salt('FE1', 'O1'),
    { spaceGroup: 225, formula: 'Fe4 O4' },
  ],
  [
    'CO(1) and O(1)',
    formula('Co O') + SALT + salt('CO(1)', 'O(1)'),
    { spaceGroup: 225, formula: 'Co4 O4' },
  ],
  ['na1 and cl1', formula('Cl Na') + SALT + salt('na1', 'cl1'), NACL],
  [
    'by the moiety formula',
    `_chemical_formula_moiety 'Na +, Cl -'\n${SALT}${salt('NA1', 'CL1')}`,
    NACL,
  ],
  [
    'by the structural formula',
    `_chemical_formula_structural 'Na Cl'\n${SALT}${salt('NA1', 'CL1')}`,
    NACL,
  ],
  [
    'by the counts, where both elements are there',
    formula('C Ca O3') + calcite('CA1', 'C1'),
    { spaceGroup: 167, formula: 'Ca6 C6 O18' },
  ],
  [
    'without a formula',
    SALT + salt('NA1', 'CL1'),
    { refused: /site NA1 may be Na or N .*_atom_site_type_symbol/ },
  ],
  [
    'a type symbol against the formula',
    formula('Cl Na') + SALT + sites('type_symbol', 'Na1 0 0 0 K', 'Cl1 .5 .5 .5 Cl'),
    { refused: 'make up K4 Cl4, but its formula is "Cl Na"' },
  ],
  [
    'an atom too few',
    formula('Ca F3') + FLUORITE + sites('', 'Ca1 0 0 0', 'F1 .25 .25 .25'),
    { refused: 'make up Ca4 F8, but its formula is "Ca F3"' },
  ],
  [
    'other units a cell',
    `_cell_formula_units_Z 8\n${formula('Cl Na')}${SALT}${salt('Na1', 'Cl1')}`,
    { refused: '8 formula units of "Cl Na"' },
  ],
  [
    'another density',
    `_exptl_crystal_density_diffrn 4.33\n${SALT}${salt('Na1', 'Cl1')}`,
    { refused: 'weigh 2.16 g/cm3, but its density is given as 4.33' },
  ],
  ['hydrogen that was not located', gypsum('O3'), GYPSUM],
  ['a rounded formula', formula('Cl1.000 Na0.998') + SALT + salt('Na1', 'Cl1'), NACL],
];

function calcite(calcium: string, carbon: string): string {
  return (
    cellOf(4.99, 4.99, 17.06, 90, 90, 120) +
    symbol('R -3 c :H') +
    sites('', `${calcium} 0 0 0`, `${carbon} 0 0 .25`, 'O1 .257 0 .25')
  );
}

const BODY = cubic(3.9);
const centring: [string, string, Outcome][] = [
  [
    'F with x,y,z only',
    SALT + listed('x,y,z') + salt('Na1', 'Cl1'),
    { refused: 'it states Fm-3m (225) but its atoms have Pm-3m (221)' },
  ],
  [
    'F with the operations of P',
    SALT +
      listed(
        'x,y,z',
        '-x,-y,z',
        'x,-y,-z',
        '-x,y,-z',
        'z,x,y',
        '-z,-x,y',
        'z,-x,-y',
        '-z,x,-y',
        'y,z,x',
        '-y,-z,x',
        'y,-z,-x',
        '-y,z,-x',
      ) +
      salt('Na1', 'Cl1'),
    { refused: 'but its atoms have' },
  ],
  [
    'I with the inversion only',
    BODY + symbol('I m -3 m') + listed('x,y,z', '-x,-y,-z') + sites('', 'Fe1 0 0 0'),
    { refused: 'it states Im-3m (229) but its atoms have Pm-3m (221)' },
  ],
  [
    'C 2/c with the operations of P 2/c',
    gypsumListed('x,y,z', '-x,-y,-z', '-x,y,-z+1/2', 'x,-y,z+1/2'),
    { refused: 'it states C2/c (15) but its atoms have' },
  ],
  ['all atoms listed, with x,y,z only', SALT + listed('x,y,z') + sites('', ...allSalt), NACL],
  [
    'a primitive cell',
    cellOf(3.988, 3.988, 3.988, 60, 60, 60) +
      symbol('F m -3 m') +
      listed('x,y,z') +
      salt('Na1', 'Cl1'),
    NACL,
  ],
  [
    'a primitive cell of I',
    cellOf(2.4785, 2.4785, 2.4785, 109.4712, 109.4712, 109.4712) +
      symbol('I m -3 m') +
      listed('x,y,z') +
      sites('', 'Fe1 0 0 0'),
    { spaceGroup: 229, formula: 'Fe2' },
  ],
  [
    'units without a formula',
    `_cell_formula_units_Z 4\n${cubic(5.64)}${symbol('P m -3 m')}${salt('Na1', 'Cl1')}`,
    { refused: '4 formula units a cell' },
  ],
  ...['_space_group_name_H-M_ref', '_space_group_name_H-M', '_space_group.name_H-M_alt'].map(
    (tag): [string, string, Outcome] => [
      `F under ${tag}, with x,y,z only`,
      `${tag} 'F m -3 m'\n${cubic(5.64)}${listed('x,y,z')}${salt('Na1', 'Cl1')}`,
      { refused: 'it states Fm-3m (225) but its atoms have Pm-3m (221)' },
    ],
  ),
  [
    'number against symbol',
    `_space_group_IT_number 221\n${SALT}${salt('Na1', 'Cl1')}`,
    { refused: 'its space group is "F m -3 m" (225) and "221" (221)' },
  ],
  [
    'Hall symbol against symbol',
    `_space_group_name_Hall '-P 4 2 3'\n${SALT}${salt('Na1', 'Cl1')}`,
    { refused: '"-P 4 2 3" (221) and "F m -3 m" (225)' },
  ],
  [
    'operations against symbol',
    cubic(5.64) +
      symbol('P a -3') +
      listed('x,y,z', '-x,-y,z', '-x,y,-z', 'x,-y,-z') +
      sites('', 'Fe1 .1 .2 .3', 'S1 .4 .3 .15'),
    { refused: 'it states Pa-3 (205) but' },
  ],
  [
    'two lists of operations',
    SALT +
      listed('x,y,z', '-x,-y,-z') +
      "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n" +
      sites('', ...allSalt),
    { refused: 'lists its symmetry twice' },
  ],
  [
    'an unknown tag before a filled one',
    `_space_group_symop_operation_xyz ?\n${cubic(5.64)}loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n${sites('', ...allSalt)}`,
    NACL,
  ],
  [
    'an unknown symbol before a filled one',
    `${symbol('?')}_symmetry_space_group_name_H-M 'F m -3 m'\n${cubic(5.64)}${salt('Na1', 'Cl1')}`,
    NACL,
  ],
  [
    'Hall symbols that differ in a quote',
    `_space_group_name_Hall '-P 3 2"'\n${cellOf(3.15, 3.15, 4.77, 90, 90, 120)}${sites('', 'Mg1 0 0 0', 'O1 .33333 .66667 .22')}`,
    { spaceGroup: 164, formula: 'Mg1 O2' },
  ],
];

function gypsumListed(...triplets: string[]): string {
  return gypsum('O3').replace(symbol('C 1 2/c 1'), symbol('C 1 2/c 1') + listed(...triplets));
}

const C_CENTRED = ['x,y,z', '-x,-y,-z', 'x+1/2,y+1/2,z', '1/2-x,1/2-y,-z'];
/** Triclinic crystal beside operations and what names its group. */
const triclinic = (names: string, triplets: readonly string[]): string =>
  names +
  cellOf(5.14, 8.91, 7.27, 91.7, 104.9, 89.8) +
  listed(...triplets) +
  sites('', 'Mg1 .1 .2 .3', 'F1 .35 .1 .2', 'F2 .12 .4 .1');
/** The operations of 4/mmm: signs of x, y and z, with x and y exchanged or not. */
const TETRAGONAL = ['x y', 'y x'].flatMap((pair) =>
  [...'01234567'].map((n) => {
    const [x, y] = pair.split(' ');
    const sign = (bit: number): string => (Number(n) & bit ? '-' : '');
    return `${sign(1)}${x},${sign(2)}${y},${sign(4)}z`;
  }),
);
const shifted = (by: string): string[] =>
  TETRAGONAL.map((triplet) =>
    triplet
      .split(',')
      .map((part, i) => part + by.split(',')[i]!)
      .join(','),
  );
const F_TETRAGONAL = [',,', ',+1/2,+1/2', '+1/2,,+1/2', '+1/2,+1/2,'].flatMap(shifted);
/** Indium in the face-centred cell of its tetragonal lattice. */
const indium = (name: string, triplets: readonly string[]): string =>
  symbol(name) +
  cellOf(4.599, 4.599, 4.947, 90, 90, 90) +
  listed(...triplets) +
  sites('', 'In1 0 0 0');
const INDIUM = { spaceGroup: 139, formula: 'In2' };
const FLUORIDE = { spaceGroup: 2, formula: 'Mg2 F4' };
const NO_SYMBOL = /is not known, and its operations are those of/;

const unknownNames: [string, string, Outcome][] = [
  ...['Q 4 2', 'P -1 bar', 'C m m x', 'P n m a (0 0 g)', 'A -1', 'F -1', 'C 2/m', 'P 1 1 1 1'].map(
    (name): [string, string, Outcome] => [
      `the symbol ${name}`,
      triclinic(symbol(name), C_CENTRED),
      { refused: name === 'C 2/m' ? 'it states C2/m (12) but' : NO_SYMBOL },
    ],
  ),
  [
    'C -1 without its centring',
    triclinic(symbol('C -1'), C_CENTRED.slice(0, 2)),
    { refused: NO_SYMBOL },
  ],
  ['C 1 with an inversion', triclinic(symbol('C 1'), C_CENTRED), { refused: NO_SYMBOL }],
  [
    'a number beyond 230',
    triclinic('_space_group_IT_number 320\n', C_CENTRED),
    { refused: NO_SYMBOL },
  ],
  [
    'a Hall symbol',
    triclinic("_space_group_name_Hall 'nonsense'\n", C_CENTRED),
    { refused: NO_SYMBOL },
  ],
  [
    'a Hall symbol of another lattice',
    triclinic("_space_group_name_Hall '-I 1'\n", C_CENTRED),
    { refused: NO_SYMBOL },
  ],
  [
    'F 4/m m m with the operations of P',
    indium('F 4/m m m', TETRAGONAL),
    { refused: /"F 4\/m m m" is not known, and its operations are those of P4\/mmm \(123\)/ },
  ],
  ['F 4 2 2 with mirrors', indium('F 4 2 2', F_TETRAGONAL), { refused: NO_SYMBOL }],
  [
    'axes in words, without operations',
    cubic(5.64) + symbol('P 4/n m m (unusual axes)') + salt('Na1', 'Cl1'),
    { refused: 'is not known' },
  ],
  [
    'a change of axes behind the Hall symbol only',
    `_space_group_name_Hall '-P 2ybc (x-z,y,z)'\n${cellOf(5, 6, 7, 90, 100, 90)}${salt('Na1', 'Cl1')}`,
    { refused: '"-P 2ybc (x-z,y,z)" is not known' },
  ],
  ['C -1 as its operations say', triclinic(symbol('C -1'), C_CENTRED), FLUORIDE],
  ['C-1 without blanks', triclinic(symbol('C-1'), C_CENTRED), FLUORIDE],
  [
    'a Hall symbol of other axes',
    triclinic("_space_group_name_Hall '-C 1'\n", C_CENTRED),
    FLUORIDE,
  ],
  [
    'another name that confirms',
    triclinic(`${symbol('Q 4 2')}_space_group_IT_number 2\n`, C_CENTRED),
    FLUORIDE,
  ],
  ['a symbol given as unknown', triclinic(symbol('unknown'), C_CENTRED), FLUORIDE],
  ['the number 0', triclinic('_symmetry_Int_Tables_number 0\n', C_CENTRED), FLUORIDE],
  ['F 4/m m m', indium('F 4/m m m', F_TETRAGONAL), INDIUM],
  ['F4/mmm', indium('F4/mmm', F_TETRAGONAL), INDIUM],
  ['F 4/m 2/m 2/m', indium('F 4/m 2/m 2/m', F_TETRAGONAL), INDIUM],
  [
    'a choice of axes in words',
    cellOf(4.7459, 4.7459, 4.7459, 57.23, 57.23, 57.23) +
      symbol('R -3 m {rhombohedral axes}') +
      sites('', 'Bi .23389 .23389 .23389'),
    { spaceGroup: 166, formula: 'Bi6' },
  ],
  [
    'a choice of origin in words',
    cubic(3.567) + symbol('F 4_1/d -3 2/m (origin choice 1)') + sites('', 'C1 0 0 0'),
    { spaceGroup: 227, formula: 'C8' },
  ],
  [
    'a choice of origin without a blank',
    cubic(3.567) + symbol('Fd-3mS') + sites('', 'C1 0 0 0'),
    { spaceGroup: 227, formula: 'C8' },
  ],
];

const MONOCLINIC = cellOf(5.1, 6.3, 7.4, 90, 101, 90);
const ORTHORHOMBIC = cellOf(5.1, 6.3, 7.4, 90, 90, 90);
const P_21_C = ['x,y,z', '-x,-y,-z', '-x,1/2+y,1/2-z', 'x,1/2-y,1/2+z'];
const P_21_N = ['x,y,z', '-x,-y,-z', '1/2-x,1/2+y,1/2-z', '1/2+x,1/2-y,1/2+z'];
const I_2_A = ['x,y,z', '-x,-y,-z', '1/2-x,y,-z', '1/2+x,-y,z'].flatMap((triplet) => [
  triplet,
  triplet
    .split(',')
    .map((part) => `${part}+1/2`)
    .join(','),
]);
const P_N_N_N_1 = [
  ...['x,y,z', '-x,-y,z', '-x,y,-z', 'x,-y,-z', '1/2-x,1/2-y,1/2-z'],
  ...['1/2+x,1/2+y,1/2-z', '1/2+x,1/2-y,1/2+z', '1/2-x,1/2+y,1/2+z'],
];
const P_B_N_M = [
  ...['x,y,z', '-x,-y,-z', '-x,-y,1/2+z', 'x,y,1/2-z'],
  ...['1/2+x,1/2-y,-z', '1/2-x,1/2+y,z', '1/2-x,1/2+y,1/2-z', '1/2+x,1/2-y,1/2+z'],
];
const general = (names: string, cell: string, triplets: readonly string[]): string =>
  names + cell + listed(...triplets) + sites('', 'Na1 .1 .18 .27', 'F1 .38 .09 .41');
const NOT_THOSE = 'its symmetry operations are not those of';

const settings: [string, string, Outcome][] = [
  ['P 1 21/n 1', general(symbol('P 1 21/n 1'), MONOCLINIC, P_21_C), { refused: NOT_THOSE }],
  ['P 1 21/c 1', general(symbol('P 1 21/c 1'), MONOCLINIC, P_21_N), { refused: NOT_THOSE }],
  ['C 1 2/c 1', general(symbol('C 1 2/c 1'), MONOCLINIC, I_2_A), { refused: NOT_THOSE }],
  ['P n m a', general(symbol('P n m a'), ORTHORHOMBIC, P_B_N_M), { refused: NOT_THOSE }],
  ['P n n n :2', general(symbol('P n n n :2'), ORTHORHOMBIC, P_N_N_N_1), { refused: NOT_THOSE }],
  [
    'the Hall symbol of P n m a',
    general("_space_group_name_Hall '-P 2ac 2n'\n", ORTHORHOMBIC, P_B_N_M),
    { refused: NOT_THOSE },
  ],
  [
    'P 1 21/n 1, with its operations',
    general(symbol('P 1 21/n 1'), MONOCLINIC, P_21_N),
    { spaceGroup: 14, formula: 'Na4 F4' },
  ],
  [
    'the reference setting, in which the file need not be',
    general("_space_group_name_H-M_ref 'P 1 21/c 1'\n", MONOCLINIC, P_21_N),
    { spaceGroup: 14, formula: 'Na4 F4' },
  ],
  [
    'P 21/n, whose unique axis the cell tells',
    general(symbol('P 21/n'), MONOCLINIC, P_21_N),
    { spaceGroup: 14, formula: 'Na4 F4' },
  ],
  [
    'P n n n, whose origin the operations tell',
    general(symbol('P n n n'), ORTHORHOMBIC, P_N_N_N_1),
    { spaceGroup: 48, formula: 'Na8 F8' },
  ],
  [
    'P 32 2 1 from an origin on its twofold axis',
    symbol('P 32 2 1') +
      cellOf(4.99, 4.99, 5.65, 90, 90, 120) +
      listed('x,y,z', '-y,x-y,2/3+z', 'y-x,-x,1/3+z', 'x-y,-y,-z', 'y,x,2/3-z', '-x,y-x,1/3-z') +
      sites('', 'Ge1 .451 0 0', 'O1 .397 .302 .091'),
    { spaceGroup: 154, formula: 'Ge3 O6' },
  ],
];

const twice: [string, string, Outcome][] = [
  [
    'a second loop that lacks an atom',
    FLUORITE + sites('', 'Ca1 0 0 0', 'F1 .25 .25 .25') + sites('', 'Ca1 0 0 0'),
    { spaceGroup: 225, formula: 'Ca4 F8' },
  ],
  [
    'a second loop with another place',
    FLUORITE +
      sites('', 'Ca1 0 0 0', 'F1 .25 .25 .25') +
      sites('', 'Ca1 .5 .5 .5', 'F1 .25 .25 .25'),
    { refused: 'site Ca1 has fract_x 0 in one loop and .5 in another' },
  ],
  [
    'the same loop twice',
    FLUORITE + sites('', 'Ca1 0 0 0', 'F1 .25 .25 .25').repeat(2),
    { spaceGroup: 225, formula: 'Ca4 F8' },
  ],
  [
    'a cell length twice',
    `${SALT}_cell_length_a 6.2\n${salt('Na1', 'Cl1')}`,
    { refused: '_cell_length_a is given as "5.64" and as "6.2"' },
  ],
  [
    'a cell length in both dictionaries',
    `${SALT}_cell.length_a 6.2\n${salt('Na1', 'Cl1')}`,
    { refused: '_cell_length_a is given' },
  ],
  ['a cell length twice alike', `${SALT}_cell_length_a 5.64\n${salt('Na1', 'Cl1')}`, NACL],
  [
    'a column twice',
    `${SALT}loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_fract_x\nNa1 0 0 0 0\nCl1 .5 .5 .5 .5\n`,
    { refused: 'a loop has the column _atom_site_fract_x twice' },
  ],
  [
    'type symbols in a loop of another order',
    `${SALT}${salt('A1', 'B1')}loop_\n_atom_site_label\n_atom_site_type_symbol\nB1 Cl\nA1 Na\n`,
    NACL,
  ],
  [
    'occupancies in a loop of another order',
    `${SALT}${salt('Na1', 'Cl1')}loop_\n_atom_site_label\n_atom_site_occupancy\nCl1 1\nNa1 .5\n`,
    { refused: 'site Na1 has occupancy 0.5' },
  ],
  [
    'a further loop without labels',
    `${SALT}${salt('Na1', 'Cl1')}loop_\n_atom_site_type_symbol\nCl\nNa\n`,
    { refused: 'no labels to join them by' },
  ],
];

const mixed: [string, string, Outcome][] = [
  ...['Fe,Mg', "'Nb + Zr'", 'Fe/Mg', 'Fe0.5Mg0.5', "'Fe Mg'", '(Na,K)', 'Si4+Al3+', 'FeMg'].map(
    (type): [string, string, Outcome] => [
      `type ${type}`,
      SALT + sites('type_symbol', `M1 0 0 0 ${type}`, 'O1 .5 .5 .5 O'),
      { refused: 'is shared by several elements' },
    ],
  ),
  ...['Si/Al1', 'SiAl1', 'Na-K', 'Fe.5Mg.5', 'KNa', 'F,OH'].map(
    (label): [string, string, Outcome] => [
      `label ${label}`,
      SALT + salt(label, 'O1'),
      { refused: 'is shared by several elements' },
    ],
  ),
  ...['Vac1', 'Va', 'VAC2', 'Vacancy'].map((label): [string, string, Outcome] => [
    `label ${label}`,
    SALT + salt(label, 'O1'),
    { refused: 'is a vacancy' },
  ]),
  ...['Na1K1', 'Mo1W1', 'MoW', 'Mo_W', 'Mo.W2', 'Mo{W}', 'Ca2Y1'].map(
    (label): [string, string, Outcome] => [
      `label ${label}`,
      SALT + salt(label, 'O1'),
      { refused: 'is shared by several elements' },
    ],
  ),
  ...['SO4', 'BO3', 'ClO4', 'SiO4', 'AsO4', 'UO2', 'SCN', 'C2H4'].map(
    (label): [string, string, Outcome] => [
      `label ${label}`,
      SALT + salt(label, 'O1'),
      { refused: 'is a group of atoms' },
    ],
  ),
  ...['Cg', 'Cg1', 'CG2', 'Bq1'].map((label): [string, string, Outcome] => [
    `label ${label}`,
    SALT + salt(label, 'O1'),
    { refused: 'names no element' },
  ]),
  ['an oxygen of a tungstate', SALT + salt('Na1', 'O1W1'), { spaceGroup: 225, formula: 'Na4 O4' }],
  ...['T1', 'M1', 'X', 'Me2', 'Ln1', 'RE1', 'TM', 'OHF', 'Cat1', 'Tet2', 'Alk'].map(
    (label): [string, string, Outcome] => [
      `label ${label}`,
      SALT + salt(label, 'O1'),
      { refused: 'names no element' },
    ],
  ),
  [
    'type T',
    SALT + sites('type_symbol', 'T1 0 0 0 T', 'O1 .5 .5 .5 O'),
    { refused: 'names no element' },
  ],
  ['a site name of minerals', formula('Na Cl') + SALT + salt('NaM4', 'ClX'), NACL],
];

const withOccupancy = (cation: string, anion = '1'): string =>
  SALT + sites('occupancy', `Na1 0 0 0 ${cation}`, `Cl1 .5 .5 .5 ${anion}`);
const occupancies: [string, string, Outcome][] = [
  ...['0,5', '1/2', '50%', '0.5(?)', 'NaN', 'half', '1,0', ''].map(
    (text): [string, string, Outcome] => [
      text || 'empty quotes',
      withOccupancy(text || "''"),
      { refused: `site Na1 has the occupancy "${text}", which is no number` },
    ],
  ),
  ...['1e12', '-1', '2', '0', '0.5'].map((text): [string, string, Outcome] => [
    text,
    withOccupancy(text),
    { refused: 'site Na1 has occupancy' },
  ]),
  ...['1', '1.0(2)', '?', '.', '1.00', '.999'].map((text): [string, string, Outcome] => [
    text,
    withOccupancy(text),
    NACL,
  ]),
];

const withU = (columns: string, cation: string, anion = cation): string =>
  SALT + sites(columns, `Na1 0 0 0 ${cation}`, `Cl1 .5 .5 .5 ${anion}`);
const U = 'U_iso_or_equiv';
const displacements: [string, string, Outcome][] = [
  ...['-1', '1e9', '1.6', '0.51', '-0.3'].map((text): [string, string, Outcome] => [
    `U = ${text}`,
    withU(U, text),
    { refused: 'site Na1 has U =' },
  ]),
  ...['0.4', '0.3', '0.21'].map((text): [string, string, Outcome] => [
    `U = ${text} of every site`,
    withU(U, text),
    { refused: /no site has less than U = .*adp_type Biso/ },
  ]),
  ['U = 0.4 of one site', withU(U, '0.4', '0.03'), NACL],
  ...['0.02 5', '0.4 0.5', '1.2 0.02'].map((text): [string, string, Outcome] => [
    `U and B = ${text}`,
    withU(`${U} B_iso_or_equiv`, text),
    { refused: 'site Na1 has U = ' },
  ]),
  ['U and B = 0.02 1.6', withU(`${U} B_iso_or_equiv`, '0.02 1.6'), NACL],
  ['B = 90', withU('B_iso_or_equiv', '90'), { refused: 'site Na1 has B = 90' }],
  [
    'U that is no number',
    withU(U, 'small'),
    { refused: 'u_iso_or_equiv "small", which is no number' },
  ],
  ['U of Bani = 60', withU(`${U} adp_type`, '60 Bani'), { refused: 'site Na1 has B = 60' }],
];

const values: [string, string, Outcome][] = [
  [
    'a cell of 56,402 angstrom',
    cubic(56402) + symbol('F m -3 m') + salt('Na1', 'Cl1'),
    { refused: '_cell_length_a 56402 is not from 1.5 to 1000' },
  ],
  [
    'a cell of 564 angstrom',
    cubic(564.02) + symbol('F m -3 m') + salt('Na1', 'Cl1'),
    { refused: 'cubic angstrom each' },
  ],
  [
    'a cell in nanometres',
    cubic(0.564) + symbol('F m -3 m') + salt('Na1', 'Cl1'),
    { refused: '_cell_length_a 0.564 is not from' },
  ],
  [
    'one length without its point',
    cellOf(5.64, 564, 5.64, 90, 90, 90) + symbol('P m m m') + salt('Na1', 'Cl1'),
    { refused: 'cubic angstrom each' },
  ],
  [
    'angles in radians',
    cellOf(5.64, 5.64, 5.64, 1.5708, 1.5708, 1.5708) + symbol('P 1') + salt('Na1', 'Cl1'),
    { refused: '_cell_angle_alpha 1.5708 is not from' },
  ],
  [
    'a volume of another cell',
    `_cell_volume 200\n${SALT}${salt('Na1', 'Cl1')}`,
    { refused: 'but _cell_volume says 200' },
  ],
  [
    'a coordinate without its point',
    SALT + sites('', 'Na1 0 0 0', 'Cl1 25 25 25'),
    { refused: 'site Cl1 has fract_x 25' },
  ],
  [
    'an infinite length',
    cubic(5.64).replace('5.64', '1e999') + symbol('F m -3 m') + salt('Na1', 'Cl1'),
    { refused: '"1e999" is no number' },
  ],
  [
    'a cubic symbol on a tetragonal cell',
    cellOf(5.64, 5.64, 5.66, 90, 90, 90) + symbol('F m -3 m') + salt('Na1', 'Cl1'),
    { refused: /does not suit the space group "F m -3 m" \(check the cell/ },
  ],
  [
    'operations that the cell does not have',
    cellOf(5, 6, 7, 90, 90, 90) + listed('x,y,z', 'z,x,y', 'y,z,x') + salt('Na1', 'Cl1'),
    { refused: 'does not suit its symmetry operations' },
  ],
  [
    'operations in a text field',
    `${cubic(5.64)}_symmetry_equiv_pos_as_xyz\n;\nx,y,z\n-x,-y,-z\n;\n${salt('Na1', 'Cl1')}`,
    { refused: '"x,y,z -x,-y,-z" is no symmetry operation' },
  ],
  [
    'alternatives of a disordered group',
    SALT + sites('disorder_group', 'Na1 0 0 0 1', 'Cl1 .5 .5 .5 2'),
    { refused: 'disorder group 2' },
  ],
];

/**
 * A rhombohedral cell filled with a grid of n x n x n atoms, of two elements so that only the
 * threefold axis is left: three times as many atoms in the conventional, hexagonal cell.
 */
function rhombohedralGrid(n: number): string {
  const rows: string[] = [];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++) {
        const turns = [(i * n + j) * n + k, (j * n + k) * n + i, (k * n + i) * n + j];
        const first = Math.min(...turns);
        const element = (first * first * 7 + first * 3) % 11 < 5 ? 'Si' : 'Ge';
        rows.push(`${element} ${[i, j, k].map((x) => ((x + 0.1) / n).toFixed(5)).join(' ')}`);
      }
  const length = 2.4 * n;
  return cellOf(length, length, length, 62, 62, 62) + listed('x,y,z') + sites('', ...rows);
}

const sizes: [string, string, Outcome][] = [
  [
    '343 atoms that become 1,029',
    rhombohedralGrid(7),
    { refused: '1029 atoms in the cell, more than 1000' },
  ],
  [
    '512 atoms that become 1,536',
    rhombohedralGrid(8),
    { refused: '1536 atoms in the cell, more than 1000' },
  ],
  [
    '729 atoms that become 2,187',
    rhombohedralGrid(9),
    { refused: '2187 atoms in the cell, more than 1000' },
  ],
];

const kinds: Record<string, [string, string, Outcome][]> = {
  'water and hydroxyl': water,
  'labels and composition': labels,
  'centring and names of the group': centring,
  'a name of the group that is not known': unknownNames,
  'operations of another setting than': settings,
  'given twice': twice,
  'no one element': mixed,
  occupancy: occupancies,
  displacement: displacements,
  'numbers that no crystal has': values,
  size: sizes,
};

export const FAULTS: readonly FaultCase[] = Object.entries(kinds).flatMap(([kind, cases]) =>
  cases.map(([name, text, outcome]) => ({ kind, name, text: `data_x\n${text}`, outcome })),
);
