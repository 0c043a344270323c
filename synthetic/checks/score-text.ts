import { textTable } from '../../src/common/log.ts';
import type { MetricValue, SetMetric } from '../metrics/set-metrics.ts';
import type { NetworkTest } from '../metrics/two-sample.ts';
import { type MetricWord, wordOf } from '../metrics/words.ts';
import { type HeldOut, REASON_KINDS } from './acceptance.ts';
import type { Score, SetScore } from './score.ts';

/** Feature spaces in words. */
export const SPACE_WORDS = {
  classifier: 'classifier features',
  convolutions: 'random convolutions',
  physics: 'physics descriptors',
} as const;

const HEADS: readonly [Exclude<SetMetric, 'twoSample'>, string][] = [
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

/** The word of a metric after its figures, where it has one. */
const withWord = (text: string, word: MetricWord | null): string =>
  word === null ? text : `${text} ${word}`;

/** KID below zero is an estimate of zero: there is no difference to speak of. */
function metricText(metric: Exclude<SetMetric, 'twoSample'>, of: MetricValue): string {
  const none = metric === 'kid' && of.value !== null && of.value <= 0;
  return withWord(none ? 'not above 0' : valueText(of), wordOf({ metric, of }));
}

const copyText = (zScore: number | null): string =>
  zScore === null ? 'too few' : withWord(zScore.toFixed(1), wordOf({ metric: 'copying', zScore }));

function testText(test: SetScore['twoSample']): string {
  if (!test) return 'too few';
  const { accuracy, pValue } = test;
  const figures = `${accuracy.toFixed(2)} (p ${pValue.toFixed(3)})`;
  return withWord(figures, wordOf({ metric: 'twoSample', pValue }));
}

/** The metrics of a set in the order of `METRICS`. */
const cells = ({ metrics, copying, twoSample }: SetScore): string[] => [
  ...HEADS.map(([metric]) => metricText(metric, metrics[metric])),
  copyText(copying),
  testText(twoSample),
];

const METRICS = [...HEADS.map(([, head]) => head), 'C_T', 'C2ST'];

/** The metrics of all classes together: a row a metric, a column a feature space. */
export function metricRows({ spaces }: Pick<Score, 'spaces'>): string[][] {
  const columns = spaces.map(({ sets }) => cells(sets[0]!));
  const heads = ['all classes', ...spaces.map(({ name }) => SPACE_WORDS[name])];
  return [heads, ...METRICS.map((metric, n) => [metric, ...columns.map((column) => column[n]!)])];
}

/** Each class by itself in a feature space. */
const classRows = (sets: readonly SetScore[]): string[][] => [
  ['class', 'real', 'synthetic', ...METRICS],
  ...sets.map((set) => [`${set.spaceGroup}`, `${set.real}`, `${set.synthetic}`, ...cells(set)]),
];

/** A classifier that learned from samples only, beside one that learned from real triplets. */
function casText({ value, floor, count, classes }: NonNullable<Score['cas']>): string {
  const word = wordOf({ metric: 'cas', of: { value, ratio: floor > 0 ? value / floor : null } });
  const learned = withWord(value.toFixed(3), word);
  return `Classification accuracy score: ${learned}, learned from ${count} synthetic triplets; ${floor.toFixed(3)} from as many real ones (${classes.length} classes)`;
}

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

const RATIOS =
  'In brackets: the ratio to what real triplets of other materials and the same classes reach on as many samples of each class: 1 is as good as real, for KID and Frechet less is nearer. Words: as real, near or far, by that ratio.';

/** What the figures in brackets and the words mean; nothing where there are none. */
export const ratioLines = ({ spaces }: Pick<Score, 'spaces'>): string[] => {
  const values = spaces.flatMap(({ sets }) =>
    sets.flatMap(({ metrics }) => Object.values(metrics)),
  );
  return values.some(({ ratio }) => ratio !== null) ? [RATIOS] : [];
};

/** The whole report as text: the metrics, each with its word, and what became of the samples. */
export function scoreText(score: Score): string {
  const [whole] = score.spaces[0]!.sets;
  const byClass = score.spaces
    .map(({ name, sets }) => ({ name, sets: sets.slice(1) }))
    .filter(({ sets }) => sets.length > 0)
    .map(({ name, sets }) => `${SPACE_WORDS[name]}\n${textTable(classRows(sets))}`);
  return [
    `${whole!.synthetic} synthetic triplets against ${whole!.real} real ones of their classes\n${textTable(metricRows(score))}`,
    ...byClass,
    ...ratioLines(score),
    ...scoreSentences(score),
  ].join('\n\n');
}

/** The report without its tables, the samples that were accepted last. */
export function scoreSentences(score: Score): string[] {
  const accepted = score.samples.filter((sample) => sample.accepted).length;
  const reasons = reasonCounts(score).map(({ kind, count }) => `${kind} ${count}`);
  const { cas } = score;
  return [
    ...(cas ? [casText(cas)] : []),
    ...(score.network ? [networkText(score.network)] : []),
    ...(score.unrecognised?.length
      ? [
          `The verifier has learned too little of space group ${score.unrecognised.join(', ')}: what it says of their samples does not count.`,
        ]
      : []),
    ...(score.held && score.held.count > 0 ? [heldText(score.held)] : []),
    ...(score.doubt ? [capital(score.doubt)] : []),
    `${score.doubt ? 'By these checks ' : ''}${accepted} of ${score.samples.length} accepted${reasons.length ? `; rejected for ${reasons.join(', ')}` : ''}`,
  ];
}
