import { groupBy } from '../src/ground/group.ts';
import { type Features, pickRows } from './metrics/features.ts';
import { quantile } from './metrics/quantile.ts';
import { realismAmong } from './metrics/realism-among.ts';

/** Real triplets that synthetic ones of a class are measured by. */
export interface Reference {
  /** The triplets of the class, or of all classes where it has too few. */
  kind: 'class' | 'all';
  real: Features;
  /** Material of each. */
  groups: readonly string[];
  /** Realism that all but a few of them would reach if they were new. */
  limit: number;
}

/** Materials that a class must have to be a reference of its own. */
const OWN_REFERENCE = 10;

/** Share of new real triplets that may score lower than an accepted synthetic one must. */
export const STRICTNESS = 0.05;

/** The reference of each class label, from the features of the real training triplets. */
export function references(
  real: Features,
  { labels, materials }: { labels: ArrayLike<number>; materials: readonly string[] },
): (label: number) => Reference {
  const made = new Map<object, Reference>();
  const make = (kind: Reference['kind'], rows: readonly number[]): Reference => {
    const chosen = pickRows(real, rows);
    const groups = rows.map((row) => materials[row]!);
    const limit = quantile(realismAmong(chosen, { groups }), STRICTNESS);
    return { kind, real: chosen, groups, limit };
  };
  const everyRow = [...materials.keys()];
  const all = { kind: 'all', rows: everyRow } as const;
  const members = groupBy(everyRow, (row) => labels[row]!);
  const choose = (label: number) => {
    const rows = members.get(label) ?? [];
    const own = new Set(rows.map((row) => materials[row])).size;
    return own >= OWN_REFERENCE ? ({ kind: 'class', rows } as const) : all;
  };
  const chosen = new Map([...members.keys()].map((label) => [label, choose(label)]));
  return (label) => {
    const choice = chosen.get(label) ?? all;
    const known = made.get(choice);
    if (known) return known;
    const reference = make(choice.kind, choice.rows);
    made.set(choice, reference);
    return reference;
  };
}
