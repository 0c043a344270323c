import { cellMatrix, cellVolume } from '../../src/crystal/cell.ts';
import type { Vec3 } from '../../src/crystal/crystal.ts';
import { cross, determinant, norm, vectorMatrix } from '../../src/crystal/matrix.ts';
import type { Operation } from '../../src/crystal/operation.ts';
import { applyOperation, nearestImage } from '../../src/crystal/orbit.ts';
import { centringVectors } from '../../src/crystal/spacegroup.ts';
import type { Skeleton, SkeletonCrystal } from './skeletons.ts';

/** Neighbours of a site that the networks see. */
export const NEIGHBOURS = 24;

/** A neighbour of a site: the image of a site under an operation, lattice translation included. */
export interface Neighbour {
  site: number;
  operation: Operation;
}

/** Distances that differ by less than this (angstrom) are of one shell, which is kept whole or not at all. */
const SHELL = 1e-3;

/** Where the atoms of a crystal stand to each other. */
export interface CrystalSurroundings {
  /** Nearest neighbours of each site, the nearest first. */
  neighbours: readonly (readonly Neighbour[])[];
  /** For each site, an image for each of its atoms in the primitive cell. */
  primitive: readonly (readonly Operation[])[];
}

const kept = new WeakMap<Skeleton, CrystalSurroundings>();

/** Images of which no two differ by a centring translation. */
function primitiveImages({ skeleton, positions }: SkeletonCrystal): Operation[][] {
  const points = centringVectors(skeleton.spaceGroup);
  return skeleton.sites.map((site, at) => {
    const seen: Vec3[] = [];
    return site.images.filter((image) => {
      const [x, y, z] = applyOperation(image, positions[at]!);
      const known = points.some(([u, v, w]) =>
        seen.some((other) =>
          nearestImage([x + u, y + v, z + w], other).every((d) => Math.abs(d) < 2e-3),
        ),
      );
      if (!known) seen.push([x, y, z]);
      return !known;
    });
  });
}

function findNeighbours({ skeleton, positions, cell }: SkeletonCrystal): Neighbour[][] {
  const rows = cellMatrix(cell);
  const volume = cellVolume(cell);
  const count = skeleton.sites.reduce((sum, { multiplicity }) => sum + multiplicity, 0);
  // A sphere that holds the neighbours at the mean density, with room to spare.
  const radius = 1.3 * Math.cbrt((3 * NEIGHBOURS * volume) / (4 * Math.PI * count)) + 0.5;
  const limit = radius * radius;
  const reach = [0, 1, 2].map((i) => {
    const plane = norm(cross(rows[((i + 1) % 3) as 0 | 1 | 2], rows[((i + 2) % 3) as 0 | 1 | 2]));
    return Math.min(4, Math.ceil((radius * plane) / Math.abs(determinant(rows)) + 0.5));
  });
  const shifts: { whole: Vec3; cartesian: Vec3 }[] = [];
  for (let i = -reach[0]!; i <= reach[0]!; i++)
    for (let j = -reach[1]!; j <= reach[1]!; j++)
      for (let k = -reach[2]!; k <= reach[2]!; k++) {
        shifts.push({ whole: [i, j, k], cartesian: vectorMatrix([i, j, k], rows) });
      }
  const atoms = skeleton.sites.flatMap((site, at) =>
    site.images.map((image) => ({
      site: at,
      image,
      position: applyOperation(image, positions[at]!),
    })),
  );
  return positions.map((here) => {
    const near: { distance: number; site: number; image: Operation; shift: Vec3 }[] = [];
    for (const { site, image, position } of atoms) {
      const apart = [0, 1, 2].map((i) => position[i]! - here[i]!);
      const whole = apart.map((x) => -Math.round(x));
      const [x, y, z] = vectorMatrix(
        [apart[0]! + whole[0]!, apart[1]! + whole[1]!, apart[2]! + whole[2]!],
        rows,
      );
      for (const { whole: s, cartesian: c } of shifts) {
        const square = (x + c[0]) ** 2 + (y + c[1]) ** 2 + (z + c[2]) ** 2;
        if (square > limit || square < 1e-6) continue;
        const distance = Math.sqrt(square);
        const shift: Vec3 = [s[0] + whole[0]!, s[1] + whole[1]!, s[2] + whole[2]!];
        near.push({ distance, site, image, shift });
      }
    }
    near.sort((a, b) => a.distance - b.distance);
    let last = Math.min(NEIGHBOURS, near.length);
    const next = near[last]?.distance ?? Number.POSITIVE_INFINITY;
    while (last > 1 && next - near[last - 1]!.distance < SHELL) last--;
    return near.slice(0, last).map(({ site, image, shift }): Neighbour => {
      const [x, y, z] = image.translation;
      const translation: Vec3 = [x + shift[0], y + shift[1], z + shift[2]];
      return { site, operation: { rotation: image.rotation, translation } };
    });
  });
}

/**
 * Neighbours and primitive cell of a crystal where its atoms stand now. They are found once for a
 * skeleton and stay so when atoms move: a skeleton belongs to one reference crystal.
 */
export function surroundingsOf(sited: SkeletonCrystal): CrystalSurroundings {
  let found = kept.get(sited.skeleton);
  if (!found) {
    found = { neighbours: findNeighbours(sited), primitive: primitiveImages(sited) };
    kept.set(sited.skeleton, found);
  }
  return found;
}
