export type Vec3 = readonly [number, number, number];

/** Lattice lengths a, b, c in angstrom and angles alpha, beta, gamma in degrees. */
export type Cell = readonly [number, number, number, number, number, number];

/** One atom of the conventional cell. */
export interface Atom {
  /** Atomic number, 1 to 103. */
  element: number;
  /** Fractional coordinates in [0, 1). */
  position: Vec3;
  /** Isotropic mean square displacement U in square angstrom, where the source gives it. */
  uIso?: number;
}

/**
 * A fully ordered crystal in the standard (International Tables) conventional cell: unique axis b
 * and C-centring for monoclinic, hexagonal axes for rhombohedral, origin choice 2. All sources
 * (minerals, CIF files, generated) give this one type.
 */
export interface Crystal {
  /** Unique name of this entry, such as `amcsd:0000003`. */
  id: string;
  /** The material: entries that share it never stand in two splits. */
  material: string;
  /** Element counts of the cell as the Summit data write them: `Fe8 O14 F2`. */
  formula: string;
  /** 1 to 230. */
  spaceGroup: number;
  cell: Cell;
  /** Every atom of the conventional cell. */
  atoms: readonly Atom[];
  /**
   * Where the source has other axes: the matrix (by rows) that takes the indices of a direction in
   * the source's axes to those in this cell.
   */
  directions?: readonly [Vec3, Vec3, Vec3];
}
