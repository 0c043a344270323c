/** A function of one number for each of several candidates: values at (candidate, t) pairs. */
export type BatchFunction = (rows: readonly number[], at: readonly number[]) => number[];

/** Where the function of one candidate crosses the target, seen from the side above it. */
export interface Crossing {
  /** On the side where the function is at or above the target; null where it never crosses. */
  t: number | null;
  /** Width of the last bracket: the crossing lies within this distance of t. */
  width: number;
  /** Where on the grid the function came nearest to the target. */
  nearest: number;
  /** Function values taken. */
  evaluations: number;
}

interface Bracket {
  row: number;
  /** Value at or above the target. */
  above: { t: number; value: number };
  below: { t: number; value: number };
  /** Which end the last step moved, to see one that stands still. */
  moved: 'above' | 'below' | null;
}

export interface CrossingSearch {
  count: number;
  f: BatchFunction;
  /** Value to be crossed. */
  target: number;
  /** Ascending positions where every candidate is looked at first. */
  grid: readonly number[];
  /** Brackets narrower than this are done. */
  tolerance: number;
  /** Largest number of steps after the grid. */
  steps?: number;
}

/** The first change from above to below along the grid; else the first from below to above. */
function bracketOf(
  row: number,
  values: number[],
  { grid, target }: CrossingSearch,
): Bracket | null {
  const ends = (i: number, j: number): Bracket => ({
    row,
    above: { t: grid[i]!, value: values[i]! - target },
    below: { t: grid[j]!, value: values[j]! - target },
    moved: null,
  });
  const isAbove = values.map((value) => value >= target);
  const leaving = isAbove.findIndex((above, i) => above && isAbove[i + 1] === false);
  if (leaving >= 0) return ends(leaving, leaving + 1);
  const entering = isAbove.findIndex((above, i) => !above && isAbove[i + 1] === true);
  return entering >= 0 ? ends(entering + 1, entering) : null;
}

const widthOf = ({ above, below }: Bracket): number => Math.abs(above.t - below.t);

/**
 * Where to look next: the Illinois variant of false position (Dowell and Jarratt 1971) on values
 * that were halved where an end stood still; never nearer to an end than a tenth of the bracket.
 */
function nextGuess({ above, below }: Bracket): number {
  const share = above.value / (above.value - below.value);
  return above.t + Math.min(0.9, Math.max(0.1, share)) * (below.t - above.t);
}

function narrow(bracket: Bracket, t: number, value: number): void {
  const side = value >= 0 ? 'above' : 'below';
  if (bracket.moved === side) bracket[side === 'above' ? 'below' : 'above'].value /= 2;
  bracket[side] = { t, value };
  bracket.moved = side;
}

/**
 * Finds for each candidate where its function crosses the target: looks along a grid, then narrows
 * all brackets together, so that one evaluation serves the whole batch.
 */
export function findCrossings(search: CrossingSearch): Crossing[] {
  const { count, f, target, grid, tolerance, steps = 40 } = search;
  const rows = Array.from({ length: count }, (_, row) => row);
  const columns = grid.map((t) =>
    f(
      rows,
      rows.map(() => t),
    ),
  );
  const found: Crossing[] = rows.map((row) => {
    const distances = columns.map((values) => Math.abs(values[row]! - target));
    const nearest = grid[distances.indexOf(Math.min(...distances))]!;
    return { t: null, width: Infinity, nearest, evaluations: grid.length };
  });
  const brackets = rows
    .map((row) =>
      bracketOf(
        row,
        columns.map((values) => values[row]!),
        search,
      ),
    )
    .filter((bracket) => bracket !== null);
  let open = brackets.filter((bracket) => widthOf(bracket) > tolerance);
  for (let step = 0; step < steps && open.length > 0; step++) {
    const guesses = open.map(nextGuess);
    const values = f(
      open.map(({ row }) => row),
      guesses,
    );
    open.forEach((bracket, i) => {
      narrow(bracket, guesses[i]!, values[i]! - target);
      found[bracket.row]!.evaluations++;
    });
    open = open.filter((bracket) => widthOf(bracket) > tolerance);
  }
  for (const bracket of brackets) {
    found[bracket.row]!.t = bracket.above.t;
    found[bracket.row]!.width = widthOf(bracket);
  }
  return found;
}
