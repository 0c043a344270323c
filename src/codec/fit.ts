import type { MarkList } from './mark-list.ts';
import { ABSENT_LEVEL, LOG_CEILING, MODES } from './modes.ts';
import { paint } from './paint.ts';
import { SmallSystems } from './solve.ts';

/** Pull of the modes toward zero: discs of few pixels cannot tell six coefficients apart. */
const MODE_PULL = 0.1;
const LEVEL_PULL = 0.02;
/** Discs with less than this sum of weights are unseen. */
const UNSEEN = 1e-3;
/** Levels below this are no signal: half a grey level. */
const FAINT = 0.05;
const LARGEST_MODE = 4;
/** Intensity far below the floor (1). */
const TINY = 1e-9;

/** What a fit describes. */
export interface FitTarget {
  marks: MarkList;
  /** Measured log-intensity of every pixel, ln above the floor; 0 where it is at the floor. */
  measured: Float32Array;
  /** Linear intensity of the background on every pixel. */
  background: Float32Array | null;
  /** Sum of the footprints on every pixel. */
  covered: Float32Array;
}

/** Sum of the footprints on every pixel. */
export function coverage({ pixel, footprint }: MarkList, pixels: number): Float32Array {
  const sum = new Float32Array(pixels);
  for (let i = 0; i < pixel.length; i++) sum[pixel[i]!]! += footprint[i]!;
  return sum;
}

const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));

/**
 * The normal matrix (lower half) of the six modes from the weighted moments m[i][j] of x^i y^j:
 * sums of w phi_a phi_b with phi = 1, x, y, 2 r^2 - 1, x^2 - y^2, 2 x y.
 */
function normalMatrix(into: Float64Array, m: readonly (readonly number[])[]): void {
  const at = (i: number, j: number): number => m[i]![j]!;
  const ring = (i: number, j: number): number => 2 * (at(i + 2, j) + at(i, j + 2)) - at(i, j);
  const fork = (i: number, j: number): number => at(i + 2, j) - at(i, j + 2);
  into.set([at(0, 0)], 0);
  into.set([at(1, 0), at(2, 0)], MODES);
  into.set([at(0, 1), at(1, 1), at(0, 2)], 2 * MODES);
  const rings = 2 * (ring(2, 0) + ring(0, 2)) - ring(0, 0);
  into.set([ring(0, 0), ring(1, 0), ring(0, 1), rings], 3 * MODES);
  const forks = [fork(0, 0), fork(1, 0), fork(0, 1), ring(2, 0) - ring(0, 2)];
  into.set([...forks, fork(2, 0) - fork(0, 2)], 4 * MODES);
  const shears = [at(1, 1), at(2, 1), at(1, 2), ring(1, 1), fork(1, 1), 2 * at(2, 2)];
  into.set(
    shears.map((v) => 2 * v),
    5 * MODES,
  );
}

/**
 * Weighted least squares of all discs of a pattern at once, in log-intensity: every disc has its
 * own six coefficients and normal equations, and discs that share a pixel share its misfit.
 */
export class DiscFit {
  /** (discs, MODES). */
  readonly coefficients: Float32Array;
  private readonly target: FitTarget;
  /** Weight of every mark. */
  private readonly weight: Float32Array;
  /** Sum of the weights of every disc. */
  private readonly total: Float64Array;
  private systems: SmallSystems | null = null;
  /** Intensity of every mark in the model. */
  private readonly marked: Float32Array;

  /** Weighs the marks and starts from the mean level of each disc. */
  constructor(target: FitTarget) {
    const discs = target.marks.start.length - 1;
    this.target = target;
    this.weight = new Float32Array(target.marks.pixel.length);
    this.marked = new Float32Array(target.marks.pixel.length);
    this.total = new Float64Array(discs);
    this.coefficients = new Float32Array(discs * MODES);
    this.weigh();
  }

  /** The factored normal equations of every disc, made when first needed. */
  private equations(): SmallSystems {
    if (this.systems) return this.systems;
    const discs = this.total.length;
    const systems = new SmallSystems(discs, MODES);
    const matrix = new Float64Array(MODES * MODES);
    for (let disc = 0; disc < discs; disc++) {
      const sum = this.total[disc]!;
      if (sum <= UNSEEN) continue;
      this.gather(disc, matrix);
      const pull = 0.25 * sum + Math.min(1, sum / 0.3);
      for (let a = 0; a < MODES; a++) {
        matrix[a * MODES + a]! += (a === 0 ? LEVEL_PULL : MODE_PULL) * pull;
      }
      systems.factor(disc, matrix);
    }
    this.systems = systems;
    return systems;
  }

  private weigh(): void {
    const { marks, measured, covered } = this.target;
    const { start, pixel, footprint } = marks;
    for (let disc = 0; disc < this.total.length; disc++) {
      let sum = 0;
      let level = 0;
      for (let i = start[disc]!; i < start[disc + 1]!; i++) {
        const mark = footprint[i]!;
        const share = mark / covered[pixel[i]!]!;
        const w = mark * share * share;
        const lit = measured[pixel[i]!]!;
        this.weight[i] = w;
        sum += w;
        if (lit > 0) level += w * (lit - Math.log(mark));
      }
      this.total[disc] = sum;
      if (sum > UNSEEN) this.coefficients[disc * MODES] = level / sum;
    }
  }

  /** The normal matrix of one disc. */
  private gather(disc: number, matrix: Float64Array): void {
    const { start, x: xs, y: ys } = this.target.marks;
    let [m00, m10, m01, m20, m11, m02, m30, m21] = [0, 0, 0, 0, 0, 0, 0, 0];
    let [m12, m03, m40, m31, m22, m13, m04] = [0, 0, 0, 0, 0, 0, 0];
    for (let i = start[disc]!; i < start[disc + 1]!; i++) {
      const w = this.weight[i]!;
      const x = xs[i]!;
      const y = ys[i]!;
      const xx = w * x * x;
      const xy = w * x * y;
      const yy = w * y * y;
      m00 += w;
      m10 += w * x;
      m01 += w * y;
      m20 += xx;
      m11 += xy;
      m02 += yy;
      m30 += xx * x;
      m21 += xx * y;
      m12 += yy * x;
      m03 += yy * y;
      m40 += xx * x * x;
      m31 += xx * x * y;
      m22 += xx * y * y;
      m13 += yy * x * y;
      m04 += yy * y * y;
    }
    normalMatrix(matrix, [
      [m00, m01, m02, m03, m04],
      [m10, m11, m12, m13],
      [m20, m21, m22],
      [m30, m31],
      [m40],
    ]);
  }

  /** Linear intensity of the model on every pixel; also that of every mark. */
  model(): Float32Array {
    const { marks, measured, background } = this.target;
    const sum = background ? background.slice() : new Float32Array(measured.length);
    paint({ marks, coefficients: this.coefficients, first: 0 }, sum, this.marked);
    return sum;
  }

  /** How far the measurement lies above the model, in ln; 0 where both are under the floor. */
  private misfit(model: Float32Array): Float32Array {
    const { measured } = this.target;
    const away = new Float32Array(model.length);
    for (let at = 0; at < away.length; at++) {
      const level = Math.log(Math.max(model[at]!, TINY));
      const lit = measured[at]!;
      if (lit > 0.02 || level > 0) away[at] = lit - Math.max(level, -1);
    }
    return away;
  }

  /** One round: corrects every disc by its share of the misfit. */
  correct(): void {
    const { start, pixel, x: xs, y: ys } = this.target.marks;
    const { weight, marked, coefficients: c } = this;
    const systems = this.equations();
    const model = this.model();
    const away = this.misfit(model);
    const step = new Float64Array(MODES);
    for (let disc = 0; disc < this.total.length; disc++) {
      if (this.total[disc]! <= UNSEEN) continue;
      let [level, right, up, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
      for (let i = start[disc]!; i < start[disc + 1]!; i++) {
        const at = pixel[i]!;
        const pull = weight[i]! * Math.sqrt(marked[i]! / Math.max(model[at]!, TINY)) * away[at]!;
        const px = pull * xs[i]!;
        const py = pull * ys[i]!;
        level += pull;
        right += px;
        up += py;
        xx += px * xs[i]!;
        yy += py * ys[i]!;
        xy += px * ys[i]!;
      }
      step[0] = level;
      step[1] = right;
      step[2] = up;
      step[3] = 2 * (xx + yy) - level;
      step[4] = xx - yy;
      step[5] = 2 * xy;
      systems.solve(disc, step);
      const at = disc * MODES;
      c[at] = clamp(c[at]! + step[0]!, ABSENT_LEVEL, LOG_CEILING);
      for (let a = 1; a < MODES; a++) {
        c[at + a] = clamp(c[at + a]! + step[a]!, -LARGEST_MODE, LARGEST_MODE);
      }
    }
  }

  /** Discs without signal keep no level above the floor and no modes. */
  silence(): void {
    this.total.forEach((sum, disc) => {
      const at = disc * MODES;
      if (sum > UNSEEN && this.coefficients[at]! >= FAINT) return;
      this.coefficients.fill(0, at, at + MODES);
      this.coefficients[at] = ABSENT_LEVEL;
    });
  }
}
