import type { Classifier } from '../../classifier/classifier.ts';
import {
  type Attempt,
  type CandidateCheck,
  type PairResult,
  searchPair,
} from '../../gan/boundary/search.ts';
import type { Generator } from '../../gan/generator.ts';
import { tally } from '../../src/common/group.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { median } from '../../src/common/quantile.ts';
import type { GanSample } from '../archive/from-generator.ts';
import { passportOf } from '../archive/passport.ts';
import { pixelsOf, verifierMargins } from '../checks/candidate-checks.ts';
import { type AmplitudeSummary, amplitudeSummaries } from './amplitude-summary.ts';
import type { WantedSearch } from './searches.ts';

/** The generator, the classifier that hesitates, and those of other seeds that must agree. */
export interface Searching {
  generator: Generator;
  guide: Classifier;
  verifiers: readonly Classifier[];
}

export interface BoundaryOptions {
  pairs: readonly WantedSearch[];
  /** Attempts at most for each sample wanted. */
  attempts: number;
  /** Half-width of the band: 0 <= p(class) - p(partner) < epsilon. */
  epsilon: number;
  /** Gradient steps where the path does not cross; the search's own number where absent. */
  gradientSteps?: number;
  /** What a sample must meet beside lying near the boundary. */
  checks: readonly CandidateCheck[];
  /** Whether passports state the partner's share of the label. */
  softLabels: boolean;
  seed: number;
}

/** What the search of one pair came to, for reports. */
export interface PairSummary {
  spaceGroup: number;
  /** Null where every sample has its own. */
  partner: number | null;
  /** Accepted samples with each partner. */
  partners: Record<string, number>;
  attempts: number;
  accepted: number;
  /** Share of attempts whose path crosses the boundary; null where that is not counted. */
  crossing: number | null;
  /** Where on their distortions they cross, by the group that was distorted. */
  amplitudes: AmplitudeSummary[];
  /** Accepted samples a second of the search, drawing and checks. */
  perSecond: number;
  reasons: Record<string, number>;
  evaluations: number;
  /** Images drawn and scored for each accepted sample; null without one. */
  evaluationsPerSample: number | null;
  /** Median difference of the two probabilities of accepted samples; null without one. */
  confusionDistance: number | null;
  /** Median |margin| of accepted samples under the verifiers; null without either. */
  verifierMargin: number | null;
  /** Attempts that met the guide's conditions and that a verifier refused. */
  guideOnly: number;
}

export interface BoundaryMade {
  samples: GanSample[];
  results: PairResult[];
  /** Space groups of the generator, in label order. */
  classes: readonly number[];
  summary: PairSummary[];
  seconds: number;
  verifiers: number;
}

async function summaryOf(
  result: PairResult,
  { generator, verifiers }: Searching,
  epsilon: number,
): Promise<PairSummary> {
  const { spaceGroup, partner, attempts, tried, accepted, crossed, reasons, evaluations } = result;
  const { search, draw, checks } = result.times;
  const taken = attempts.filter((one) => one.accepted);
  const pairs = taken.map(({ pair }) => pair);
  const margins = verifiers.flatMap((verifier) =>
    taken.length === 0
      ? []
      : Array.from(verifierMargins(verifier, pixelsOf(taken), pairs), Math.abs),
  );
  return {
    spaceGroup,
    partner,
    partners: Object.fromEntries(tally(taken.slice(0, accepted).map((one) => one.partner))),
    attempts: tried,
    accepted,
    crossing: crossed === null ? null : crossed / tried,
    amplitudes: await amplitudeSummaries(result, { generator, verifiers, epsilon }),
    perSecond: (1000 * accepted) / (search + draw + checks),
    reasons,
    evaluations,
    evaluationsPerSample: accepted > 0 ? evaluations / accepted : null,
    confusionDistance: taken.length > 0 ? median(taken.map(({ view }) => view.gap)) : null,
    verifierMargin: margins.length > 0 ? median(margins) : null,
    guideOnly: reasons.verifier ?? 0,
  };
}

const attemptPassport = (attempt: Attempt, { seed, softLabels }: BoundaryOptions) => {
  const { view, reached, spaceGroup, partner, drawn } = attempt;
  const both = view.probability + view.partnerProbability;
  return passportOf(spaceGroup, {
    partner,
    t: reached.position,
    parents: [...drawn.parents],
    margin: view.margin,
    seed,
    share: softLabels ? view.partnerProbability / both : null,
  });
};

/** The first accepted attempts of a search, at most as many as were wanted. */
const samplesOf = (result: PairResult, count: number, options: BoundaryOptions): GanSample[] =>
  result.attempts
    .filter(({ accepted }) => accepted)
    .slice(0, count)
    .map((attempt) => ({
      sample: attempt.drawn,
      passport: attemptPassport(attempt, options),
    }));

/** Triplets near the boundary of each class with its partner, with their passports. */
export async function boundarySamples(
  searching: Searching,
  options: BoundaryOptions,
  progress: ProgressFactory,
): Promise<BoundaryMade> {
  const { generator, guide, verifiers } = searching;
  const { epsilon, gradientSteps, checks, seed } = options;
  const start = performance.now();
  const results: PairResult[] = [];
  for (const [at, pair] of options.pairs.entries()) {
    const place = options.pairs.length > 1 ? ` (${at + 1} of ${options.pairs.length})` : '';
    const found = await searchPair({
      ...pair,
      generator,
      score: (images) => guide.logitsOf(images),
      attempts: options.attempts * pair.count,
      epsilon,
      gradientSteps,
      seed,
      checks,
      progress: (stage, total) => progress(`${stage}${place}`, total),
    });
    results.push(found);
  }
  const seconds = (performance.now() - start) / 1000;
  const summary: PairSummary[] = [];
  for (const result of results) summary.push(await summaryOf(result, searching, epsilon));
  return {
    samples: results.flatMap((result, i) => samplesOf(result, options.pairs[i]!.count, options)),
    results,
    classes: generator.classes,
    summary,
    seconds,
    verifiers: verifiers.length,
  };
}
