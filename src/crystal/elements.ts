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
