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

/** Two lattice vectors in pixels, x to the right and y up: (a_x, a_y, b_x, b_y). */
export type Basis = readonly [number, number, number, number];

/** Peaks tried as basis vectors: the shortest and the highest. */
const SHORTEST_PEAKS = 14;
const HIGHEST_PEAKS = 6;
/** Least area of a lattice cell, square pixels: discs of denser ones are not resolved. */
export const LEAST_AREA = 3;

/** The shortest basis of a two-dimensional lattice (Gauss reduction), right-handed. */
export function reducedBasis(basis: Basis): Basis {
  let [ax, ay, bx, by] = basis;
  // A proper lattice needs a few turns; a degenerate one would never end.
  for (let turn = 0; turn < 64; turn++) {
    if (Math.hypot(bx, by) < Math.hypot(ax, ay)) [ax, ay, bx, by] = [bx, by, ax, ay];
    const n = Math.round((ax * bx + ay * by) / (ax * ax + ay * ay));
    if (n === 0 || !Number.isFinite(n)) break;
    [bx, by] = [bx - n * ax, by - n * ay];
  }
  return ax * by - ay * bx < 0 ? [ax, ay, -bx, -by] : [ax, ay, bx, by];
}

/** Area of the lattice cell. */
export const areaOf = ([ax, ay, bx, by]: Basis): number => Math.abs(ax * by - ay * bx);
/** Length of the first vector: the shortest, of a reduced basis. */
export const shortest = ([ax, ay]: Basis): number => Math.hypot(ax, ay);

/** Coordinates of a vector along a basis. */
const coordinates = ([ax, ay, bx, by]: Basis, x: number, y: number): [number, number] => {
  const area = ax * by - ay * bx;
  return [(x * by - y * bx) / area, (ax * y - ay * x) / area];
};

/** Whether two bases span the same lattice, to a tenth of their vectors. */
function sameLattice(a: Basis, b: Basis): boolean {
  if (Math.abs(areaOf(a) - areaOf(b)) > 0.1 * areaOf(a)) return false;
  const inA = [...coordinates(a, b[0], b[1]), ...coordinates(a, b[2], b[3])];
  return inA.every((value) => Math.abs(value - Math.round(value)) < 0.1);
}

/** Lattices that have this one as a sublattice: `index` times as many points. */
export function superlattices([ax, ay, bx, by]: Basis, index: number): Basis[] {
  const out: Basis[] = [];
  for (let m = 1; m <= index; m++) {
    if (index % m !== 0) continue;
    const n = index / m;
    for (let s = 0; s < m; s++) {
      // Hermite forms: p = a / n and q = (b + s p) / m.
      const [px, py] = [ax / n, ay / n];
      out.push(reducedBasis([px, py, (bx + s * px) / m, (by + s * py) / m]));
    }
  }
  return out;
}

/** A sublattice of prime index, and whether it holds h a + k b. */
export interface Sublattice {
  basis: Basis;
  holds(h: number, k: number): boolean;
}

/** The sublattices of prime index of a lattice: every `index`-th row of points, in each direction. */
export function sublattices([ax, ay, bx, by]: Basis, index: 2 | 3): Sublattice[] {
  const rows: Sublattice = {
    basis: [ax, ay, index * bx, index * by],
    holds: (_, k) => k % index === 0,
  };
  const slanted = Array.from(
    { length: index },
    (_, s): Sublattice => ({
      basis: [index * ax, index * ay, bx + s * ax, by + s * ay],
      holds: (h, k) => (h - s * k) % index === 0,
    }),
  );
  return [rows, ...slanted];
}

/** A lattice and how much of the self-displacements it accounts for. */
interface Candidate {
  basis: Basis;
  /** Share of the peaks, weighed by height, that are lattice vectors. */
  explained: number;
}

/**
 * Least squares of a lattice on the peaks that lie near its vectors. Far vectors count as much as
 * near ones, so the basis is known better than any single peak.
 */
function fitToPeaks(basis: Basis, peaks: readonly Peak[]): Candidate {
  let fitted = basis;
  let explained = 0;
  for (let round = 0; round < 4; round++) {
    const [ax, ay, bx, by] = fitted;
    const area = ax * by - ay * bx;
    const near = 0.2 * shortest(fitted);
    let [mm, mn, nn, mx, nx, my, ny] = [0, 0, 0, 0, 0, 0, 0];
    let [hit, all] = [0, 0];
    for (const { x, y, height } of peaks) {
      const m = Math.round((x * by - y * bx) / area);
      const n = Math.round((ax * y - ay * x) / area);
      all += height;
      if (Math.hypot(x - m * ax - n * bx, y - m * ay - n * by) > near) continue;
      hit += height;
      mm += height * m * m;
      mn += height * m * n;
      nn += height * n * n;
      mx += height * m * x;
      nx += height * n * x;
      my += height * m * y;
      ny += height * n * y;
    }
    explained = hit / all;
    const d = mm * nn - mn * mn;
    if (!(d > 1e-6 * mm * nn)) break;
    fitted = [
      (mx * nn - nx * mn) / d,
      (my * nn - ny * mn) / d,
      (nx * mm - mx * mn) / d,
      (ny * mm - my * mn) / d,
    ];
  }
  return { basis: reducedBasis(fitted), explained };
}

/** Lattices that pairs of self-displacements span, those that explain most peaks first. */
export function candidateLattices(peaks: readonly Peak[], count: number): Basis[] {
  const found: Candidate[] = [];
  const byLength = [...peaks].sort((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y));
  const chosen = [...byLength.slice(0, SHORTEST_PEAKS), ...peaks.slice(0, HIGHEST_PEAKS)];
  const tried = [...new Set(chosen)];
  tried.forEach((a, i) => {
    for (const b of tried.slice(i + 1)) {
      const sine = Math.abs(a.x * b.y - a.y * b.x) / (Math.hypot(a.x, a.y) * Math.hypot(b.x, b.y));
      if (sine < 0.15) continue;
      const candidate = fitToPeaks(reducedBasis([a.x, a.y, b.x, b.y]), peaks);
      const { basis } = candidate;
      const known = found.some((other) => sameLattice(other.basis, basis));
      if (!known && areaOf(basis) >= LEAST_AREA) found.push(candidate);
    }
  });
  // A denser lattice explains peaks by chance: its share counts from what chance would give.
  const merit = ({ basis, explained }: Candidate): number => {
    const chance = Math.min(0.95, (Math.PI * (0.2 * shortest(basis)) ** 2) / areaOf(basis));
    return (explained - chance) / (1 - chance);
  };
  return found
    .sort((a, b) => merit(b) - merit(a))
    .slice(0, count)
    .map(({ basis }) => basis);
}

/**
 * Largest relative error of a basis against the nearest vectors of the lattice that it should span;
 * 1 where it spans another one.
 */
export function basisError(found: Basis, truth: Basis): number {
  const [ax, ay, bx, by] = truth;
  const area = ax * by - ay * bx;
  const errors = [0, 2].map((i) => {
    const [x, y] = [found[i]!, found[i + 1]!];
    const m = Math.round((x * by - y * bx) / area);
    const n = Math.round((ax * y - ay * x) / area);
    return Math.hypot(x - m * ax - n * bx, y - m * ay - n * by) / Math.hypot(x, y);
  });
  const index = Math.abs((found[0] * found[3] - found[1] * found[2]) / area);
  return Math.abs(index - 1) < 0.1 ? Math.max(...errors) : 1;
}
