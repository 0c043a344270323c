import { type Features, pickRows } from './features.ts';
import { type Groups, nearestRows, squaredRadii } from './neighbours.ts';

/**
 * AuthPct (Alaa et al. 2022): percentage of generated samples that are farther from their nearest
 * training sample than that training sample is from its own nearest neighbour. About 50 where
 * the generated samples are spread like the training samples; low where they are copies.
 *
 * @param groups material of each training sample: its own neighbour is then of another material.
 */
export function authenticity(train: Features, fake: Features, groups?: Groups): number {
  const own = squaredRadii(train, 1, groups);
  const to = nearestRows(fake, train, { k: 1 });
  let authentic = 0;
  for (let j = 0; j < fake.count; j++) {
    if (to.squared[j]! > own[to.index[j]!]!) authentic++;
  }
  return (100 * authentic) / fake.count;
}

/** Ranks from 1, equal values sharing their mean rank. */
function ranks(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const out = new Float64Array(values.length);
  for (let at = 0; at < order.length; ) {
    let end = at;
    while (end < order.length && values[order[end]!] === values[order[at]!]) end++;
    for (let i = at; i < end; i++) out[order[i]!] = (at + 1 + end) / 2;
    at = end;
  }
  return out;
}

/** Z-score of the Mann-Whitney U statistic of `first` over `second`; negative where `first` is smaller. */
export function mannWhitneyZ(first: Float64Array, second: Float64Array): number {
  const [m, n] = [first.length, second.length];
  const joined = new Float64Array(m + n);
  joined.set(first);
  joined.set(second, m);
  const ranked = ranks(joined);
  let sum = 0;
  for (let i = 0; i < m; i++) sum += ranked[i]!;
  const u = sum - (m * (m + 1)) / 2;
  // Meehan et al. take half a step off the mean as a correction for continuity.
  return (u - (m * n) / 2 + 0.5) / Math.sqrt((m * n * (m + n + 1)) / 12);
}

export interface CopyTest {
  train: Features;
  /** Real samples that the generator did not see. */
  held: Features;
  fake: Features;
  /** Cell of each sample of each set; without, all stand in one cell. */
  cells?: { train: ArrayLike<number>; held: ArrayLike<number>; fake: ArrayLike<number> };
}

const plainDistances = (set: Features, train: Features): Float64Array =>
  nearestRows(set, train, { k: 1 }).squared.map(Math.sqrt);

const zOf = (train: Features, held: Features, fake: Features): number =>
  mannWhitneyZ(plainDistances(fake, train), plainDistances(held, train));

const rowsIn = (cells: ArrayLike<number>, cell: number): number[] =>
  Array.from(cells, (c, i) => (c === cell ? i : -1)).filter((i) => i >= 0);

/** Samples of each kind that a cell must have to be counted. */
const CELL_MINIMUM = 5;

/**
 * Data-copying test C_T (Meehan et al. 2020): are generated samples nearer to the training samples
 * than held-out real samples are? Z-score, averaged over cells with the share of held-out samples
 * in each; below about -3 the generator copies, above 3 it misses the training samples. NaN where
 * no cell has five samples of each kind.
 */
export function copyTest({ train, held, fake, cells }: CopyTest): number {
  if (!cells) return zOf(train, held, fake);
  let [sum, weight] = [0, 0];
  for (const cell of new Set(Array.from(cells.held))) {
    const rows = {
      train: rowsIn(cells.train, cell),
      held: rowsIn(cells.held, cell),
      fake: rowsIn(cells.fake, cell),
    };
    if (Object.values(rows).some((list) => list.length < CELL_MINIMUM)) continue;
    const z = zOf(
      pickRows(train, rows.train),
      pickRows(held, rows.held),
      pickRows(fake, rows.fake),
    );
    sum += rows.held.length * z;
    weight += rows.held.length;
  }
  return sum / weight;
}
