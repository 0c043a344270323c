import { readFileSync } from 'node:fs';
import { dataFile } from '../common/paths.ts';

/** Tables of scattering factors of neutral atoms; data/NAME.json names the source. */
export const FACTORS = ['kirkland', 'lobato', 'namsa'] as const;

export type FactorsName = (typeof FACTORS)[number];

/**
 * Electron scattering factor in angstrom (first Born approximation, rest mass) of an element (1 to
 * 103) at the square of q = 2 sin(theta) / lambda in 1/angstrom^2.
 */
export type ScatteringFactor = (element: number, qSquared: number) => number;

/** Three Lorentzians and three Gaussians (Kirkland 2010, eq. C.15): a1 a2 a3 b1 b2 b3 c1 c2 c3 d1 d2 d3. */
export function kirklandFactor(row: ArrayLike<number>, qSquared: number): number {
  let f = 0;
  for (let i = 0; i < 3; i++) {
    f += row[i]! / (qSquared + row[i + 3]!) + row[i + 6]! * Math.exp(-row[i + 9]! * qSquared);
  }
  return f;
}

/** Five terms that obey all physical constraints (Lobato and Van Dyck 2014, eq. 16): a1 to a5, b1 to b5. */
function lobatoFactor(row: ArrayLike<number>, qSquared: number): number {
  let f = 0;
  for (let i = 0; i < 5; i++) {
    const b = row[i + 5]! * qSquared;
    f += (row[i]! * (2 + b)) / (1 + b) ** 2;
  }
  return f;
}

const tables = new Map<FactorsName, readonly number[][]>();

/** The rows of a table by atomic number; row 0 is empty. */
function tableOf(name: FactorsName): readonly number[][] {
  const known = tables.get(name);
  if (known) return known;
  const text = readFileSync(dataFile(`${name}.json`), 'utf8');
  const table = [[], ...(JSON.parse(text) as { rows: number[][] }).rows];
  tables.set(name, table);
  return table;
}

/** The scattering factors of a table. */
export function scatteringFactors(name: FactorsName): ScatteringFactor {
  const table = tableOf(name);
  const formula = name === 'lobato' ? lobatoFactor : kirklandFactor;
  return (element, qSquared) => formula(table[element]!, qSquared);
}

/**
 * Debye-Waller factor of amplitudes at the square of q (1/angstrom^2) for a mean square displacement
 * along one axis (square angstrom).
 */
export const debyeWaller = (meanSquare: number, qSquared: number): number =>
  Math.exp(-2 * Math.PI ** 2 * meanSquare * qSquared);

/** 2 pi^2 times the Bohr radius, angstrom: links the two factors (Mott and Bethe). */
const MOTT_BETHE = 2 * Math.PI ** 2 * 0.529177211;

/** X-ray scattering factor in electrons, from Kirkland's table by the Mott-Bethe formula. */
export const xrayFactor = (element: number, qSquared: number): number =>
  element - MOTT_BETHE * qSquared * scatteringFactors('kirkland')(element, qSquared);
