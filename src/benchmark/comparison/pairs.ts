import { Stream } from '../../common/stream.ts';
import type { Outcome } from '../cells/outcome.ts';
import { type Difference, measureOf, type Pair, pairedBootstrap } from '../statistics/bootstrap.ts';
import type { Statistic } from '../statistics/macro.ts';

/** Outcomes of two arms paired by seed; seeds that miss one of the two are left out. */
export function pairsOf(outcomes: readonly Outcome[], baseline: string, treated: string): Pair[] {
  return outcomes
    .filter((outcome) => outcome.arm === baseline)
    .flatMap((base) => {
      const other = outcomes.find((o) => o.arm === treated && o.seed === base.seed);
      return other ? [{ baseline: base, treated: other }] : [];
    });
}

/** What one arm has over another in a statistic; null with fewer than two paired seeds. */
export function differenceOf(
  outcomes: readonly Outcome[],
  { from, to, statistic }: { from: string; to: string; statistic: Statistic },
): Difference | null {
  const pairs = pairsOf(outcomes, from, to);
  if (pairs.length < 2) return null;
  const found = pairedBootstrap({
    pairs,
    statistic,
    measure: measureOf(statistic),
    // One stream name for all arms: the same resamples, so arms differ by their results alone.
    stream: new Stream(0, `bootstrap/${statistic}`),
  });
  return Number.isNaN(found.difference) ? null : found;
}
