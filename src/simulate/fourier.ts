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

/** Where a Stockham pass stands: `parts` values `stride` apart make one, on `batch` lines. */
interface Pass {
  parts: number;
  stride: number;
  batch: number;
}

/** One Stockham pass over lines that lie side by side: values of one line stand `batch` apart. */
function pass(from: Line, to: Line, { parts, stride, batch }: Pass, turn: Line): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: toRe, im: toIm } = to;
  const length = turn.re.length / stride / parts;
  const span = stride * batch;
  for (let j = 0; j < length; j++) {
    for (let t = 0; t < parts; t++) {
      const out = span * (parts * j + t);
      for (let r = 0; r < parts; r++) {
        const w = ((r * t * length + j * t) % (length * parts)) * stride;
        const [cos, sin, kept] = [turn.re[w]!, turn.im[w]!, r === 0 ? 0 : 1];
        const at = span * (j + length * r);
        for (let k = 0; k < span; k++) {
          const re = fromRe[at + k]!;
          const im = fromIm[at + k]!;
          toRe[out + k] = kept * toRe[out + k]! + re * cos - im * sin;
          toIm[out + k] = kept * toIm[out + k]! + re * sin + im * cos;
        }
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

/** Transforms the columns and transposes: two calls of a separable transform give it back upright. */
function transformColumns(plane: Plane, sign: 1 | -1): Plane {
  const { rows: n, columns } = plane;
  const turn = roots(n, sign);
  let one: Line = { re: plane.re.slice(), im: plane.im.slice() };
  let other: Line = emptyPlane(n, columns);
  let stride = 1;
  for (const parts of primeFactors(n)) {
    pass(one, other, { parts, stride, batch: columns }, turn);
    [one, other] = [other, one];
    stride *= parts;
  }
  const out = emptyPlane(columns, n);
  for (let i = 0, at = 0; i < n; i++) {
    for (let j = 0; j < columns; j++, at++) {
      out.re[j * n + i] = one.re[at]!;
      out.im[j * n + i] = one.im[at]!;
    }
  }
  return out;
}

/**
 * Unnormalised discrete transform in double precision; sign -1 is forward. The planes are one
 * projected cell (some thousand points): not worth the way to the engine, and phases stay exact.
 */
export const transform = (plane: Plane, sign: 1 | -1): Plane =>
  transformColumns(transformColumns(plane, sign), sign);
