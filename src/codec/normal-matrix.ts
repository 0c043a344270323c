import type { MarkList } from './mark-list.ts';
import { MODES } from './modes.ts';

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
export function normalMatrix(into: Float64Array, { marks, weight, disc }: WeightedDisc): void {
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
