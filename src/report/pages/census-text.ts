import { textTable } from '../../common/log.ts';
import { type Anomaly, anomalyCounts, anomalyText, isFatal } from '../../dataset/anomaly.ts';
import type { Census } from '../../dataset/census.ts';
import { histogramQuantile, type IntensitySummary } from '../../dataset/inspect/survey.ts';
import { DEFAULT_SPLIT_RULE, describeRule, SPLITS } from '../../dataset/split.ts';

const SHOWN = 12;

/** '3, 8, 17' or '3, 8, 17, … (42)'. */
function list(numbers: readonly number[], most = 24): string {
  if (numbers.length === 0) return 'none';
  const shown = numbers.slice(0, most).join(', ');
  return numbers.length > most ? `${shown}, … (${numbers.length})` : shown;
}

/** What a census says, for a terminal. */
export function censusLines(census: Census): string[] {
  const { bySplit, imbalance, effectiveClasses, energies } = census;
  const parts = SPLITS.filter((split) => bySplit[split].samples > 0).map((split) => {
    const { samples, materials, classes } = bySplit[split];
    return [split, samples, materials, classes];
  });
  const total = ['all', census.samples, census.materials, census.classes.length];
  const ratio = (value: number): string => `${value.toFixed(1)} : 1`;
  return [
    textTable([['part', 'samples', 'materials', 'space groups'], ...parts, total]),
    `largest to smallest class: ${ratio(imbalance.materials)} in materials, ${ratio(imbalance.samples)} in samples`,
    `effective number of classes: ${effectiveClasses.materials.toFixed(1)} by materials, ${effectiveClasses.samples.toFixed(1)} by samples, of ${census.classes.length}`,
    `space groups of one material: ${list(census.singletons)}`,
    `space groups without a sample: ${census.empty.length} of 230${census.empty.length <= 40 ? `: ${list(census.empty, 40)}` : ''}`,
    `energies (keV): ${energies.map(([energy, count]) => `${Number.isNaN(energy) ? 'unknown' : energy} x ${count}`).join(', ')}`,
  ];
}

/** How a store was split, and which classes cannot be tested. */
export function splitLines(census: Census, splitBy: 'official' | 'material'): string[] {
  const untestable = census.classes.filter((one) => one.bySplit.test.samples === 0);
  const rule =
    splitBy === 'official'
      ? 'by the names of the files; a material stands in one part only'
      : describeRule(DEFAULT_SPLIT_RULE);
  return [`split ${rule}`, `cannot be tested: ${list(untestable.map((one) => one.spaceGroup))}`];
}

/** What was found wrong: counts by kind, the first few cases, and where all of them stand. */
export function anomalyLines(anomalies: readonly Anomaly[], file?: string): string[] {
  if (anomalies.length === 0) return ['nothing unusual in the files'];
  const rows = anomalyCounts(anomalies).map(([kind, count]) => [
    kind,
    count,
    isFatal({ kind }) ? 'left out' : 'kept',
  ]);
  const out = anomalies.filter(isFatal);
  const shown = out.slice(0, SHOWN).map((one) => `  ${anomalyText(one)}`);
  const more = out.length > SHOWN ? [`  … and ${out.length - SHOWN} more`] : [];
  return [
    textTable([['unusual', 'cases', 'sample'], ...rows]),
    ...(out.length > 0 ? ['left out:', ...shown, ...more] : []),
    ...(file ? [`all cases: ${file}`] : []),
  ];
}

/** What the intensities are like, as stored after the transform. */
export function intensityLines(intensities: IntensitySummary, census: Census): string[] {
  const { samples, minimum, maximum, mean, histogram } = intensities;
  if (samples === 0) return ['no pattern was read'];
  const pixels = histogram.reduce((sum, count) => sum + count, 0);
  const share = (value: number): string => `${((100 * histogram[value]!) / pixels).toFixed(1)} %`;
  const range = [minimum, mean, maximum].map((value) => value.toExponential(2));
  const stored = [0.05, 0.5, 0.95].map((part) => histogramQuantile(histogram, part));
  return [
    `intensities of ${samples} of ${census.samples} samples: least ${range[0]}, mean ${range[1]}, most ${range[2]}`,
    `stored values: 5 % below ${stored[0]}, median ${stored[1]}, 95 % below ${stored[2]}; ${share(0)} at the floor, ${share(255)} at the top`,
  ];
}
