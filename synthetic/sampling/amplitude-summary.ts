import type { Classifier } from '../../classifier/classifier.ts';
import type { Attempt, PairResult } from '../../gan/boundary/search.ts';
import type { Generator } from '../../gan/generator.ts';
import { groupBy } from '../../src/common/group.ts';
import { median, quantile } from '../../src/common/quantile.ts';
import { SYMMETRY_MARGIN } from '../../src/crystal/exact-group.ts';

/** Where on their distortions crystals of one group cross the boundary of a subgroup, in angstrom. */
export interface AmplitudeSummary {
  /** Space group of the crystals that were distorted. */
  from: number;
  /** Candidates that cross, with a verified group. */
  count: number;
  median: number;
  /** 10th and 90th percentile. */
  low: number;
  high: number;
  /** Amplitudes below `SYMMETRY_MARGIN`: refused in a crystal that is no distorted one. */
  below: number;
  /** The same paths for classifiers that did not search; null without any. */
  verifiers: {
    /** Paths and classifiers that were looked at, and how many of them cross. */
    paths: number;
    crossed: number;
    /** Median of verifier minus guide over those that cross; null where none does. */
    difference: number | null;
  } | null;
}

/** Paths that are walked again for each verifier: some ten simulations each. */
const WALKED = 3;

interface Measuring {
  generator: Generator;
  verifiers: readonly Classifier[];
  epsilon: number;
}

/** The amplitudes of a search along distortions, by the group that they start from. */
export async function amplitudeSummaries(
  { attempts, partner }: PairResult,
  measuring: Measuring,
): Promise<AmplitudeSummary[]> {
  const distorted = attempts.filter(({ reached }) => reached.method === 'distortion');
  const groups = groupBy(distorted, ({ reached }) => reached.toward);
  const out: AmplitudeSummary[] = [];
  for (const [toward, found] of [...groups].sort(([a], [b]) => a - b)) {
    const from = measuring.generator.classes[toward]!;
    out.push(await amplitudesOf(found, { ...measuring, from, named: partner !== null }));
  }
  return out;
}

async function amplitudesOf(
  found: readonly Attempt[],
  request: Measuring & { from: number; named: boolean },
): Promise<AmplitudeSummary> {
  const { generator, verifiers, epsilon, from, named } = request;
  const amplitudes = found.map(({ reached }) => reached.position!);
  const walked = found.slice(0, WALKED);
  const { label, partner } = walked[0]!.pair;
  const sides = { label, partner: named ? partner : null, classes: generator.classes.length };
  const differences: (number | null)[] = [];
  for (const verifier of verifiers) {
    const there = await generator.space!.crossings!(
      walked.map(({ reached }) => reached.source),
      { score: (images) => verifier.logitsOf(images), sides, epsilon },
    );
    differences.push(...there.map((at, i) => at && at - walked[i]!.reached.position!));
  }
  const crossed = differences.filter((one) => one !== null);
  return {
    from,
    count: found.length,
    median: median(amplitudes),
    low: quantile(amplitudes, 0.1),
    high: quantile(amplitudes, 0.9),
    below: amplitudes.filter((amplitude) => amplitude < SYMMETRY_MARGIN).length,
    verifiers:
      verifiers.length === 0
        ? null
        : {
            paths: differences.length,
            crossed: crossed.length,
            difference: crossed.length > 0 ? median(crossed) : null,
          },
  };
}
