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

/** Cosines and sines of the turns k / n. */
function roots(n: number, sign: 1 | -1): { re: Float64Array; im: Float64Array } {
  return {
    re: Float64Array.from({ length: n }, (_, k) => Math.cos((2 * Math.PI * k) / n)),
    im: Float64Array.from({ length: n }, (_, k) => sign * Math.sin((2 * Math.PI * k) / n)),
  };
}

type Line = { re: Float64Array; im: Float64Array };

/** One Stockham pass: `parts` sub-transforms of a line whose values of one kind stand `stride` apart. */
function pass(from: Line, to: Line, parts: number, stride: number, turn: Line): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: turnRe, im: turnIm } = turn;
  const n = turnRe.length;
  const length = n / stride / parts;
  const cos = new Float64Array(parts);
  const sin = new Float64Array(parts);
  for (let j = 0; j < length; j++) {
    for (let t = 0; t < parts; t++) {
      for (let r = 0; r < parts; r++) {
        const w = ((r * t * length + j * t) % (n / stride)) * stride;
        cos[r] = turnRe[w]!;
        sin[r] = turnIm[w]!;
      }
      for (let k = 0; k < stride; k++) {
        let re = 0;
        let im = 0;
        for (let r = 0; r < parts; r++) {
          const at = k + stride * (j + length * r);
          re += fromRe[at]! * cos[r]! - fromIm[at]! * sin[r]!;
          im += fromRe[at]! * sin[r]! + fromIm[at]! * cos[r]!;
        }
        const out = k + stride * (parts * j + t);
        to.re[out] = re;
        to.im[out] = im;
      }
    }
  }
}

function primeFactors(n: number): number[] {
  const out: number[] = [];
  for (let p = 2; n > 1; p++) {
    for (; n % p === 0; n /= p) out.push(p);
  }
  return out;
}

/** Transforms the rows and transposes: the two calls of a separable transform give it back upright. */
function transformRows(plane: Plane, sign: 1 | -1): Plane {
  const { rows, columns: n } = plane;
  const out = emptyPlane(n, rows);
  const turn = roots(n, sign);
  const factors = primeFactors(n);
  let one: Line = { re: new Float64Array(n), im: new Float64Array(n) };
  let other: Line = { re: new Float64Array(n), im: new Float64Array(n) };
  for (let row = 0; row < rows; row++) {
    one.re.set(plane.re.subarray(row * n, (row + 1) * n));
    one.im.set(plane.im.subarray(row * n, (row + 1) * n));
    let stride = 1;
    for (const parts of factors) {
      pass(one, other, parts, stride, turn);
      [one, other] = [other, one];
      stride *= parts;
    }
    for (let k = 0; k < n; k++) {
      out.re[k * rows + row] = one.re[k]!;
      out.im[k * rows + row] = one.im[k]!;
    }
  }
  return out;
}

/**
 * Unnormalised discrete transform in double precision; sign -1 is forward. The planes are one
 * projected cell (some thousand points): not worth the way to the engine, and phases stay exact.
 */
export const transform = (plane: Plane, sign: 1 | -1): Plane =>
  transformRows(transformRows(plane, sign), sign);
