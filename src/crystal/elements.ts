/** Symbols of the elements 1 to 103, in order of atomic number. */
export const ELEMENTS: readonly string[] =
  `H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br
  Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er
  Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md
  No Lr`.split(/\s+/);

const NUMBERS = new Map(ELEMENTS.map((symbol, i) => [symbol, i + 1]));

/** Atomic number of a symbol (`Fe`), or null where it names no element up to 103. */
export const atomicNumber = (symbol: string): number | null => NUMBERS.get(symbol) ?? null;

/** Symbol of an atomic number, 1 to 103. */
export function elementSymbol(number: number): string {
  const symbol = ELEMENTS[number - 1];
  if (symbol === undefined) throw new RangeError(`${number} is not an atomic number from 1 to 103`);
  return symbol;
}

// Pauling's electronegativities by period; 0.8 to 2.3 for elements without a tabulated value.
const ELECTRONEGATIVITIES = `2.20 5.50 0.98 1.57 2.04 2.55 3.04 3.44 3.98 4.84
  0.93 1.31 1.61 1.90 2.19 2.58 3.16 3.20 0.82 1.00 1.36 1.54 1.63 1.66 1.55 1.83 1.88 1.91 1.90
  1.65 1.81 2.01 2.18 2.55 2.96 3.00 0.82 0.95 1.22 1.33 1.60 2.16 1.90 2.20 2.28 2.20 1.93 1.69
  1.78 1.96 2.05 2.10 2.66 2.60 0.79 0.89 1.10 1.12 1.13 1.14 1.13 1.17 1.20 1.20 1.10 1.22 1.23
  1.24 1.25 1.10 1.27 1.30 1.50 2.36 1.90 2.20 2.20 2.28 2.54 2.00 1.62 2.33 2.02 2.00 2.20 2.20
  0.70 0.90 1.10 1.30 1.50 1.38 1.36 1.28 1.30 1.30 1.30 1.30 1.30 1.30 1.30 1.30 1.30`
  .split(/\s+/)
  .map(Number);

/**
 * Electronegativity on Pauling's scale (CRC Handbook of Chemistry and Physics; noble gases after
 * Allen), for the order of elements in a formula and the roles of elements in generated crystals.
 */
export const electronegativity = (number: number): number =>
  ELECTRONEGATIVITIES[number - 1] as number;

const MASSES =
  `1.008 4.0026 6.94 9.0122 10.81 12.011 14.007 15.999 18.998 20.18 22.99 24.305 26.982 28.085
  30.974 32.06 35.45 39.95 39.098 40.078 44.956 47.867 50.942 51.996 54.938 55.845 58.933 58.693
  63.546 65.38 69.723 72.63 74.922 78.971 79.904 83.798 85.468 87.62 88.906 91.224 92.906 95.95
  97 101.07 102.91 106.42 107.87 112.41 114.82 118.71 121.76 127.6 126.9 131.29 132.91 137.33
  138.91 140.12 140.91 144.24 145 150.36 151.96 157.25 158.93 162.5 164.93 167.26 168.93 173.05
  174.97 178.49 180.95 183.84 186.21 190.23 192.22 195.08 196.97 200.59 204.38 207.2 208.98 209
  210 222 223 226 227 232.04 231.04 238.03 237 244 243 247 247 251 252 257 258 259 262`
    .split(/\s+/)
    .map(Number);

/** Standard atomic weight (IUPAC 2021, abridged; the longest-lived isotope where there is none), dalton. */
export const atomicMass = (number: number): number => MASSES[number - 1] as number;
