import { type Background, backgroundLevels, fitBackground } from './background.ts';
import type { PatternDiscs } from './discs.ts';
import type { PatternGeometry, TripletGeometry } from './geometry.ts';
import { type MarkList, markList } from './mark-list.ts';
import { ABSENT_LEVEL, GREYS_PER_LOG, LOG_CEILING, MODES } from './modes.ts';
import { SmallSystems } from './solve.ts';

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

/** Pull of the modes toward zero: discs of few pixels cannot tell six coefficients apart. */
const MODE_PULL = 0.1;
const LEVEL_PULL = 0.02;
/** Discs with less than this sum of weights are unseen. */
const UNSEEN = 1e-3;
/** Levels below this are no signal: half a grey level. */
const FAINT = 0.05;
const LARGEST_MODE = 4;

/** Working arrays of one pattern. */
interface Fit {
  marks: MarkList;
  /** Measured log-intensity of every pixel, ln above the floor. */
  measured: Float32Array;
  /** Intensity of the background on every pixel. */
  background: Float32Array | null;
  /** Weight of every mark in the fit of its disc. */
  weight: Float32Array;
  /** Sum of weights of every disc. */
  total: Float64Array;
  coefficients: Float32Array;
  systems: SmallSystems;
}

/** Sum of the footprints on every pixel. */
function coverage({ pixel, footprint }: MarkList, pixels: number): Float32Array {
  const sum = new Float32Array(pixels);
  for (let i = 0; i < pixel.length; i++) sum[pixel[i]!]! += footprint[i]!;
  return sum;
}

/** The six modes at a point of the disc. */
function modesAt(phi: Float64Array, x: number, y: number): void {
  const xx = x * x;
  const yy = y * y;
  phi[0] = 1;
  phi[1] = x;
  phi[2] = y;
  phi[3] = 2 * (xx + yy) - 1;
  phi[4] = xx - yy;
  phi[5] = 2 * x * y;
}

/** Weighs the marks, factors the normal equations of every disc and starts from the mean level. */
function prepareFit(
  given: Pick<Fit, 'marks' | 'measured' | 'background'>,
  covered: Float32Array,
): Fit {
  const { marks, measured } = given;
  const discs = marks.start.length - 1;
  const weight = new Float32Array(marks.pixel.length);
  const total = new Float64Array(discs);
  const coefficients = new Float32Array(discs * MODES);
  const systems = new SmallSystems(discs, MODES);
  const phi = new Float64Array(MODES);
  const matrix = new Float64Array(MODES * MODES);
  for (let disc = 0; disc < discs; disc++) {
    matrix.fill(0);
    let sum = 0;
    let level = 0;
    for (let i = marks.start[disc]!; i < marks.start[disc + 1]!; i++) {
      const mark = marks.footprint[i]!;
      const share = mark / covered[marks.pixel[i]!]!;
      const w = mark * share * share;
      weight[i] = w;
      sum += w;
      const lit = measured[marks.pixel[i]!]!;
      level += w * (lit > 0 ? lit - Math.log(mark) : 0);
      modesAt(phi, marks.x[i]!, marks.y[i]!);
      for (let a = 0; a < MODES; a++) {
        for (let b = 0; b <= a; b++) matrix[a * MODES + b]! += w * phi[a]! * phi[b]!;
      }
    }
    total[disc] = sum;
    if (sum <= UNSEEN) continue;
    coefficients[disc * MODES] = level / sum;
    const pull = 0.25 * sum + Math.min(1, sum / 0.3);
    for (let a = 0; a < MODES; a++) {
      matrix[a * MODES + a]! += (a === 0 ? LEVEL_PULL : MODE_PULL) * pull;
    }
    systems.factor(disc, matrix);
  }
  return { ...given, weight, total, coefficients, systems };
}

/** Intensity of every mark, and their sum with the background on every pixel. */
function compose({ marks, measured, background, coefficients }: Fit, marked: Float32Array) {
  const model = background ? background.slice() : new Float32Array(measured.length);
  for (let disc = 0; disc + 1 < marks.start.length; disc++) {
    const at = disc * MODES;
    const cx = coefficients[at + 1]!;
    const cy = coefficients[at + 2]!;
    const curve = coefficients[at + 3]!;
    const constant = coefficients[at]! - curve;
    const xx = 2 * curve + coefficients[at + 4]!;
    const yy = 2 * curve - coefficients[at + 4]!;
    const xy = 2 * coefficients[at + 5]!;
    for (let i = marks.start[disc]!; i < marks.start[disc + 1]!; i++) {
      const x = marks.x[i]!;
      const y = marks.y[i]!;
      const level = constant + x * (cx + xx * x + xy * y) + y * (cy + yy * y);
      const value = marks.footprint[i]! * Math.exp(Math.min(LOG_CEILING + 1, Math.max(-6, level)));
      marked[i] = value;
      model[marks.pixel[i]!]! += value;
    }
  }
  return model;
}

/** How far the measured log-intensity lies above the model; 0 where both are under the floor. */
function misfit(measured: Float32Array, model: Float32Array): Float32Array {
  return model.map((value, at) => {
    const level = Math.log(Math.max(value, 1e-9));
    if (measured[at]! <= 0.02 && level <= 0) return 0;
    return measured[at]! - Math.max(level, -1);
  });
}

/** One round of correction of every disc by its share of the misfit. */
function correct(fit: Fit, marked: Float32Array): void {
  const { marks, weight, total, coefficients, systems } = fit;
  const model = compose(fit, marked);
  const away = misfit(fit.measured, model);
  const phi = new Float64Array(MODES);
  const step = new Float64Array(MODES);
  for (let disc = 0; disc < total.length; disc++) {
    if (total[disc]! <= UNSEEN) continue;
    step.fill(0);
    for (let i = marks.start[disc]!; i < marks.start[disc + 1]!; i++) {
      const pixel = marks.pixel[i]!;
      const pull =
        weight[i]! * Math.sqrt(marked[i]! / Math.max(model[pixel]!, 1e-9)) * away[pixel]!;
      modesAt(phi, marks.x[i]!, marks.y[i]!);
      for (let a = 0; a < MODES; a++) step[a]! += pull * phi[a]!;
    }
    systems.solve(disc, step);
    const at = disc * MODES;
    coefficients[at] = clamp(coefficients[at]! + step[0]!, ABSENT_LEVEL, LOG_CEILING);
    for (let a = 1; a < MODES; a++) {
      coefficients[at + a] = clamp(coefficients[at + a]! + step[a]!, -LARGEST_MODE, LARGEST_MODE);
    }
  }
}

const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));

/** Discs without signal keep no level above the floor and no modes. */
function silence({ total, coefficients }: Fit): void {
  total.forEach((sum, disc) => {
    const at = disc * MODES;
    if (sum > UNSEEN && coefficients[at]! >= FAINT) return;
    coefficients.fill(0, at, at + MODES);
    coefficients[at] = ABSENT_LEVEL;
  });
}

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
  const marks = markList(geometry);
  const measured = Float32Array.from(pixels, (value) => value / GREYS_PER_LOG);
  const covered = coverage(marks, measured.length);
  const light = seek ? fitBackground(pixels, covered, geometry) : null;
  const background = light ? backgroundLevels(light, geometry) : null;
  const fit = prepareFit({ marks, measured, background }, covered);
  const marked = new Float32Array(marks.pixel.length);
  for (let round = 0; round < rounds; round++) correct(fit, marked);
  silence(fit);
  const model = compose(fit, marked);
  let sum = 0;
  let missed = 0;
  const residual = measured.map((value, at) => {
    const drawn = clamp(Math.log(Math.max(model[at]!, 1e-9)), 0, LOG_CEILING);
    sum += value;
    missed += Math.abs(value - drawn);
    return GREYS_PER_LOG * (value - drawn);
  });
  return {
    geometry,
    coefficients: fit.coefficients,
    background: light,
    residual,
    residualShare: sum > 0 ? missed / sum : 0,
  };
}

/** Three patterns of one crystal, with what their discs cannot carry. */
export type TripletAnalysis = readonly [PatternAnalysis, PatternAnalysis, PatternAnalysis];

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
    const { size } = geometry[channel];
    if (pixels.length !== size * size * 3) {
      throw new RangeError(`${pixels.length} values are not a triplet of ${size} x ${size} pixels`);
    }
    const plane = new Float32Array(size * size);
    for (let at = 0; at < plane.length; at++) plane[at] = pixels[3 * at + channel]!;
    return analysePattern(plane, geometry[channel], options);
  };
  return [one(0), one(1), one(2)];
}
