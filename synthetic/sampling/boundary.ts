import { type Confusion, confusions, partnersOf } from '../../classifier/boundary/confusion.ts';
import { type Attempt, type PairResult, searchPair } from '../../gan/boundary.ts';
import { BLOCK } from '../../gan/sample.ts';
import { writeAtomic } from '../../src/ground/files.ts';
import { textTable } from '../../src/ground/log.ts';
import type { ProgressFactory } from '../../src/ground/progress.ts';
import { Stream } from '../../src/ground/stream.ts';
import type { ArchiveContents } from '../archive.ts';
import { ganArchive } from '../from-gan.ts';
import { pixelsOf, realismGate, verifierGate, verifierMargins } from '../gates.ts';
import { median } from '../metrics/quantile.ts';
import { provenanceOf, seenBy } from '../provenance.ts';
import { convolutionSpace } from '../spaces/space.ts';
import type { Sampling } from './open.ts';

export interface BoundaryOptions {
  count: number;
  /** Attempts at most for each sample wanted. */
  attempts: number;
  epsilon: number;
  softLabels: boolean;
  pair?: string;
  seed: number;
}

/** What the search of one pair came to, for reports. */
export interface PairSummary {
  spaceGroup: number;
  partner: number;
  attempts: number;
  accepted: number;
  reasons: Record<string, number>;
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
  contents: ArchiveContents;
  results: PairResult[];
  summary: PairSummary[];
  seconds: number;
  verifiers: number;
}

/** How classes are confused on validation, by the guide. */
export function validationConfusion({
  guide,
  store,
}: Pick<Sampling, 'guide' | 'store'>): Confusion[][] {
  const held = store.examples('validation');
  const logs = guide!.predict(held).map((p) => Math.log(Math.max(p, 1e-30)));
  return confusions(logs, held.labels, store.classes.length);
}

/** The pairs to search: the one named, or each class with the one it is most confused with. */
function pairsOf(sampling: Sampling, pair?: string): [number, number][] {
  if (pair) return [pair.split(':').map(Number) as [number, number]];
  const { model, classes } = sampling;
  const table = validationConfusion(sampling);
  const allowed = (partner: number): boolean => model.space.zones[partner] !== null;
  return classes.map((spaceGroup) => {
    const found = partnersOf(table, model.labelOf(spaceGroup), { allowed })[0]!;
    return [spaceGroup, model.classes[found.partner]!];
  });
}

function summaryOf(result: PairResult, sampling: Sampling): PairSummary {
  const { spaceGroup, partner, attempts, accepted, reasons, evaluations } = result;
  const taken = attempts.filter((one) => one.accepted);
  const pair = {
    label: sampling.model.labelOf(spaceGroup),
    partner: sampling.model.labelOf(partner),
  };
  const margins = sampling.verifiers.flatMap((verifier) =>
    taken.length === 0
      ? []
      : Array.from(verifierMargins(verifier, pixelsOf(taken), pair), Math.abs),
  );
  return {
    spaceGroup,
    partner,
    attempts: attempts.length,
    accepted,
    reasons,
    evaluationsPerSample: accepted > 0 ? evaluations / accepted : null,
    confusionDistance: taken.length > 0 ? median(taken.map(({ view }) => view.gap)) : null,
    verifierMargin: margins.length > 0 ? median(margins) : null,
    guideOnly: reasons.verifier ?? 0,
  };
}

const passportOf = (attempt: Attempt, seed: number, soft: boolean) => {
  const { view, origin, spaceGroup, partner } = attempt;
  const both = view.probability + view.partnerProbability;
  return provenanceOf(spaceGroup, {
    partner,
    t: origin.t ?? null,
    margin: view.margin,
    seed,
    share: soft ? view.partnerProbability / both : null,
  });
};

/** Triplets near the boundary of each class with its partner, with their passports. */
export async function boundarySamples(
  sampling: Sampling,
  options: BoundaryOptions,
  progress: ProgressFactory,
): Promise<BoundaryMade> {
  const { model, store, verifiers } = sampling;
  const guide = sampling.guide!;
  const space = convolutionSpace(new Stream(0, 'boundary realism'));
  const gates = [realismGate(space, store.examples('train'), store.camera.centre)];
  if (verifiers.length > 0) gates.push(verifierGate(verifiers));
  const start = performance.now();
  const results: PairResult[] = [];
  for (const [spaceGroup, partner] of pairsOf(sampling, options.pair)) {
    const { count, epsilon, seed } = options;
    results.push(
      await searchPair({
        model,
        score: (images) => guide.logitsOf(images),
        spaceGroup,
        partner,
        count,
        attempts: options.attempts * count,
        epsilon,
        seed,
        gates,
        progress,
      }),
    );
  }
  const samples = results.flatMap(({ attempts }) =>
    attempts
      .filter(({ accepted }) => accepted)
      .slice(0, options.count)
      .map((attempt) => ({
        drawn: attempt.drawn,
        source: attempt.origin,
        place: attempt.index % BLOCK,
        passport: passportOf(attempt, options.seed, options.softLabels),
      })),
  );
  const seen = seenBy(guide.digest, guide.seen.materials);
  return {
    contents: ganArchive({ model, store, guide: seen }, samples),
    results,
    summary: results.map((result) => summaryOf(result, sampling)),
    seconds: (performance.now() - start) / 1000,
    verifiers: verifiers.length,
  };
}

/** One line of JSON for every attempt, accepted or not. */
export function writeAttempts(path: string, results: readonly PairResult[], seed: number): void {
  const lines = results.flatMap(({ attempts }) =>
    attempts.map(
      ({ spaceGroup, partner, index, origin, view, method, evaluations, accepted, reasons }) =>
        JSON.stringify({
          class: spaceGroup,
          partner,
          seed,
          index,
          t: origin.t,
          method,
          margin: view.margin,
          gap: view.gap,
          evaluations,
          accepted,
          reasons,
        }),
    ),
  );
  writeAtomic(path, `${lines.join('\n')}\n`);
}

const reasonText = (reasons: Record<string, number>): string =>
  Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ') || 'none';

const shown = (value: number | null, digits: number): string =>
  value === null ? '-' : value.toFixed(digits);

/** What the searches came to, as a table and a few lines. */
export function boundaryText({ summary, results, seconds, verifiers }: BoundaryMade): string {
  const rows = summary.map((one) => [
    `${one.spaceGroup}:${one.partner}`,
    one.accepted,
    one.attempts,
    shown(one.evaluationsPerSample, 1),
    shown(one.confusionDistance, 3),
    shown(one.verifierMargin, 2),
    reasonText(one.reasons),
  ]);
  const head = [
    'pair',
    'accepted',
    'attempts',
    'evaluations each',
    'p gap',
    'verifier margin',
    'refused for',
  ];
  const accepted = summary.reduce((sum, one) => sum + one.accepted, 0);
  const total = { search: 0, draw: 0, gates: 0 };
  for (const { times } of results) {
    for (const phase of Object.keys(total) as (keyof typeof total)[]) total[phase] += times[phase];
  }
  const whole = total.search + total.draw + total.gates || 1;
  const share = (phase: keyof typeof total): string =>
    `${Math.round((100 * total[phase]) / whole)} %`;
  const unreached = summary
    .filter((one) => one.accepted === 0)
    .map((one) => `${one.spaceGroup}:${one.partner}`);
  const lines = [
    textTable([head, ...rows]),
    `${accepted} accepted, ${(accepted / seconds).toFixed(2)} a second; time: search ${share('search')}, drawing ${share('draw')}, gates ${share('gates')}`,
  ];
  if (unreached.length > 0) lines.push(`no boundary reached: ${unreached.join(', ')}`);
  const fooled = summary.reduce((sum, one) => sum + one.guideOnly, 0);
  if (verifiers > 0) lines.push(`${fooled} candidates fooled only the guide`);
  else
    lines.push(
      'no second classifier in the workspace: candidates that fool only the guide were not found out (npx gan classify train --seed 2)',
    );
  return lines.join('\n');
}
