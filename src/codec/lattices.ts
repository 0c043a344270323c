import type { Peak } from './autocorrelation.ts';

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
