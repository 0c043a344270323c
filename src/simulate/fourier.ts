/** A complex plane of rows x columns, row-major. */
export interface Plane {
  rows: number;
  columns: number;
  re: Float64Array;
  im: Float64Array;
}

export const emptyPlane = (rows: number, columns: number): Plane => ({
  rows,
  columns,
  re: new Float64Array(rows * columns),
  im: new Float64Array(rows * columns),
});

/** The frequency, in cycles over the side, of an index of a transform: 0, 1, ..., -2, -1. */
export const frequency = (index: number, count: number): number =>
  index < (count + 1) >> 1 ? index : index - count;

/** The smallest even number of the form 2^a 3^b 5^c that is at least `count`. */
export function fastSize(count: number): number {
  for (let n = Math.max(2, 2 * Math.ceil(count / 2)); ; n += 2) {
    let rest = n;
    for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
    if (rest === 1) return n;
  }
}

/** Transforms the rows and transposes: the two calls of a separable transform give it back upright. */
function transformRows(plane: Plane, sign: 1 | -1): Plane {
  const { rows, columns: n } = plane;
  const out = emptyPlane(n, rows);
  const cosine = Float64Array.from({ length: n }, (_, i) => Math.cos((2 * Math.PI * i) / n));
  const sine = Float64Array.from({ length: n }, (_, i) => sign * Math.sin((2 * Math.PI * i) / n));
  for (let k = 0; k < n; k++) {
    for (let row = 0; row < rows; row++) {
      let [re, im] = [0, 0];
      for (let i = 0, at = row * n, turn = 0; i < n; i++, at++) {
        const [c, s] = [cosine[turn]!, sine[turn]!];
        re += plane.re[at]! * c - plane.im[at]! * s;
        im += plane.re[at]! * s + plane.im[at]! * c;
        turn += k;
        if (turn >= n) turn -= n;
      }
      out.re[k * rows + row] = re;
      out.im[k * rows + row] = im;
    }
  }
  return out;
}

/**
 * Unnormalised discrete transform in double precision; sign -1 is forward. A plain sum by rows and
 * columns: the planes are one projected cell (some hundred points), and phases stay exact.
 */
export const transform = (plane: Plane, sign: 1 | -1): Plane =>
  transformRows(transformRows(plane, sign), sign);
