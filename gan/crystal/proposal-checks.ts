import { isCell } from '../../src/crystal/cell.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { SYMMETRY_MARGIN } from '../../src/crystal/exact-group.ts';
import { findSymmetry, SYMMETRY_TOLERANCE } from '../../src/crystal/symmetry.ts';
import { hasClash, type PairDistances } from './clashes.ts';
import { crystalOf, type SkeletonCrystal } from './skeletons.ts';

/** Why a proposed crystal is refused, in the words of reports. */
export const REFUSALS = {
  cell: 'cell cannot exist',
  size: 'too many atoms',
  clash: 'atoms too near',
  symmetry: 'symmetry is not the group',
  nearly: 'symmetry is nearly higher',
  repeated: 'equal to another sample',
  training: 'equal to a training crystal',
  heldOut: 'equal to a held-out crystal',
} as const;

export type Refusal = keyof typeof REFUSALS;

/** Below this (angstrom) no symmetry is told from the next. */
const FINEST = 1e-4;
/** More atoms than this in a conventional cell take too long to simulate. */
const MOST_ATOMS = 400;

export type Checked = { ok: Crystal } | { refused: Refusal };

export interface CheckOptions {
  /** Name of the crystal. */
  id: string;
  /** How near atoms may come. */
  distances: PairDistances;
  /** Positions may blur by this (angstrom) and the symmetry must still not be higher; 0.1 by default. */
  margin?: number;
}

/**
 * The crystal of a proposal where it can exist and has exactly its group: no two atoms nearer than
 * they come in training crystals, the symmetry as found by moyo, also when positions are blurred
 * by 0.1 angstrom. Its atoms have at least the symmetry of the skeleton by construction, so a
 * group found is the skeleton's own or a higher one.
 */
export function checkCrystal(
  sited: SkeletonCrystal,
  { id, distances, margin = SYMMETRY_MARGIN }: CheckOptions,
): Checked {
  if (!isCell(sited.cell)) return { refused: 'cell' };
  const count = sited.skeleton.sites.reduce((sum, site) => sum + site.multiplicity, 0);
  if (count > MOST_ATOMS) return { refused: 'size' };
  if (hasClash(sited, distances)) return { refused: 'clash' };
  const crystal = crystalOf(sited, id);
  const { spaceGroup } = crystal;
  const has = (tolerance?: number): boolean => {
    const found = findSymmetry(crystal, tolerance);
    return found?.spaceGroup === spaceGroup && found.atomCount === count;
  };
  if (margin >= FINEST && has(margin)) return { ok: crystal };
  return { refused: margin > SYMMETRY_TOLERANCE && has() ? 'nearly' : 'symmetry' };
}
