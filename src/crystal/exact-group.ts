import { findSymmetry, type StandardStructure, type Structure, standardise } from './symmetry.ts';

/** Symmetry must not even nearly be higher: positions may blur by this, in angstrom. */
export const SYMMETRY_MARGIN = 0.1;

/**
 * The standard form of a made structure whose symmetry is exactly this space group, also when its
 * positions are blurred by 0.1 angstrom; null for any other.
 */
export function exactlyOf(spaceGroup: number, made: Structure): StandardStructure | null {
  const blurred = findSymmetry(made, SYMMETRY_MARGIN);
  if (blurred?.spaceGroup !== spaceGroup || blurred.atomCount !== made.atoms.length) return null;
  const standard = standardise(made);
  return standard?.spaceGroup === spaceGroup ? standard : null;
}
