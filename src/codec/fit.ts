import type { MarkList } from './mark-list.ts';
import { ABSENT_LEVEL, LOG_CEILING, MODES } from './modes.ts';
import { normalMatrix } from './normal-matrix.ts';
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
