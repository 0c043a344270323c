import { type Anomaly, isFatal } from '../anomaly.ts';
import { UnreadableFile } from '../hdf5/library-file.ts';
import type { Reduction } from '../intensity/transform.ts';
import type { ReadGuard } from '../summit/catalogue.ts';
import { rangeFault } from '../summit/summit.ts';
import { SummitFile } from '../summit/summit-file.ts';

/** Patterns of one file to be looked at. */
export interface SurveyPlan {
  path: string;
  /** Pixels a side of the file's patterns, and of the reduced ones. */
  from: number;
  size: number;
  keys: string[];
  /** Of these, those whose reduced pixels are wanted. */
  pictures: string[];
}

/** What the intensities of some samples are like. */
export interface IntensitySummary {
  samples: number;
  /** Smallest and largest intensity, and the mean of the samples' means. */
  minimum: number;
  maximum: number;
  mean: number;
  /** How often each stored value 0..255 occurs in the reduced patterns. */
  histogram: number[];
}

export interface Survey extends IntensitySummary {
  anomalies: Anomaly[];
  /** Reduced pixels (size, size, 3) in base64. */
  pictures: { path: string; key: string; pixels: string }[];
}

/** A survey of nothing. */
export const emptySurvey = (): Survey => ({
  samples: 0,
  minimum: Number.MAX_VALUE,
  maximum: 0,
  mean: 0,
  histogram: new Array<number>(256).fill(0),
  anomalies: [],
  pictures: [],
});

/** Reads the patterns of a file and counts their intensities. */
export async function surveyFile(plan: SurveyPlan, guard: ReadGuard = {}): Promise<Survey> {
  const survey = emptySurvey();
  let file: SummitFile | null = null;
  try {
    file = await SummitFile.open(
      plan.path,
      (anomaly) => survey.anomalies.push(anomaly),
      guard.external,
    );
    for (const key of plan.keys) {
      if (guard.skip?.includes(key)) continue;
      guard.announce?.(key);
      const reduction = await file.reduced(key, plan);
      if (reduction) addReduction(survey, reduction, plan, key);
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    const { kind, message } = error;
    survey.anomalies.push({ kind, file: plan.path, group: null, reason: message });
  } finally {
    file?.close();
  }
  return survey;
}

function addReduction(survey: Survey, reduction: Reduction, plan: SurveyPlan, key: string): void {
  const { path } = plan;
  const { pixels, ...range } = reduction;
  const fault = rangeFault(range);
  if (fault) survey.anomalies.push({ ...fault, file: path, group: key });
  if (fault && isFatal(fault)) return;
  for (const pixel of pixels) survey.histogram[pixel]!++;
  join(survey, { samples: 1, ...range });
  if (plan.pictures.includes(key)) {
    survey.pictures.push({ path, key, pixels: Buffer.from(pixels).toString('base64') });
  }
}

function join(
  into: Survey,
  { samples, minimum, maximum, mean }: Omit<IntensitySummary, 'histogram'>,
): void {
  if (samples === 0) return;
  into.minimum = Math.min(into.minimum, minimum);
  into.maximum = Math.max(into.maximum, maximum);
  into.mean = (into.mean * into.samples + mean * samples) / (into.samples + samples);
  into.samples += samples;
}

/** Adds what a survey of other samples found. */
export function addSurvey(into: Survey, other: Survey): void {
  join(into, other);
  other.histogram.forEach((count, value) => {
    into.histogram[value]! += count;
  });
  into.anomalies.push(...other.anomalies);
  into.pictures.push(...other.pictures);
}

/** Stored value below which a share of the pixels lies. */
export function histogramQuantile(histogram: readonly number[], share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let value = 0; value < histogram.length; value++) {
    seen += histogram[value]!;
    if (seen >= share * total) return value;
  }
  return histogram.length - 1;
}
