import type { Atom, Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';

const FACE: readonly Vec3[] = [
  [0, 0, 0],
  [0, 0.5, 0.5],
  [0.5, 0, 0.5],
  [0.5, 0.5, 0],
];

const wrap = (value: number): number => ((value % 1) + 1) % 1;

const faceCentred = (element: number, at: Vec3): Atom[] =>
  FACE.map((v) => ({
    element,
    position: [wrap(v[0] + at[0]), wrap(v[1] + at[1]), wrap(v[2] + at[2])],
  }));

const cubic = (a: number): Cell => [a, a, a, 90, 90, 90];

/** Origin choice 2: the atoms of diamond at 1/8 and 7/8. */
export const SILICON: Crystal = {
  id: 'test:Si',
  material: 'Si',
  formula: 'Si8',
  spaceGroup: 227,
  cell: cubic(5.431),
  atoms: [...faceCentred(14, [1 / 8, 1 / 8, 1 / 8]), ...faceCentred(14, [7 / 8, 7 / 8, 7 / 8])],
};

export const GALLIUM_ARSENIDE: Crystal = {
  id: 'test:GaAs',
  material: 'GaAs',
  formula: 'Ga4 As4',
  spaceGroup: 216,
  cell: cubic(5.653),
  atoms: [...faceCentred(31, [0, 0, 0]), ...faceCentred(33, [0.25, 0.25, 0.25])],
};

export const MAGNESIA: Crystal = {
  id: 'test:MgO',
  material: 'MgO',
  formula: 'Mg4 O4',
  spaceGroup: 225,
  cell: cubic(4.212),
  atoms: [...faceCentred(12, [0, 0, 0]), ...faceCentred(8, [0.5, 0.5, 0.5])],
};

/** Hexagonal close packing. */
export const TITANIUM: Crystal = {
  id: 'test:Ti',
  material: 'Ti',
  formula: 'Ti2',
  spaceGroup: 194,
  cell: [2.9508, 2.9508, 4.6855, 90, 90, 120],
  atoms: [
    { element: 22, position: [1 / 3, 2 / 3, 0.25] },
    { element: 22, position: [2 / 3, 1 / 3, 0.75] },
  ],
};
