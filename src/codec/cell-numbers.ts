import { conformCell, isCell } from '../crystal/cell.ts';
import type { Cell } from '../crystal/crystal.ts';
import { latticeSystem } from '../crystal/spacegroup.ts';

/** Numbers that describe a cell: ln a, ln b, ln c and the three angles in degrees. */
export const CELL_PARAMETERS = 6;

/** Lengths outside these bounds (angstrom) are drawn at the bound. */
const SHORTEST = 2.3;
const LONGEST = 40;
/** Angles outside these bounds (degrees) no standard cell has. */
const NARROWEST = 45;
const WIDEST = 145;

export const cellNumbers = ([a, b, c, alpha, beta, gamma]: Cell): number[] => [
  Math.log(a),
  Math.log(b),
  Math.log(c),
  alpha,
  beta,
  gamma,
];

const within = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));

/**
 * The cell of six numbers, with the equalities and angles that the space group demands. Numbers
 * that are no cell (angles that do not close) give null.
 */
export function cellFromNumbers(numbers: ArrayLike<number>, spaceGroup: number): Cell | null {
  const length = (i: number): number => within(Math.exp(numbers[i]!), SHORTEST, LONGEST);
  const angle = (i: number): number => within(numbers[i]!, NARROWEST, WIDEST);
  const raw: Cell = [length(0), length(1), length(2), angle(3), angle(4), angle(5)];
  const cell = conformCell(raw, latticeSystem(spaceGroup));
  return isCell(cell) ? cell : null;
}
