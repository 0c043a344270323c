import { ABSENT_LEVEL, LOG_CEILING, MODES } from './discs.ts';
import type { MarkList } from './mark-list.ts';
import { paint } from './paint.ts';

/**
 * Solves (A + ridge) x = b for many small symmetric positive matrices, in place, by Cholesky
 * factors kept for reuse.
 */
export class SmallSystems {
  readonly order: number;
  private readonly factors: Float64Array;

  /** Room for `count` matrices of `order` x `order`. */
  constructor(count: number, order: number) {
    this.order = order;
    this.factors = new Float64Array(count * order * order);
  }

  /** Factors a matrix (rows, order x order) and keeps it as system `at`. */
  factor(at: number, matrix: Float64Array): void {
    const n = this.order;
    const start = at * n * n;
    const f = this.factors;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = matrix[i * n + j]!;
        for (let k = 0; k < j; k++) sum -= f[start + i * n + k]! * f[start + j * n + k]!;
        f[start + i * n + j] =
          i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / f[start + j * n + j]!;
      }
    }
  }

  /** Replaces `vector` by the solution of system `at`. */
  solve(at: number, vector: Float64Array): void {
    const n = this.order;
    const start = at * n * n;
    const f = this.factors;
    for (let i = 0; i < n; i++) {
      let sum = vector[i]!;
      for (let k = 0; k < i; k++) sum -= f[start + i * n + k]! * vector[k]!;
      vector[i] = sum / f[start + i * n + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = vector[i]!;
      for (let k = i + 1; k < n; k++) sum -= f[start + k * n + i]! * vector[k]!;
      vector[i] = sum / f[start + i * n + i]!;
    }
  }
}

/** One disc of a weighted fit. */
interface WeightedDisc {
  marks: MarkList;
  /** Weight of every mark. */
  weight: Float32Array;
  disc: number;
}

/**
 * The normal matrix (lower half, rows) of the modes of one disc: sums of weight phi_a phi_b over its
 * marks, phi = 1, x, y, s, d, t with s = 2 (x^2 + y^2) - 1, d = x^2 - y^2, t = 2 x y.
 */
function normalMatrix(into: Float64Array, { marks, weight, disc }: WeightedDisc): void {
  const { start, x: xs, y: ys } = marks;
  let [one, x1, y1, xx, xy, yy, sx, sy, s1] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let [ss, dx, dy, sd, dd, tx, ty, st, dt, tt] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const end = start[disc + 1]!;
  for (let i = start[disc]!; i < end; i++) {
    const w = weight[i]!;
    const x = xs[i]!;
    const y = ys[i]!;
    const s = 2 * (x * x + y * y) - 1;
    const d = x * x - y * y;
    const t = 2 * x * y;
    const [wx, wy, ws, wd, wt] = [w * x, w * y, w * s, w * d, w * t];
    one += w;
    x1 += wx;
    y1 += wy;
    s1 += ws;
    xx += wx * x;
    xy += wx * y;
    yy += wy * y;
    sx += ws * x;
    sy += ws * y;
    ss += ws * s;
    dx += wd * x;
    dy += wd * y;
    sd += wd * s;
    dd += wd * d;
    tx += wt * x;
    ty += wt * y;
    st += wt * s;
    dt += wt * d;
    tt += wt * t;
  }
  fill(into, [
    [one],
    [x1, xx],
    [y1, xy, yy],
    [s1, sx, sy, ss],
    [xx - yy, dx, dy, sd, dd],
    [2 * xy, tx, ty, st, dt, tt],
  ]);
}

function fill(into: Float64Array, rows: readonly (readonly number[])[]): void {
  for (let a = 0; a < MODES; a++) {
    for (let b = 0; b <= a; b++) into[a * MODES + b] = rows[a]![b]!;
  }
}

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
  private readonly step = new Float64Array(MODES);
  /** Intensity of every mark in the model. */
  private readonly marked: Float32Array;

  /** Weighs the marks and starts from the mean level of each disc. */
  constructor(target: FitTarget) {
    const discs = target.marks.start.length - 1;
    this.target = target;
    const marks = target.marks.start[discs]!;
    this.weight = new Float32Array(marks);
    this.marked = new Float32Array(marks);
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
      normalMatrix(matrix, { marks: this.target.marks, weight: this.weight, disc });
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

  /** Linear intensity of the model on every pixel; also that of every mark. */
  model(): Float32Array {
    const { marks, measured, background } = this.target;
    const sum = background ? background.slice() : new Float32Array(measured.length);
    paint({ marks, coefficients: this.coefficients, first: 0 }, sum, this.marked);
    return sum;
  }

  /**
   * How far the measurement lies above the model, in ln, over the root of the model; 0 where both
   * are under the floor.
   */
  private misfit(model: Float32Array): Float32Array {
    const { measured } = this.target;
    const away = new Float32Array(model.length);
    for (let at = 0; at < away.length; at++) {
      const lit = measured[at]!;
      if (lit <= 0.02 && model[at]! <= 1) continue;
      const held = Math.max(model[at]!, TINY);
      away[at] = (lit - Math.max(Math.log(held), -1)) / Math.sqrt(held);
    }
    return away;
  }

  /** One round: corrects every disc by its share of the misfit. */
  correct(): void {
    const { start, pixel, x: xs, y: ys } = this.target.marks;
    const { weight, marked, total, step } = this;
    const systems = this.equations();
    const away = this.misfit(this.model());
    for (let disc = 0; disc < total.length; disc++) {
      if (total[disc]! <= UNSEEN) continue;
      let [level, right, up, square, rise, shear] = [0, 0, 0, 0, 0, 0];
      const end = start[disc + 1]!;
      for (let i = start[disc]!; i < end; i++) {
        const off = away[pixel[i]!]!;
        if (off === 0) continue;
        const pull = weight[i]! * Math.sqrt(marked[i]!) * off;
        const px = pull * xs[i]!;
        const py = pull * ys[i]!;
        level += pull;
        right += px;
        up += py;
        square += px * xs[i]!;
        rise += py * ys[i]!;
        shear += px * ys[i]!;
      }
      step[0] = level;
      step[1] = right;
      step[2] = up;
      step[3] = 2 * (square + rise) - level;
      step[4] = square - rise;
      step[5] = 2 * shear;
      systems.solve(disc, step);
      this.move(disc);
    }
  }

  /** Moves a disc by the step just solved, within bounds. */
  private move(disc: number): void {
    const { coefficients: c, step } = this;
    const at = disc * MODES;
    c[at] = clamp(c[at]! + step[0]!, ABSENT_LEVEL, LOG_CEILING);
    for (let a = 1; a < MODES; a++) {
      c[at + a] = clamp(c[at + a]! + step[a]!, -LARGEST_MODE, LARGEST_MODE);
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
