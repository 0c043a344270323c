import { probabilities } from './margin.ts';

/** How often class `label` is taken for `partner`. */
export interface Confusion {
  label: number;
  partner: number;
  /** Held-out examples of the label that are predicted as the partner. */
  count: number;
  /** Mean probability of the partner over the examples of the label, 0 to 1. */
  share: number;
}

/**
 * How classes are confused on held-out data: mean probabilities tell pairs apart where small
 * classes have no wrong prediction at all.
 *
 * @param logits (N, classes) temperature-scaled.
 */
export function confusions(
  logits: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): Confusion[][] {
  const shares = new Float64Array(classes * classes);
  const counts = new Float64Array(classes * classes);
  const sizes = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) {
    const p = probabilities(logits, row * classes, classes);
    const label = labels[row]!;
    sizes[label]!++;
    counts[label * classes + p.indexOf(Math.max(...p))]!++;
    p.forEach((value, c) => {
      shares[label * classes + c]! += value;
    });
  }
  return Array.from({ length: classes }, (_, label) =>
    Array.from({ length: classes }, (_unused, partner) => ({
      label,
      partner,
      count: counts[label * classes + partner]!,
      share: sizes[label]! > 0 ? shares[label * classes + partner]! / sizes[label]! : 0,
    })),
  );
}

/**
 * The `count` classes that a class is most often taken for, or that are taken for it: what a
 * boundary sample between them can mend.
 *
 * @param allowed classes that may be a partner; all by default.
 */
export function partnersOf(
  table: readonly (readonly Confusion[])[],
  label: number,
  options: { count?: number; allowed?: (partner: number) => boolean } = {},
): Confusion[] {
  const { count = 1, allowed = () => true } = options;
  const both = (partner: number): number =>
    table[label]![partner]!.share + table[partner]![label]!.share;
  return table[label]!.filter(({ partner }) => partner !== label && allowed(partner))
    .sort((a, b) => both(b.partner) - both(a.partner) || a.partner - b.partner)
    .slice(0, count);
}
