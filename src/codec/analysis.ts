import { type Background, backgroundLevels, fitBackground } from './background.ts';
import type { PatternDiscs } from './discs.ts';
import { coverage, DiscFit } from './fit.ts';
import type { PatternGeometry, TripletGeometry } from './geometry.ts';
import { litMarks, markList } from './mark-list.ts';
import { GREYS_PER_LOG, LOG_CEILING } from './modes.ts';

export interface AnalysisOptions {
  /** Rounds of multiplicative correction where discs share pixels; 4 by default. */
  rounds?: number;
  /** Whether to look for light between the discs; true by default. */
  background?: boolean;
}

/** A pattern as discs, and what they cannot carry. */
export interface PatternAnalysis extends PatternDiscs {
  background: Background | null;
  /** (size, size) measured minus modelled stored values, in grey levels. */
  residual: Float32Array;
  /** Sum of |residual| over the sum of the stored values: 0 is a perfect description. */
  residualShare: number;
}

/** Three patterns of one crystal, with what their discs cannot carry. */
export type TripletAnalysis = readonly [PatternAnalysis, PatternAnalysis, PatternAnalysis];

/**
 * Describes a pattern by the discs of a known geometry: weighted least squares in log-intensity a
 * disc, then multiplicative corrections in which discs that share pixels share the misfit.
 *
 * @param pixels (size, size) stored values 0 to 255, row 0 the top.
 */
export function analysePattern(
  pixels: ArrayLike<number>,
  geometry: PatternGeometry,
  options: AnalysisOptions = {},
): PatternAnalysis {
  const { rounds = 4, background: seek = true } = options;
  const { size } = geometry;
  if (pixels.length !== size * size) {
    throw new RangeError(`${pixels.length} values are not a pattern of ${size} x ${size} pixels`);
  }
  const marks = markList(geometry);
  const measured = new Float32Array(pixels.length);
  for (let at = 0; at < measured.length; at++) measured[at] = pixels[at]! / GREYS_PER_LOG;
  const covered = coverage(marks, measured.length);
  const light = seek ? fitBackground(pixels, covered, geometry) : null;
  const background = light ? backgroundLevels(light, geometry) : null;
  const fit = new DiscFit({ marks: litMarks(marks, measured), measured, background, covered });
  for (let round = 0; round < rounds; round++) fit.correct();
  fit.silence();
  const missed = missedBy(fit.model(), measured);
  return { geometry, coefficients: fit.coefficients, background: light, ...missed };
}

/** What a model leaves over of the measured log-intensities. */
function missedBy(model: Float32Array, measured: Float32Array) {
  const residual = new Float32Array(model.length);
  let sum = 0;
  let missed = 0;
  for (let at = 0; at < model.length; at++) {
    const drawn = model[at]! <= 1 ? 0 : Math.min(LOG_CEILING, Math.log(model[at]!));
    const lit = measured[at]!;
    residual[at] = GREYS_PER_LOG * (lit - drawn);
    sum += lit;
    missed += Math.abs(lit - drawn);
  }
  return { residual, residualShare: sum > 0 ? missed / sum : 0 };
}

/**
 * Describes a triplet; see `analysePattern`.
 *
 * @param pixels (size, size, 3) stored values, NHWC.
 */
export function analyseTriplet(
  pixels: ArrayLike<number>,
  geometry: TripletGeometry,
  options: AnalysisOptions = {},
): TripletAnalysis {
  const one = (channel: 0 | 1 | 2): PatternAnalysis => {
    const plane = new Float32Array(Math.floor(pixels.length / 3));
    for (let at = 0; at < plane.length; at++) plane[at] = pixels[3 * at + channel]!;
    return analysePattern(plane, geometry[channel], options);
  };
  return [one(0), one(1), one(2)];
}
