import {
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import {
  type CrystalBatch,
  type ElementTables,
  FACTOR_WIDTHS,
  type Images,
  PROPERTIES,
} from './codec.ts';

/** Element tables as tensors; dispose them with `tf.dispose`. */
export interface ElementTensors {
  [name: string]: Tensor;
  properties: Tensor2D;
  /** (E, 1) */
  volumes: Tensor2D;
  factors: Tensor2D;
  usual: Tensor2D;
  least: Tensor2D;
  likeness: Tensor2D;
}

export function elementTensors(tables: ElementTables): ElementTensors {
  const count = tables.elements.length;
  const square = (values: Float32Array): Tensor2D => tf.tensor2d(values, [count, count]);
  return {
    properties: tf.tensor2d(tables.properties, [count, PROPERTIES]),
    volumes: tf.tensor2d(tables.volumes, [count, 1]),
    factors: tf.tensor2d(tables.factors, [count, tables.factors.length / count]),
    usual: square(tables.usual),
    least: square(tables.least),
    likeness: square(tables.likeness),
  };
}

/** The open numbers of crystals: what networks and jitter change. */
export interface OpenTensors {
  /** (B, S, 3) fractions. */
  positions: Tensor3D;
  /** (B, K, E), each row a share of elements that adds up to 1. */
  species: Tensor3D;
  /** (B, 6) log lengths (angstrom) and angles (radians). */
  cells: Tensor2D;
}

/** Shells of neighbours, as shares of the usual distance of the pair, and their width. */
const SHELLS = [0.8, 1, 1.2, 1.45, 1.75, 2.1] as const;
const SHELL_WIDTH = 0.13;
/** Numbers that say how a site is surrounded: shells of all neighbours, and of anions. */
export const SURROUNDINGS = 2 * SHELLS.length;

/** What the kernels that see crystals are told: shells and their width, widths of scattering factors. */
export const featureConstants = (): Tensor1D =>
  tf.tensor1d([...SHELLS, SHELL_WIDTH, ...FACTOR_WIDTHS]);

/** a (M, n) times table (n, m) for the last axis of a (B, M, n). */
const through = (a: Tensor3D, table: Tensor2D): Tensor3D => {
  const [b, m, n] = a.shape;
  return a
    .reshape([b * m, n])
    .matMul(table)
    .reshape([b, m, table.shape[1]]);
};

/** Lattice vectors by rows (B, 3, 3) of cells (B, 6), as `cellMatrix` has them, and volumes (B, 1). */
function latticeRows(cells: Tensor2D): { rows: Tensor3D; volume: Tensor2D } {
  const [a, b, c] = tf.split(cells.slice([0, 0], [-1, 3]).exp(), 3, 1) as Tensor2D[];
  const [ca, cb, cg] = tf.split(cells.slice([0, 3], [-1, 3]).cos(), 3, 1) as Tensor2D[];
  const sg = tf.sub(1, cg!.square()).maximum(1e-3).sqrt();
  const cy = ca!.sub(cb!.mul(cg!)).div(sg);
  const cz = tf.sub(1, cb!.square()).sub(cy.square()).maximum(1e-3).sqrt();
  const zero = a!.zerosLike();
  const rows = tf
    .concat([a!, zero, zero, b!.mul(cg!), b!.mul(sg), zero, c!.mul(cb!), c!.mul(cy), c!.mul(cz)], 1)
    .reshape([-1, 3, 3]) as Tensor3D;
  return { rows, volume: a!.mul(b!).mul(sg).mul(c!).mul(cz) as Tensor2D };
}

/** Images (B, n, 3) of sites (B, S, 3), in fractions. */
function imagePositions(images: Images, positions: Tensor3D): Tensor3D {
  const [b, n] = images.site.shape;
  const sites = tf.matMul(images.site, positions).reshape([b, n, 1, 3]) as Tensor4D;
  return tf.matMul(sites, images.rotation).reshape([b, n, 3]).add(images.translation) as Tensor3D;
}

/** How the sites of crystals are surrounded. */
export interface Surroundings {
  /** (B, S, SURROUNDINGS) neighbours in each shell, and those of them that are anions. */
  counts: Tensor3D;
  /** (B, S, SURROUNDINGS, 3) sums of directions (fractions of the cell an angstrom) towards them. */
  pulls: Tensor4D;
  /** (B, S, 1) by how much neighbours come too near, shares of the usual distance, summed. */
  clash: Tensor3D;
}

/**
 * Neighbours of each site by their distance as a share of the one that is
 * usual for the two elements; differentiable in coordinates, species and cell.
 */
export function surroundings(
  batch: CrystalBatch,
  open: OpenTensors,
  elements: ElementTensors,
): Surroundings {
  const { rows } = latticeRows(open.cells);
  const [b, s, n] = batch.neighbourMask.shape;
  const others = imagePositions(batch.neighbours, open.positions).reshape([b, s, n, 3]);
  const apart = others.sub(open.positions.reshape([b, s, 1, 3])) as Tensor4D;
  const cartesian = tf.matMul(apart.reshape([b, s * n, 3]) as Tensor3D, rows);
  const distance = cartesian.square().sum(2).add(1e-4).sqrt().reshape([b, s, n]) as Tensor3D;
  const siteSpecies = tf.matMul(batch.slots, open.species) as Tensor3D;
  const whose = batch.neighbours.site.reshape([b, s, n, s]) as Tensor4D;
  /** A number for each pair of sites (B, S, S) given to neighbours (B, S, N). */
  const ofNeighbours = (pairs: Tensor): Tensor3D => whose.mul(pairs.reshape([b, s, 1, s])).sum(3);
  const pairwise = (table: Tensor2D): Tensor3D =>
    ofNeighbours(tf.matMul(through(siteSpecies, table), siteSpecies, false, true));
  const usual = pairwise(elements.usual).maximum(0.5);
  const share = distance.div(usual);
  const clash = pairwise(elements.least)
    .sub(distance)
    .relu()
    .div(usual)
    .mul(batch.neighbourMask)
    .sum(2, true) as Tensor3D;
  // Anions have property 2 at 1, cations at -1.
  const anion = through(siteSpecies, elements.properties)
    .slice([0, 0, 2], [-1, -1, 1])
    .add(1)
    .div(2)
    .reshape([b, 1, s]);
  const anions = whose
    .mul(anion.reshape([b, 1, 1, s]))
    .sum(3)
    .reshape([b, s, n, 1]);
  const centres = tf.tensor4d([...SHELLS], [1, 1, 1, SHELLS.length]);
  const shells = share
    .reshape([b, s, n, 1])
    .sub(centres)
    .square()
    .mul(-0.5 / SHELL_WIDTH ** 2)
    .exp()
    .mul(batch.neighbourMask.reshape([b, s, n, 1]));
  const both = tf.concat([shells, shells.mul(anions)], 3);
  const unit = apart.div(distance.reshape([b, s, n, 1])) as Tensor4D;
  return {
    counts: both.sum(2) as Tensor3D,
    pulls: tf.matMul(both as Tensor4D, unit, true, false) as Tensor4D,
    clash,
  };
}

/**
 * Logarithms of structure-factor amplitudes (B, H) of the reflections of the zones shown, over the
 * volume of the cell: what the patterns will show, kinematically. Differentiable in everything.
 */
export function amplitudes(
  batch: CrystalBatch,
  open: OpenTensors,
  elements: ElementTensors,
): Tensor2D {
  const { rows, volume } = latticeRows(open.cells);
  const atoms = imagePositions(batch.atoms, open.positions);
  const phase = tf.matMul(atoms, batch.reflections, false, true).mul(2 * Math.PI) as Tensor3D;
  const [p, q, r] = tf.split(rows, 3, 1) as Tensor3D[];
  const cross = (u: Tensor3D, v: Tensor3D): Tensor3D => {
    const [ux, uy, uz] = tf.split(u, 3, 2) as Tensor3D[];
    const [vx, vy, vz] = tf.split(v, 3, 2) as Tensor3D[];
    return tf.concat(
      [
        uy!.mul(vz!).sub(uz!.mul(vy!)),
        uz!.mul(vx!).sub(ux!.mul(vz!)),
        ux!.mul(vy!).sub(uy!.mul(vx!)),
      ],
      2,
    ) as Tensor3D;
  };
  const dual = tf
    .concat([cross(q!, r!), cross(r!, p!), cross(p!, q!)], 1)
    .div(volume.reshape([-1, 1, 1])) as Tensor3D;
  const squares = tf.matMul(batch.reflections, dual).square().sum(2, true) as Tensor3D;
  const siteSpecies = tf.matMul(batch.slots, open.species) as Tensor3D;
  const ofAtoms = tf.matMul(batch.atoms.site, through(siteSpecies, elements.factors)) as Tensor3D;
  const gauss = squares
    .mul(tf.tensor3d([...FACTOR_WIDTHS], [1, 1, FACTOR_WIDTHS.length]))
    .neg()
    .exp() as Tensor3D;
  const factors = tf.matMul(ofAtoms, gauss, false, true).mul(batch.centres) as Tensor3D;
  const [re, im] = [phase.cos().mul(factors).sum(1), phase.sin().mul(factors).sum(1)];
  const square = re.square().add(im.square()).div(volume.square());
  return square.add(1e-4).log().mul(0.5).add(2.5) as Tensor2D;
}

/** Volume of the cell over the volumes of its atoms, logarithm, (B, 1). */
export function packingOf(
  batch: CrystalBatch,
  open: OpenTensors,
  elements: ElementTensors,
): Tensor2D {
  const { volume } = latticeRows(open.cells);
  return volume.log().sub(atomicVolumeOf(batch, open, elements).log()) as Tensor2D;
}

/** Sum of the volumes of the atoms of a cell, (B, 1), cubic angstrom. */
export function atomicVolumeOf(
  batch: CrystalBatch,
  { species }: Pick<OpenTensors, 'species'>,
  elements: ElementTensors,
): Tensor2D {
  const siteSpecies = tf.matMul(batch.slots, species) as Tensor3D;
  return through(siteSpecies, elements.volumes)
    .mul(batch.multiplicity)
    .sum(1)
    .maximum(1) as Tensor2D;
}

/** Element properties of each site, (B, S, PROPERTIES). */
export const siteProperties = (
  batch: CrystalBatch,
  { species }: Pick<OpenTensors, 'species'>,
  elements: ElementTensors,
): Tensor3D => through(tf.matMul(batch.slots, species) as Tensor3D, elements.properties);
