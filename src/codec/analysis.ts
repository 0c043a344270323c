import type { Background } from './discs.ts';
import { GREYS_PER_LOG, LOG_CEILING, type PatternDiscs } from './discs.ts';
import { coverage, DiscFit, SmallSystems } from './fit.ts';
import type { PatternGeometry, TripletGeometry } from './geometry.ts';
import { litMarks, markList } from './mark-list.ts';

/** Footprint sum below which a pixel counts as lying between the discs. */
const BETWEEN = 1e-3;
/** Pixels between the discs that a background needs. */
const FEWEST_PIXELS = 24;
/** Share of those pixels that must be lit. */
const LIT_SHARE = 0.5;

let known = { size: 0, centre: 0, distances: new Float32Array(0) };

/** Distance from the direct beam over half the side, for every pixel; not to be written to. */
function distances({ size, centre }: PatternGeometry): Float32Array {
  if (known.size !== size || known.centre !== centre) {
    const distances = Float32Array.from({ length: size * size }, (_, at) => {
      const row = Math.floor(at / size);
      return (Math.hypot((at % size) - centre, row - centre) * 2) / size;
    });
    known = { size, centre, distances };
  }
  return known.distances;
}

/** Linear intensity of a background on every pixel, units of the floor. */
function backgroundLevels(background: Background, geometry: PatternGeometry): Float32Array {
  const [b0, b1, b2] = background;
  return distances(geometry).map((s) => Math.exp(b0 + b1 * s + b2 * s * s));
}

/**
 * Fits a smooth background to the pixels that no disc marks: least squares in log-intensity, twice,
 * the second time without the brightest twentieth, which holds higher-order lines rather than
 * background. Null where those pixels are too few, or mostly dark.
 */
function fitBackground(
  pixels: ArrayLike<number>,
  covered: Float32Array,
  geometry: PatternGeometry,
): Background | null {
  const between: number[] = [];
  let lit = 0;
  covered.forEach((sum, at) => {
    if (sum >= BETWEEN) return;
    between.push(at);
    if (pixels[at]! > 0) lit++;
  });
  if (between.length < FEWEST_PIXELS || lit < LIT_SHARE * between.length) return null;
  const s = distances(geometry);
  const level = (at: number): number => pixels[at]! / GREYS_PER_LOG;
  const first = leastSquares(between, s, level);
  const excess = (at: number): number =>
    level(at) - (first[0] + first[1] * s[at]! + first[2] * s[at]! ** 2);
  between.sort((a, b) => excess(a) - excess(b) || a - b);
  return leastSquares(between.slice(0, Math.ceil(0.95 * between.length)), s, level);
}

function leastSquares(
  at: readonly number[],
  s: Float32Array,
  level: (pixel: number) => number,
): Background {
  const matrix = new Float64Array(9);
  const right = new Float64Array(3);
  for (const pixel of at) {
    const powers = [1, s[pixel]!, s[pixel]! ** 2];
    powers.forEach((p, i) => {
      right[i]! += p * level(pixel);
      powers.forEach((q, j) => {
        matrix[3 * i + j]! += p * q;
      });
    });
  }
  for (let i = 0; i < 3; i++) matrix[4 * i]! += 1e-3 * at.length;
  const system = new SmallSystems(1, 3);
  system.factor(0, matrix);
  system.solve(0, right);
  return [right[0]!, right[1]!, right[2]!];
}

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
