import { inputError } from '../common/errors.ts';
import type { Vec3 } from '../crystal/crystal.ts';
import { dot, type Matrix3, matrixVector, vectorMatrix } from '../crystal/matrix.ts';
import type { Operation } from '../crystal/operation.ts';
import { operations } from '../crystal/spacegroup.ts';
import { MODES, type PatternDiscs } from './discs.ts';
import { reducedZone, reflection, zoneIndex, zoneIndexBasis } from './indices.ts';

/**
 * A symmetry of the intensities of a zone-axis pattern: disc (h, k) and disc (h, k) W, a row vector
 * times this matrix by rows, are equal, in-disc structure turned or mirrored with them.
 */
export type IndexOperation = readonly [number, number, number, number];

/**
 * Why a disc is dark by symmetry. `lattice`: the lattice of the projected crystal forbids it (a
 * centring, or a glide plane across the zone axis), no light ever. `glide`: its
 * structure factor vanishes and it lies on a glide line of the projected crystal, so that it is
 * dark along the line through the disc parallel to g however thick the crystal
 * (Gjonnes and Moodie 1965). `kinematic`: its structure factor vanishes, but multiple scattering
 * lights it.
 */
export type Extinction = 'none' | 'lattice' | 'glide' | 'kinematic';

const matrixOf = ({ rotation: r }: Operation): Matrix3 => [
  [r[0]!, r[1]!, r[2]!],
  [r[3]!, r[4]!, r[5]!],
  [r[6]!, r[7]!, r[8]!],
];

/** A space-group operation that keeps the zone axis or reverses it, on indices. */
interface ProjectedOperation {
  index: IndexOperation;
  translation: Vec3;
}

const known = new Map<string, readonly ProjectedOperation[]>();

/** Space-group operations that carry the zone axis into itself or its reverse. */
function operationsOfZone(spaceGroup: number, zone: Vec3): readonly ProjectedOperation[] {
  const u = reducedZone(zone);
  const key = `${spaceGroup} ${u.join(' ')}`;
  const found = known.get(key);
  if (found) return found;
  const [first, second] = zoneIndexBasis(u);
  const list: ProjectedOperation[] = [];
  for (const operation of operations(spaceGroup)) {
    const matrix = matrixOf(operation);
    const turned = matrixVector(matrix, u);
    const sign = dot(turned, u) > 0 ? 1 : -1;
    if (turned.some((value, i) => value !== sign * u[i]!)) continue;
    // F(hkl R) = F(hkl) exp(-2 pi i hkl . t): intensities are equal.
    const a = zoneIndex(u, vectorMatrix(first, matrix))!;
    const b = zoneIndex(u, vectorMatrix(second, matrix))!;
    list.push({ index: [...a, ...b], translation: operation.translation });
  }
  known.set(key, list);
  return list;
}

/**
 * The point symmetry of the pattern of a space group along a zone axis, for the projected potential
 * (the zero-order Laue zone): every operation that keeps the axis or reverses it, as matrices on
 * zone indices, the identity first. These are all the symmetries that the group gives the whole
 * pattern; one of a special crystal may have more.
 */
export function patternSymmetry(spaceGroup: number, zone: Vec3): readonly IndexOperation[] {
  const unique = new Map<string, IndexOperation>();
  unique.set('1,0,0,1', [1, 0, 0, 1]);
  for (const { index } of operationsOfZone(spaceGroup, zone)) {
    const whole = index.map((value) => Math.round(value) + 0) as unknown as IndexOperation;
    unique.set(whole.join(','), whole);
  }
  return [...unique.values()];
}

/** The zone index that an operation gives. */
const transformIndex = ([a, b, c, d]: IndexOperation, h: number, k: number): [number, number] => [
  h * a + k * c,
  h * b + k * d,
];

const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6;

/** Why disc (h, k) of a zone axis is dark in a space group, if it is. */
export function extinction(
  spaceGroup: number,
  zone: Vec3,
  [h, k]: readonly [number, number],
): Extinction {
  const u = reducedZone(zone);
  const hkl = reflection(zoneIndexBasis(u), h, k);
  let forbidden = false;
  for (const operation of operations(spaceGroup)) {
    const image = vectorMatrix(hkl, matrixOf(operation));
    const fixed = image.every((value, i) => value === hkl[i]!);
    if (!fixed || isWhole(dot(hkl, operation.translation))) continue;
    if (isIdentity(operation)) return 'lattice';
    forbidden = true;
  }
  if (!forbidden) return 'none';
  const phased = operationsOfZone(spaceGroup, zone).filter(
    ({ translation }) => !isWhole(dot(hkl, translation)),
  );
  if (phased.some(({ index }) => index.join() === '1,0,0,1')) return 'lattice';
  const glides = phased.some(({ index }) => {
    const [h2, k2] = transformIndex(index, h, k);
    return index[0] * index[3] - index[1] * index[2] < 0 && h2 === h && k2 === k;
  });
  return glides ? 'glide' : 'kinematic';
}

const isIdentity = ({ rotation: r }: Operation): boolean =>
  r.every((value, i) => value === (i % 4 === 0 ? 1 : 0));

/** The operation as a turn or mirror of the detector (x right, y up), rows [a, b], [c, d]. */
export function detectorOperation(
  [w00, w01, w10, w11]: IndexOperation,
  basis: readonly [number, number, number, number],
): [number, number, number, number] {
  const [g00, g01, g10, g11] = basis;
  const area = g00 * g11 - g01 * g10;
  if (area === 0) throw inputError('the two basis vectors of the lattice are parallel');
  // p = (h, k) G and p' = (h, k) W G, so p' = p G^-1 W G; returned transposed, for column vectors.
  const m00 = w00 * g00 + w01 * g10;
  const m01 = w00 * g01 + w01 * g11;
  const m10 = w10 * g00 + w11 * g10;
  const m11 = w10 * g01 + w11 * g11;
  const row = (i00: number, i01: number): [number, number] => [
    (i00 * m00 + i01 * m10) / area,
    (i00 * m01 + i01 * m11) / area,
  ];
  const [xx, xy] = row(g11, -g01);
  const [yx, yy] = row(-g10, g00);
  return [xx, yx, xy, yy];
}

/** Adds the coefficients of a disc, turned or mirrored by a detector operation, to sums. */
function addTurned(
  sums: Float64Array,
  from: { coefficients: Float32Array; at: number },
  [a, b, c, d]: readonly [number, number, number, number],
): void {
  const { coefficients, at } = from;
  const [x, y] = [coefficients[at + 1]!, coefficients[at + 2]!];
  const [p, q] = [coefficients[at + 4]!, coefficients[at + 5]!];
  sums[0]! += coefficients[at]!;
  sums[1]! += a * x + b * y;
  sums[2]! += c * x + d * y;
  sums[3]! += coefficients[at + 3]!;
  // The astigmatic pair is the tensor [[p, q], [q, -p]]: A M A^T.
  sums[4]! += (a * a - b * b) * p + 2 * a * b * q;
  sums[5]! += (a * c - b * d) * p + (a * d + b * c) * q;
}

const keyOf = (h: number, k: number): number => (h + 4096) * 8192 + k + 4096;

/**
 * The nearest table that has a symmetry: the mean over the operations, in-disc modes turned and
 * mirrored with the discs. Discs whose images lie off the detector are averaged over those that do
 * not. The direct beam also gets the two-fold axis that reciprocity gives the bright field of any
 * projected potential. Applying it twice changes nothing more.
 */
export function symmetrise(
  pattern: PatternDiscs,
  operations: readonly IndexOperation[],
): PatternDiscs {
  const { geometry, coefficients } = pattern;
  const { h, k, basis } = geometry;
  const positions = new Map<number, number>();
  h.forEach((value, disc) => {
    positions.set(keyOf(value, k[disc]!), disc);
  });
  const turns = operations.map((operation) => detectorOperation(operation, basis));
  const out = new Float32Array(coefficients.length);
  const sums = new Float64Array(MODES);
  h.forEach((value, disc) => {
    sums.fill(0);
    let count = 0;
    operations.forEach((operation, n) => {
      // Disc (h, k) is the image of the disc that this operation carries there: its inverse is in
      // the group too, so the sum over images turned back is the sum over the group.
      const source = positions.get(keyOf(...transformIndex(operation, value, k[disc]!)));
      if (source === undefined) return;
      addTurned(sums, { coefficients, at: source * MODES }, transposed(turns[n]!));
      count++;
    });
    const direct = value === 0 && k[disc] === 0;
    for (let m = 0; m < MODES; m++) {
      const odd = m === 1 || m === 2;
      out[disc * MODES + m] = direct && odd ? 0 : sums[m]! / count;
    }
  });
  return { ...pattern, coefficients: out };
}

/** The inverse of a turn or mirror. */
const transposed = ([a, b, c, d]: readonly [number, number, number, number]) =>
  [a, c, b, d] as const;

/**
 * How far a pattern is from a symmetry: sum of |I - I_symmetrised| over the sum of I, with I the
 * intensity of a disc at its level. 0 where it has the symmetry.
 *
 * @param reach only discs whose centres lie within this many pixels of the direct beam count.
 */
export function symmetryResidual(
  pattern: PatternDiscs,
  operations: readonly IndexOperation[],
  reach: number = pattern.geometry.size / 2,
): number {
  const { geometry, coefficients } = pattern;
  const made = symmetrise(pattern, operations).coefficients;
  const [ax, ay, bx, by] = geometry.basis;
  let total = 0;
  let away = 0;
  geometry.h.forEach((h, disc) => {
    const k = geometry.k[disc]!;
    if (Math.hypot(h * ax + k * bx, h * ay + k * by) > reach) return;
    if (h === 0 && k === 0) return;
    const intensity = Math.exp(coefficients[disc * MODES]!);
    total += intensity;
    away += Math.abs(intensity - Math.exp(made[disc * MODES]!));
  });
  return total > 0 ? away / total : 0;
}
