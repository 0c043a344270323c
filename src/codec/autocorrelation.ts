/** A displacement (pixels, x right, y up) that brings a pattern onto itself, and how well. */
export interface Peak {
  x: number;
  y: number;
  /** Normalised autocorrelation, at most 1. */
  height: number;
}

/** The pattern minus its mean over a wide square around every pixel, so that only discs are left. */
function flattened(pixels: ArrayLike<number>, size: number): Float32Array {
  const half = Math.max(4, Math.round(size / 6));
  const sums = new Float64Array((size + 1) ** 2);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (y + 1) * (size + 1) + x + 1;
      sums[at] =
        pixels[y * size + x]! + sums[at - 1]! + sums[at - size - 1]! - sums[at - size - 2]!;
    }
  }
  const box = (top: number, left: number, bottom: number, right: number): number =>
    sums[bottom * (size + 1) + right]! -
    sums[top * (size + 1) + right]! -
    sums[bottom * (size + 1) + left]! +
    sums[top * (size + 1) + left]!;
  return Float32Array.from({ length: size * size }, (_, at) => {
    const y = Math.floor(at / size);
    const x = at % size;
    const [top, bottom] = [Math.max(0, y - half), Math.min(size, y + half + 1)];
    const [left, right] = [Math.max(0, x - half), Math.min(size, x + half + 1)];
    return pixels[at]! - box(top, left, bottom, right) / ((bottom - top) * (right - left));
  });
}

/** Normalised correlation of the pattern with itself moved right by `dx` and down by `dy`. */
function correlation(values: Float32Array, size: number, dx: number, dy: number): number {
  let product = 0;
  let here = 0;
  let there = 0;
  const left = Math.max(0, -dx);
  const right = Math.min(size, size - dx);
  for (let y = 0; y < size - dy; y++) {
    const from = y * size;
    const to = (y + dy) * size + dx;
    for (let x = left; x < right; x++) {
      const a = values[from + x]!;
      const b = values[to + x]!;
      product += a * b;
      here += a * a;
      there += b * b;
    }
  }
  return product / Math.max(1e-9, Math.sqrt(here * there));
}

/** Correlation at every displacement of the upper half plane up to `reach`. */
class HalfPlane {
  readonly reach: number;
  private readonly values: Float32Array;

  constructor(pixels: ArrayLike<number>, size: number, reach: number) {
    const flat = flattened(pixels, size);
    const width = 2 * reach + 1;
    this.reach = reach;
    this.values = new Float32Array(width * (reach + 1));
    for (let dy = 0; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        this.values[dy * width + dx + reach] = correlation(flat, size, dx, dy);
      }
    }
  }

  at(dx: number, dy: number): number {
    if (dy < 0) return this.at(-dx, -dy);
    if (dy > this.reach || Math.abs(dx) > this.reach) return -1;
    return this.values[dy * (2 * this.reach + 1) + dx + this.reach]!;
  }
}

/** Vertex of the parabola through three values at -1, 0 and 1. */
function vertex(before: number, here: number, after: number): number {
  const bend = before - 2 * here + after;
  return bend < 0 ? (0.5 * (before - after)) / bend : 0;
}

/**
 * Displacements that bring a pattern onto itself: the local maxima of its autocorrelation, the
 * highest first, to a fraction of a pixel.
 */
export function selfDisplacements(pixels: ArrayLike<number>, size: number): Peak[] {
  const reach = Math.floor(size / 2) - 1;
  const plane = new HalfPlane(pixels, size, reach);
  const peaks: Peak[] = [];
  for (let dy = 0; dy < reach; dy++) {
    for (let dx = -reach + 1; dx < reach; dx++) {
      if (dy === 0 && dx <= 0) continue;
      const here = plane.at(dx, dy);
      let highest = true;
      for (let j = -1; j <= 1 && highest; j++) {
        for (let i = -1; i <= 1; i++) {
          if ((i || j) && plane.at(dx + i, dy + j) > here) highest = false;
        }
      }
      if (!highest || here <= 0) continue;
      const x = dx + vertex(plane.at(dx - 1, dy), here, plane.at(dx + 1, dy));
      const y = dy + vertex(plane.at(dx, dy - 1), here, plane.at(dx, dy + 1));
      peaks.push({ x, y: -y, height: here });
    }
  }
  return peaks.sort((a, b) => b.height - a.height);
}
