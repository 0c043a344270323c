import { readFileSync } from 'node:fs';
import { dataFile } from '../common/paths.ts';

/** a1 a2 a3, b1 b2 b3 (1/angstrom^2), c1 c2 c3, d1 d2 d3 (angstrom^2) of one element. */
export type ScatteringRow = ArrayLike<number>;

/** Rows by atomic number; row 0 is empty. */
export type ScatteringTable = Record<number, ScatteringRow>;

let kirklandTable: ScatteringTable | undefined;

/** Kirkland's parameters of the elements 1 to 103 (data/kirkland.json names the source). */
export function kirkland(): ScatteringTable {
  kirklandTable ??= [
    [],
    ...(JSON.parse(readFileSync(dataFile('kirkland.json'), 'utf8')) as { rows: number[][] }).rows,
  ];
  return kirklandTable;
}

/**
 * Electron scattering factor in angstrom (first Born approximation, rest mass) at the square of
 * q = 2 sin(theta) / lambda in 1/angstrom^2.
 */
export function electronFactor(row: ScatteringRow, qSquared: number): number {
  let f = 0;
  for (let i = 0; i < 3; i++) {
    f += row[i]! / (qSquared + row[i + 3]!) + row[i + 6]! * Math.exp(-row[i + 9]! * qSquared);
  }
  return f;
}

/** 2 pi^2 times the Bohr radius, angstrom: links the two factors (Mott and Bethe). */
const MOTT_BETHE = 2 * Math.PI ** 2 * 0.529177211;

/** X-ray scattering factor in electrons, by the Mott-Bethe formula. */
export const xrayFactor = (element: number, qSquared: number): number =>
  element - MOTT_BETHE * qSquared * electronFactor(kirkland()[element]!, qSquared);
