/** A pattern as a detector gives it. */
export interface DetectorPattern {
  /** (height, width) counts, row 0 at the top. */
  values: Float32Array;
  width: number;
  height: number;
}

/** A place on a detector in pixels, 0 = the middle of the first pixel. */
export interface DetectorPoint {
  x: number;
  y: number;
}

/** Means of blocks of `factor` x `factor` pixels; what does not fill a block is cut off. */
function coarsened({ values, width, height }: DetectorPattern, factor: number): DetectorPattern {
  const [columns, rows] = [Math.floor(width / factor), Math.floor(height / factor)];
  const out = new Float32Array(columns * rows);
  for (let y = 0; y < rows * factor; y++) {
    for (let x = 0; x < columns * factor; x++) {
      out[Math.floor(y / factor) * columns + Math.floor(x / factor)]! += values[y * width + x]!;
    }
  }
  return { values: out.map((sum) => sum / factor ** 2), width: columns, height: rows };
}

// A search looks at about so many pixels a side.
const COARSE = 96;

const coarseFactor = ({ width, height }: DetectorPattern): number =>
  Math.max(1, Math.round(Math.max(width, height) / COARSE));

/**
 * The middle of the brightest disc: the centroid of what is above half of the maximum and
 * connected to it, on a pattern coarse enough that no single hot pixel decides.
 */
export function brightestDisc(pattern: DetectorPattern): DetectorPoint {
  const factor = coarseFactor(pattern);
  const { values, width, height } = coarsened(pattern, factor);
  let peak = 0;
  values.forEach((value, i) => {
    if (value > values[peak]!) peak = i;
  });
  const half = values[peak]! / 2;
  const seen = new Uint8Array(values.length);
  const open = [peak];
  seen[peak] = 1;
  let [sum, sumX, sumY] = [0, 0, 0];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [x, y] = [at % width, Math.floor(at / width)];
    sum += 1;
    sumX += x;
    sumY += y;
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      const [nx, ny] = [x + dx, y + dy];
      const next = ny * width + nx;
      if (nx < 0 || ny < 0 || nx >= width || ny >= height || seen[next]) continue;
      if (values[next]! < half) continue;
      seen[next] = 1;
      open.push(next);
    }
  }
  const fine = (mean: number): number => (mean + 0.5) * factor - 0.5;
  return { x: fine(sumX / sum), y: fine(sumY / sum) };
}

/** The point about which a pattern is most like itself turned by 180 degrees, near its middle. */
export function symmetryCentre(pattern: DetectorPattern): DetectorPoint {
  const factor = coarseFactor(pattern);
  const { values, width, height } = coarsened(pattern, factor);
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  const score = (twiceX: number, twiceY: number): number => {
    let product = 0;
    for (let y = Math.max(0, twiceY - height + 1); y <= Math.min(height - 1, twiceY); y++) {
      for (let x = Math.max(0, twiceX - width + 1); x <= Math.min(width - 1, twiceX); x++) {
        product += roots[y * width + x]! * roots[(twiceY - y) * width + twiceX - x]!;
      }
    }
    return product;
  };
  // Centres in the middle half, in steps of half a coarse pixel.
  let best = { score: Number.NEGATIVE_INFINITY, x: width - 1, y: height - 1 };
  for (let y = Math.ceil(height / 2); y <= Math.floor(1.5 * height); y++) {
    for (let x = Math.ceil(width / 2); x <= Math.floor(1.5 * width); x++) {
      const value = score(x, y);
      if (value > best.score) best = { score: value, x, y };
    }
  }
  const fine = (twice: number): number => (twice / 2 + 0.5) * factor - 0.5;
  return { x: fine(best.x), y: fine(best.y) };
}

/** How a pattern is brought to the grid of a store. */
export interface Resampling {
  centre: DetectorPoint;
  /** Detector pixels a side of a stored pixel. */
  ratio: number;
  /** Stored pixels a side, and the stored pixel of the direct beam. */
  size: number;
  middle: number;
}

/** Weights of detector pixels in stored pixels along one axis: [first, ...weights] each. */
function axisWeights(length: number, centre: number, { ratio, size, middle }: Resampling) {
  return Array.from({ length: size }, (_, i) => {
    const low = centre + 0.5 + (i - middle - 0.5) * ratio;
    const high = low + ratio;
    const first = Math.max(0, Math.floor(low));
    const weights: number[] = [];
    for (let at = first; at < Math.min(length, high); at++) {
      weights.push(Math.max(0, Math.min(at + 1, high) - Math.max(at, low)) / ratio);
    }
    return { first, weights };
  });
}

/** Area means of a pattern on the grid of a store, (size, size); nothing lies beyond the detector. */
export function resample(pattern: DetectorPattern, to: Resampling): Float32Array {
  const { values, width, height } = pattern;
  const columns = axisWeights(width, to.centre.x, to);
  const rows = axisWeights(height, to.centre.y, to);
  const out = new Float32Array(to.size ** 2);
  rows.forEach(({ first: top, weights: down }, y) => {
    columns.forEach(({ first: left, weights: across }, x) => {
      let sum = 0;
      down.forEach((weight, j) => {
        const start = (top + j) * width + left;
        for (let i = 0; i < across.length; i++) sum += weight * across[i]! * values[start + i]!;
      });
      out[y * to.size + x] = sum;
    });
  });
  return out;
}
