/** Where a downhill search ended. */
export interface Minimum {
  at: readonly number[];
  value: number;
}

/**
 * Nelder and Mead's downhill simplex (1965): the least value of a function of a few numbers, from
 * a start and a first step in each of them.
 */
export function downhill(
  objective: (at: readonly number[]) => number,
  start: readonly number[],
  options: { steps: readonly number[]; evaluations: number },
): Minimum {
  let spent = 0;
  const probe = (at: readonly number[]): Minimum => {
    spent++;
    return { at, value: objective(at) };
  };
  const stepped = (i: number) => start.map((v, j) => (i === j ? v + options.steps[i]! : v));
  const corners = [probe(start), ...start.map((_, i) => probe(stepped(i)))];
  const order = (): void => {
    corners.sort((a, b) => a.value - b.value);
  };
  order();
  while (spent < options.evaluations) {
    const worst = corners.pop()!;
    const centre = start.map(
      (_, i) => corners.reduce((sum, { at }) => sum + at[i]!, 0) / start.length,
    );
    const along = (t: number) => probe(centre.map((c, i) => c + t * (worst.at[i]! - c)));
    let next = along(-1);
    if (next.value < corners[0]!.value) {
      const further = along(-2);
      if (further.value < next.value) next = further;
    } else if (next.value >= corners.at(-1)!.value) {
      next = along(next.value < worst.value ? -0.5 : 0.5);
    }
    corners.push(next.value < worst.value ? next : worst);
    if (next.value >= worst.value) {
      const best = corners[0]!.at;
      for (let i = 1; i < corners.length; i++) {
        corners[i] = probe(corners[i]!.at.map((v, j) => (v + best[j]!) / 2));
      }
    }
    order();
  }
  return corners[0]!;
}
