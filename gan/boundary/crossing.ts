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
  /** Whether it is at or above the target at the first position of the grid. */
  startsAbove: boolean;
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

/** What is looked for in each of several functions of one number. */
export interface CrossingPlan {
  count: number;
  /** Value to be crossed. */
  target: number;
  /** Ascending positions where every candidate is looked at first. */
  grid: readonly number[];
  /** Brackets narrower than this are done. */
  tolerance: number;
  /** Largest number of steps after the grid. */
  steps?: number;
  /** Whether the first change from below to above is looked for before one from above to below. */
  entering?: boolean;
}

export interface CrossingSearch extends CrossingPlan {
  f: BatchFunction;
}

/** The first change from above to below along the grid; else the first from below to above. */
function bracketOf(row: number, values: number[], plan: CrossingPlan): Bracket | null {
  const { grid, target } = plan;
  const ends = (i: number, j: number): Bracket => ({
    row,
    above: { t: grid[i]!, value: values[i]! - target },
    below: { t: grid[j]!, value: values[j]! - target },
    moved: null,
  });
  const isAbove = values.map((value) => value >= target);
  const leaving = isAbove.findIndex((above, i) => above && isAbove[i + 1] === false);
  const entering = isAbove.findIndex((above, i) => !above && isAbove[i + 1] === true);
  if (leaving >= 0 && !(plan.entering && entering >= 0)) return ends(leaving, leaving + 1);
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

/** Function values that a search needs next. */
type Asked = Parameters<BatchFunction>;

/** The search as questions and answers, so that the function may take its time. */
function* search(plan: CrossingPlan): Generator<Asked, Crossing[], number[]> {
  const { count, target, grid, tolerance, steps = 40 } = plan;
  const rows = Array.from({ length: count }, (_, row) => row);
  const columns: number[][] = [];
  for (const t of grid) columns.push(yield [rows, rows.map(() => t)]);
  const found: Crossing[] = rows.map((row) => {
    const distances = columns.map((values) => Math.abs(values[row]! - target));
    const nearest = grid[distances.indexOf(Math.min(...distances))]!;
    const startsAbove = columns[0]![row]! >= target;
    return { t: null, width: Infinity, nearest, startsAbove, evaluations: grid.length };
  });
  const brackets = rows
    .map((row) =>
      bracketOf(
        row,
        columns.map((values) => values[row]!),
        plan,
      ),
    )
    .filter((bracket) => bracket !== null);
  let open = brackets.filter((bracket) => widthOf(bracket) > tolerance);
  for (let step = 0; step < steps && open.length > 0; step++) {
    const guesses = open.map(nextGuess);
    const values = yield [open.map(({ row }) => row), guesses];
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

/**
 * Finds for each candidate where its function crosses the target: looks along a grid, then narrows
 * all brackets together, so that one evaluation serves the whole batch.
 */
export function findCrossings({ f, ...plan }: CrossingSearch): Crossing[] {
  const asking = search(plan);
  let next = asking.next();
  while (!next.done) next = asking.next(f(...next.value));
  return next.value;
}

/** The same for a function that takes its time, such as a simulation. */
export async function findCrossingsSlowly(
  plan: CrossingPlan,
  f: (...asked: Asked) => Promise<number[]>,
): Promise<Crossing[]> {
  const asking = search(plan);
  let next = asking.next();
  while (!next.done) next = asking.next(await f(...next.value));
  return next.value;
}
