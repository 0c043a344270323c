import { inputError } from '../common/errors.ts';
import { analysePattern } from './analysis.ts';
import { levelsWhere, litRank, MOST_OVERLAP } from './discs.ts';
import type { Aperture } from './footprint.ts';
import { latticeGeometry, type PatternGeometry } from './geometry.ts';
import {
  areaOf,
  type Basis,
  candidateLattices,
  LEAST_AREA,
  reducedBasis,
  selfDisplacements,
  shortest,
  sublattices,
  superlattices,
} from './lattices.ts';

/** Where a downhill search ended. */
export interface Minimum {
  at: readonly number[];
  value: number;
}

/**
 * Nelder and Mead's downhill simplex (1965): the least value of a function of a few numbers, from
 * a start and a first step in each of them.
 */
function downhill(
  objective: (at: readonly number[]) => number,
  start: readonly number[],
  options: { steps: readonly number[]; evaluations: number },
): Minimum {
  let spent = 0;
  const probe = (at: readonly number[]): Minimum => {
    spent++;
    return { at, value: objective(at) };
  };
  const stepped = (i: number) => start.map((v, j) => (i === j ? v + options.steps[i]! : v));
  const corners = [probe(start), ...start.map((_, i) => probe(stepped(i)))];
  const order = (): void => {
    corners.sort((a, b) => a.value - b.value);
  };
  order();
  while (spent < options.evaluations) {
    const worst = corners.pop()!;
    const centre = start.map(
      (_, i) => corners.reduce((sum, { at }) => sum + at[i]!, 0) / start.length,
    );
    const along = (t: number) => probe(centre.map((c, i) => c + t * (worst.at[i]! - c)));
    let next = along(-1);
    if (next.value < corners[0]!.value) {
      const further = along(-2);
      if (further.value < next.value) next = further;
    } else if (next.value >= corners.at(-1)!.value) {
      next = along(next.value < worst.value ? -0.5 : 0.5);
    }
    corners.push(next.value < worst.value ? next : worst);
    if (next.value >= worst.value) {
      const best = corners[0]!.at;
      for (let i = 1; i < corners.length; i++) {
        corners[i] = probe(corners[i]!.at.map((v, j) => (v + best[j]!) / 2));
      }
    }
    order();
  }
  return corners[0]!;
}

export interface DetectionOptions {
  /** Pixels a side. */
  size: number;
  /** Column and row of the direct beam; the middle of the pattern by default. */
  centre?: number;
  aperture?: Aperture;
  /** Largest share of the signal that the discs found may leave over; 0.2 by default. */
  worst?: number;
}

/** A lattice found in a pattern. */
export interface Detection {
  geometry: PatternGeometry;
  /** Share of the signal that discs on this lattice leave over. */
  residualShare: number;
  /** Disc diameter over the shortest lattice vector: from 1 on, discs overlap. */
  overlap: number;
}

/** Lattices whose discs are fitted. */
const LATTICES = 6;
/** Peaks below this share of the highest are noise; those further than this share of the side too. */
const LEAST_HEIGHT = 0.1;
const FURTHEST = 0.37;
/** Radii tried, as shares of the shortest lattice vector. */
const RADII = [0.22, 0.29, 0.38, 0.47, 0.57];
/** A lattice with a larger cell is preferred while it leaves at most this factor of the least. */
const TOLERANCE = 1.3;
/** Residual from which on weak discs between those found are looked for. */
const SUSPECT = 0.12;
/** Lattices that are compared with their modes. */
const FINALISTS = 6;

/** Discs that hold less than this share of all levels are none: the lattice is sparser. */
const DARK_SHARE = 0.03;
/** A sparser lattice that leaves no more than this beyond what the denser one leaves is as good. */
const AS_WELL = 0.002;
/** How often a lattice may be made sparser. */
const MOST_THINNING = 4;

interface Trial {
  basis: Basis;
  radius: number;
  residual: number;
}

/** Finds the lattice of discs of a pattern, without knowing the crystal; see `detectLattice`. */
class Search {
  constructor(
    private readonly pixels: ArrayLike<number>,
    private readonly frame: { size: number; centre: number; aperture: Aperture },
  ) {}

  geometry(basis: Basis, radius: number): PatternGeometry {
    return latticeGeometry({ ...this.frame, basis, radius });
  }

  /** What discs on a lattice leave over: discs of even brightness, or with their modes. */
  residual(basis: Basis, radius: number, rounds: 0 | 1): number {
    const ratio = (2 * radius) / shortest(reducedBasis(basis));
    if (!(radius > 0.5 && areaOf(basis) > LEAST_AREA / 2 && ratio < 1.5)) return 1;
    const geometry = this.geometry(basis, radius);
    return analysePattern(this.pixels, geometry, { rounds, background: false }).residualShare;
  }

  /** The best radius of a lattice. */
  tryLattice(basis: Basis): Trial {
    const trials = RADII.map((share) => {
      const radius = Math.max(0.6, share * shortest(basis));
      return { basis, radius, residual: this.residual(basis, radius, 0) };
    });
    return trials.reduce((best, trial) => (trial.residual < best.residual ? trial : best));
  }

  /** The lattice of fewest discs among those that describe the pattern nearly best. */
  choose(lattices: readonly Basis[]): Trial {
    const trials = lattices.map((basis) => this.tryLattice(basis));
    const least = (): number => Math.min(...trials.map(({ residual }) => residual));
    if (least() > SUSPECT) {
      const dense = lattices
        .slice(0, 2)
        .flatMap((basis) => [2, 3, 4].map((n) => [basis, n] as const));
      for (const [basis, n] of dense) {
        trials.push(...superlattices(basis, n).map((other) => this.tryLattice(other)));
      }
    }
    const finalists = trials
      .sort((a, b) => a.residual - b.residual)
      .slice(0, FINALISTS)
      .map((trial) => ({ ...trial, residual: this.residual(trial.basis, trial.radius, 1) }));
    const enough = TOLERANCE * Math.min(...finalists.map(({ residual }) => residual)) + 0.01;
    return finalists
      .filter(({ residual }) => residual <= enough)
      .reduce((a, b) => (areaOf(b.basis) > 1.2 * areaOf(a.basis) ? b : a));
  }

  /** The sublattice that holds all discs with light, or describes the pattern as well. */
  thinned({ basis, radius, residual }: Trial): Trial | null {
    const pattern = analysePattern(this.pixels, this.geometry(basis, radius), {
      background: false,
    });
    if (litRank(pattern) < 2) return null;
    const all = levelsWhere(pattern, () => true);
    const sparser = [2 as const, 3 as const]
      .flatMap((index) => sublattices(basis, index))
      .map((sub) => {
        const dark = levelsWhere(pattern, (h, k) => !sub.holds(h, k)) / all < DARK_SHARE;
        const own = reducedBasis(sub.basis);
        return { basis: own, radius, dark, residual: this.residual(own, radius, 1) };
      })
      .filter((sub) => sub.dark || sub.residual <= residual + AS_WELL);
    return sparser.sort((a, b) => a.residual - b.residual)[0] ?? null;
  }

  /** Refines a lattice, and makes it sparser while whole classes of its discs are dark. */
  settle(start: Trial): Trial {
    let trial = this.refine(start);
    for (let n = 0; n < MOST_THINNING; n++) {
      const sparser = this.thinned(trial);
      if (!sparser) break;
      trial = this.refine(sparser);
    }
    return trial;
  }

  /** Basis and radius that leave least, by a downhill search around those found. */
  refine({ basis, radius }: Trial): Trial {
    const step = 0.015 * shortest(basis);
    const { at, value } = downhill(
      (x) => this.residual(x.slice(0, 4) as unknown as Basis, x[4]!, 1),
      [...basis, radius],
      { steps: [step, step, step, step, 0.08 * radius], evaluations: 70 },
    );
    return { basis: at.slice(0, 4) as unknown as Basis, radius: at[4]!, residual: value };
  }
}

/**
 * The lattice and disc radius of a pattern, from the pattern alone: self-displacements give
 * candidate lattices, fitted to all of them; the codec's own residual chooses among them (the fewest
 * discs that describe the pattern nearly best) and gives the radius.
 *
 * @param pixels (size, size) stored values 0 to 255, row 0 the top.
 * @throws input error for a pattern without discs, with discs that overlap too much to be told
 * apart, or that no lattice describes to within `worst`.
 */
export function detectLattice(pixels: ArrayLike<number>, options: DetectionOptions): Detection {
  const { size, centre = (size - 1) / 2, aperture = 'smooth', worst = 0.2 } = options;
  let lit = 0;
  for (let at = 0; at < pixels.length; at++) if (pixels[at]! > 0) lit++;
  if (lit < 0.01 * pixels.length) throw inputError('the pattern is dark: there is no disc in it');
  const all = selfDisplacements(pixels, size);
  const peaks = all.filter(({ x, y, height }) => {
    const length = Math.hypot(x, y);
    return length > 1.5 && length < FURTHEST * size && height > LEAST_HEIGHT * all[0]!.height;
  });
  const lattices = candidateLattices(peaks, LATTICES);
  if (lattices.length === 0) throw inputError('the pattern does not repeat: no lattice of discs');
  const search = new Search(pixels, { size, centre, aperture });
  const { basis, radius, residual } = search.settle(search.choose(lattices));
  const reduced = reducedBasis(basis);
  const overlap = (2 * radius) / shortest(reduced);
  if (residual > worst) {
    throw inputError(
      `no lattice of discs describes the pattern: ${(100 * residual).toFixed(0)} % of the signal is left over`,
      'give the cell and the zone axis',
    );
  }
  if (overlap > MOST_OVERLAP) {
    throw inputError(
      `the discs overlap too much to be told apart (diameter ${overlap.toFixed(2)} of their distance)`,
      'give the cell and the zone axis',
    );
  }
  const geometry = search.geometry(reduced, radius);
  if (litRank(analysePattern(pixels, geometry, { background: false })) < 2) {
    throw inputError('the lit discs lie on one line: no lattice of discs repeats in the pattern');
  }
  return { geometry, residualShare: residual, overlap };
}
