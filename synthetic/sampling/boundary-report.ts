import { writeAtomic } from '../../src/common/files.ts';
import { textTable } from '../../src/common/log.ts';
import type { BoundaryMade, PairSummary } from './boundary.ts';

/** Partners of a class in a table. */
const PARTNERS_NAMED = 3;

/** One line of JSON for every attempt, accepted or not. */
export function writeAttempts(
  path: string,
  { results, classes, seed }: Pick<BoundaryMade, 'results' | 'classes'> & { seed: number },
): void {
  const lines = results.flatMap(({ attempts }) =>
    attempts.map(({ spaceGroup, partner, reached, view, accepted, reasons }) =>
      JSON.stringify({
        class: spaceGroup,
        partner,
        seed,
        index: reached.index,
        toward: classes[reached.toward],
        t: reached.position,
        method: reached.method,
        margin: view.margin,
        gap: view.gap,
        evaluations: reached.evaluations,
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

/** `14:62`, or the partners that samples came to, the most frequent first. */
function pairText({ spaceGroup, partner, partners }: PairSummary): string {
  if (partner !== null) return `${spaceGroup}:${partner}`;
  const most = Object.entries(partners).sort(([, a], [, b]) => b - a);
  const named = most.slice(0, PARTNERS_NAMED).map(([c]) => c);
  return `${spaceGroup}:${[...named, ...(most.length > named.length ? ['…'] : [])].join(',') || '?'}`;
}

const shown = (value: number | null, digits: number): string =>
  value === null ? '-' : value.toFixed(digits);

/** Where on their distortions crystals cross, pair by pair; null where nothing was distorted. */
function amplitudeTable(summary: readonly PairSummary[]): string | null {
  const rows = summary.flatMap(({ spaceGroup, crossing, amplitudes }) =>
    amplitudes.map(({ from, count, below, verifiers, ...at }, i) => [
      `${from} > ${spaceGroup}`,
      i === 0 ? shown(crossing && 100 * crossing, 0) : '',
      `${at.median.toFixed(3)} (${at.low.toFixed(3)} to ${at.high.toFixed(3)})`,
      `${below} of ${count}`,
      verifiers ? `${verifiers.crossed} of ${verifiers.paths}` : '-',
      shown(verifiers?.difference ?? null, 3),
    ]),
  );
  const head = [
    'distorted',
    '% of paths cross',
    'amplitude, angstrom (10 to 90 %)',
    'below 0.1',
    'verifiers cross',
    'verifier - guide',
  ];
  return rows.length === 0 ? null : textTable([head, ...rows]);
}

/** What the searches came to, as a table and a few lines. */
export function boundaryText({ summary, results, seconds, verifiers }: BoundaryMade): string {
  const rows = summary.map((one) => [
    pairText(one),
    one.accepted,
    one.attempts,
    shown(one.evaluationsPerSample, 1),
    shown(one.confusionDistance, 3),
    shown(one.verifierMargin, 2),
    one.perSecond.toFixed(2),
    reasonText(one.reasons),
  ]);
  const head = [
    'pair',
    'accepted',
    'attempts',
    'evaluations each',
    'p gap',
    'verifier margin',
    'a second',
    'refused for',
  ];
  const accepted = summary.reduce((sum, one) => sum + one.accepted, 0);
  const total = { search: 0, draw: 0, checks: 0 };
  for (const { times } of results) {
    for (const phase of Object.keys(total) as (keyof typeof total)[]) total[phase] += times[phase];
  }
  const whole = total.search + total.draw + total.checks || 1;
  const share = (phase: keyof typeof total): string =>
    `${Math.round((100 * total[phase]) / whole)} %`;
  const unreached = summary.filter((one) => one.accepted === 0).map(pairText);
  const lines = [
    textTable([head, ...rows]),
    `${accepted} accepted, ${(accepted / seconds).toFixed(2)} a second; time: search ${share('search')}, drawing ${share('draw')}, checks ${share('checks')}`,
  ];
  const distorted = amplitudeTable(summary);
  if (distorted) lines.push(distorted);
  if (unreached.length > 0) lines.push(`no boundary reached: ${unreached.join(', ')}`);
  const fooled = summary.reduce((sum, one) => sum + one.guideOnly, 0);
  if (verifiers > 0)
    lines.push(
      `${fooled} candidates were near for the guide only: classifiers of other seeds are surer`,
    );
  else
    lines.push(
      'no second classifier in the workspace: candidates that fool only the guide were not found out (npx gan classify train --seed 2)',
    );
  return lines.join('\n');
}
