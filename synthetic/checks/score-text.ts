import { textTable } from '../../src/common/log.ts';
import type { MetricValue, SetMetric } from '../metrics/set-metrics.ts';
import type { NetworkTest } from '../metrics/two-sample.ts';
import { type HeldOut, REASON_KINDS } from './acceptance.ts';
import type { Score, SetScore } from './score.ts';

/** Feature spaces in words. */
export const SPACE_WORDS = {
  classifier: 'classifier features',
  convolutions: 'random convolutions',
  physics: 'physics descriptors',
} as const;

const HEADS: readonly [SetMetric, string][] = [
  ['precision', 'precision'],
  ['recall', 'recall'],
  ['density', 'density'],
  ['coverage', 'coverage'],
  ['kid', 'KID'],
  ['frechet', 'Frechet'],
  ['authenticity', 'AuthPct'],
];

const number = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.01 ? value.toExponential(1) : value.toPrecision(3);

/**
 * A value on as many samples as its floor has, as the figures draw it, and in brackets its ratio to
 * that floor of real against real.
 */
const valueText = ({ value, matched, ratio }: MetricValue): string =>
  value === null
    ? 'too few'
    : `${number(matched ?? value)}${ratio === null ? '' : ` (${ratio.toFixed(2)})`}`;

/** KID below zero is an estimate of zero: there is no difference to speak of. */
const kidText = (one: MetricValue): string =>
  one.value !== null && one.value <= 0 ? 'not above 0' : valueText(one);

function row(set: SetScore): string[] {
  const { twoSample, copying } = set;
  return [
    set.spaceGroup === null ? 'all' : String(set.spaceGroup),
    String(set.real),
    String(set.synthetic),
    ...HEADS.map(([metric]) => (metric === 'kid' ? kidText : valueText)(set.metrics[metric])),
    copying === null ? 'too few' : copying.toFixed(1),
    twoSample
      ? `${twoSample.accuracy.toFixed(2)} (p ${twoSample.pValue.toFixed(3)}), ${toldApart(twoSample.pValue)}`
      : 'too few',
  ];
}

/** A two-sample test in words. */
const toldApart = (pValue: number): string =>
  pValue < 0.05 ? 'tellable from real' : 'not told from real';

/** How many samples each kind of reason rejected; a sample may have several. */
function reasonCounts({ samples }: Pick<Score, 'samples'>): { kind: string; count: number }[] {
  return REASON_KINDS.map((kind) => ({
    kind,
    count: samples.filter(({ reasons }) => reasons.some((reason) => reason.kind === kind)).length,
  })).filter(({ count }) => count > 0);
}

/** How the same checks fare with real triplets: what they cost. */
function heldText({ count, accepted, reasons }: HeldOut): string {
  const why = reasons.map((reason) => `${reason.kind} ${reason.count}`).join(', ');
  return `Of ${count} held-out real triplets of these classes the same checks accept ${accepted}${why && `; rejected for ${why}`}`;
}

function networkText({ accuracy, auc, tried, verdict }: NetworkTest): string {
  return `Two-sample test by a network: ${verdict} (${accuracy.toFixed(3)} of ${2 * tried} triplets told right, 0.5 is chance; AUC ${auc.toFixed(3)}; materials that it did not learn from)`;
}

const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

/** The whole report as text: one table a feature space, and what became of the samples. */
export function scoreText(score: Score): string {
  const heads = ['class', 'real', 'synthetic', ...HEADS.map(([, head]) => head), 'C_T', 'C2ST'];
  const tables = score.spaces.map(
    ({ name, sets }) => `${SPACE_WORDS[name]}\n${textTable([heads, ...sets.map(row)])}`,
  );
  const accepted = score.samples.filter((sample) => sample.accepted).length;
  const reasons = reasonCounts(score).map(({ kind, count }) => `${kind} ${count}`);
  const { cas } = score;
  return [
    ...tables,
    'In brackets: the ratio to what real triplets of other materials and the same classes reach on as many samples of each class: 1 is as good as real, for KID and Frechet less is nearer.',
    ...(cas
      ? [
          `Classification accuracy score: ${cas.value.toFixed(3)} learned from ${cas.count} synthetic triplets, ${cas.floor.toFixed(3)} from as many real ones (${cas.classes.length} classes)`,
        ]
      : []),
    ...(score.network ? [networkText(score.network)] : []),
    ...(score.unrecognised?.length
      ? [
          `The verifier knows too little of ${score.unrecognised.join(', ')} to be heard about them.`,
        ]
      : []),
    ...(score.held && score.held.count > 0 ? [heldText(score.held)] : []),
    ...(score.doubt ? [capital(score.doubt)] : []),
    `${score.doubt ? 'By these checks ' : ''}${accepted} of ${score.samples.length} accepted${reasons.length ? `; rejected for ${reasons.join(', ')}` : ''}`,
  ].join('\n\n');
}
