import { inputError } from '../common/errors.ts';
import { cellMatrix } from '../crystal/cell.ts';
import type { Crystal, Vec3 } from '../crystal/crystal.ts';
import { greatestDivisor } from '../crystal/lattice.ts';
import { inverse, matrixVector, norm } from '../crystal/matrix.ts';
import { xrayFactor } from './scattering.ts';

/** Copper K-alpha, angstrom. */
const COPPER = 1.54184;
/** Largest Miller index that is looked at. */
const REACH = 5;

/** A reflection, its spacing in angstrom and its X-ray powder intensity. */
interface Reflection {
  hkl: Vec3;
  spacing: number;
  intensity: number;
}

function structureFactorSquared(crystal: Crystal, hkl: Vec3, qSquared: number): number {
  const factors = new Map<number, number>();
  let [re, im] = [0, 0];
  for (const { element, position } of crystal.atoms) {
    if (!factors.has(element)) factors.set(element, xrayFactor(element, qSquared));
    const f = factors.get(element)!;
    const angle =
      2 * Math.PI * (hkl[0] * position[0] + hkl[1] * position[1] + hkl[2] * position[2]);
    re += f * Math.cos(angle);
    im += f * Math.sin(angle);
  }
  return re * re + im * im;
}

function reflections(crystal: Crystal): Reflection[] {
  const reciprocal = inverse(cellMatrix(crystal.cell));
  const found: Reflection[] = [];
  for (let h = -REACH; h <= REACH; h++) {
    for (let k = -REACH; k <= REACH; k++) {
      for (let l = -REACH; l <= REACH; l++) {
        const hkl: Vec3 = [h, k, l];
        const q = norm(matrixVector(reciprocal, hkl));
        const sine = (q * COPPER) / 2;
        if (q < 1 / 12 || q >= 1 || sine >= 1) continue;
        const cosine = Math.sqrt(1 - sine * sine);
        const polarised = (1 + (1 - 2 * sine * sine) ** 2) / (sine * sine * cosine);
        const intensity = structureFactorSquared(crystal, hkl, q * q) * polarised;
        found.push({ hkl, spacing: 1 / q, intensity });
      }
    }
  }
  return found;
}

/** Reflections of one spacing, as a powder pattern shows them. */
interface Ring {
  members: Reflection[];
  total: number;
}

function ringsOf(all: readonly Reflection[]): Ring[] {
  const rings = new Map<number, Reflection[]>();
  for (const reflection of all) {
    const key = Math.round(1e4 / reflection.spacing);
    rings.set(key, [...(rings.get(key) ?? []), reflection]);
  }
  return [...rings.values()]
    .map((members) => ({ members, total: members.reduce((sum, r) => sum + r.intensity, 0) }))
    .sort((a, b) => b.total - a.total);
}

/** The strongest member of a ring; of equals the one with the largest indices. */
function foremost({ members }: Ring): Reflection {
  return members.reduce((best, r) => {
    const difference = Math.round(100 * r.intensity) - Math.round(100 * best.intensity);
    if (difference !== 0) return difference > 0 ? r : best;
    const at = [0, 1, 2].find((i) => r.hkl[i] !== best.hkl[i]);
    return at !== undefined && r.hkl[at]! > best.hkl[at]! ? r : best;
  });
}

/**
 * The zone axes that the Summit data used: the three strongest reflections of the X-ray powder
 * pattern with 1 < d < 5 angstrom, their indices (without common factor) read as direct-lattice
 * directions, no two parallel.
 *
 * @throws input error where fewer than three such reflections exist.
 */
export function strongestZones(crystal: Crystal): { zone: Vec3; spacing: number }[] {
  const rings = ringsOf(reflections(crystal));
  const near = rings.filter((ring) => ring.members[0]!.spacing < 5);
  const chosen: { zone: Vec3; spacing: number }[] = [];
  for (const ring of near.length >= 3 ? near : rings) {
    const { hkl, spacing } = foremost(ring);
    const divisor = greatestDivisor(hkl);
    const zone: Vec3 = [hkl[0] / divisor, hkl[1] / divisor, hkl[2] / divisor];
    const known = chosen.some(
      (other) =>
        other.zone.every((v, i) => v === zone[i]) || other.zone.every((v, i) => v === -zone[i]!),
    );
    if (!known) chosen.push({ zone, spacing });
    if (chosen.length === 3) return chosen;
  }
  throw inputError(
    `${crystal.id}: fewer than three reflections with 1 < d < 5 angstrom`,
    'use --zones standard',
  );
}
