import { groupBy } from '../../src/common/group.ts';
import { quantile } from '../../src/common/quantile.ts';
import { type Features, pickRows } from '../metrics/features.ts';
import { realismAmong } from '../metrics/realism.ts';

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
  const everyRow = [...materials.keys()];
  const members = groupBy(everyRow, (row) => labels[row]!);
  const several = [...members].filter(
    ([, rows]) => new Set(rows.map((row) => materials[row])).size >= OWN_REFERENCE,
  );
  const serving = new Set(several.map(([label]) => label));
  const make = (of: number | 'all'): Reference => {
    const rows = of === 'all' ? everyRow : members.get(of)!;
    const chosen = pickRows(real, rows);
    const groups = rows.map((row) => materials[row]!);
    const limit = quantile(realismAmong(chosen, { groups }), STRICTNESS);
    return { kind: of === 'all' ? 'all' : 'class', real: chosen, groups, limit };
  };
  const made = new Map<number | 'all', Reference>();
  return (label) => {
    const of = serving.has(label) ? label : 'all';
    const reference = made.get(of) ?? make(of);
    made.set(of, reference);
    return reference;
  };
}
