import type { Vec3 } from '../crystal/crystal.ts';
import { inverse, vectorMatrix } from '../crystal/matrix.ts';
import { operations } from '../crystal/spacegroup.ts';
import type { Matrix2, Vec2, ZoneFrame } from '../crystal/zone.ts';
import type { Tilts } from './disc.ts';

/** A turn or mirror of the pattern: rows are the images of x and y, entries 0, 1 or -1. */
export type Move = Matrix2;

const STAY: Move = [
  [1, 0],
  [0, 1],
];

const rotated = (r: readonly number[], v: Vec3): Vec3 => [
  r[0]! * v[0] + r[1]! * v[1] + r[2]! * v[2],
  r[3]! * v[0] + r[4]! * v[1] + r[5]! * v[2],
  r[6]! * v[0] + r[7]! * v[1] + r[8]! * v[2],
];

/** The cartesian matrix of an operation on the projected net given by the images of its basis. */
function cartesianMove({ projected, reciprocal }: ZoneFrame, images: readonly [Vec2, Vec2]): Move {
  const place = ([u, v]: Vec2): Vec2 => [
    u * projected[0][0] + v * projected[1][0],
    u * projected[0][1] + v * projected[1][1],
  ];
  const [a, b] = [place(images[0]), place(images[1])];
  const imageOf = (i: 0 | 1): Vec2 => [
    reciprocal[0][i] * a[0] + reciprocal[1][i] * b[0] + 0,
    reciprocal[0][i] * a[1] + reciprocal[1][i] * b[1] + 0,
  ];
  return [imageOf(0), imageOf(1)];
}

const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6;

/**
 * The operations of the space group that leave the projection along a zone axis unchanged (they
 * keep the axis or turn it over) and that also leave a square mesh of directions unchanged. The
 * pattern of the projected potential has these symmetries: I(M g, M q) = I(g, q).
 */
export function patternMoves(spaceGroup: number, frame: ZoneFrame): Move[] {
  const toBasis = inverse(frame.basis);
  const found = new Map<string, Move>([[STAY.join(), STAY]]);
  for (const { rotation } of operations(spaceGroup)) {
    const images = frame.basis.map((row) => vectorMatrix(rotated(rotation, row), toBasis));
    const [a, b, axis] = images as [Vec3, Vec3, Vec3];
    if (Math.abs(axis[0]) > 1e-6 || Math.abs(axis[1]) > 1e-6) continue;
    const move = cartesianMove(frame, [
      [a[0], a[1]],
      [b[0], b[1]],
    ]);
    if (!move.flat().every(isWhole)) continue;
    const whole = move.map((row) => row.map((value) => Math.round(value) + 0)) as unknown as Move;
    found.set(whole.join(), whole);
  }
  return [...found.values()];
}

/** x y times a move. */
export const moved = (x: number, y: number, move: Move): Vec2 => [
  x * move[0][0] + y * move[1][0],
  x * move[0][1] + y * move[1][1],
];

/** One direction of each set that the moves carry into each other. */
export interface ReducedTilts extends Tilts {
  /** Members of the set of each direction. */
  members: Float64Array;
  /** Number of directions of all sets together. */
  full: number;
}

/** Keeps one direction of each set of equivalent ones. */
export function reduceTilts(tilts: Tilts, moves: readonly Move[]): ReducedTilts {
  const key = (x: number, y: number): number => Math.round(x * 1e7) * 1e8 + Math.round(y * 1e7);
  const seen = new Set<number>();
  const kept: { x: number; y: number; members: number }[] = [];
  for (let i = 0; i < tilts.count; i++) {
    const [x, y] = [tilts.x[i]!, tilts.y[i]!];
    if (seen.has(key(x, y))) continue;
    const before = seen.size;
    for (const move of moves) seen.add(key(...moved(x, y, move)));
    kept.push({ x, y, members: seen.size - before });
  }
  return {
    count: kept.length,
    x: Float64Array.from(kept, (tilt) => tilt.x),
    y: Float64Array.from(kept, (tilt) => tilt.y),
    members: Float64Array.from(kept, (tilt) => tilt.members),
    full: tilts.count,
  };
}

/**
 * The mean of a square picture (size x size, row 0 the top, the direct beam in the middle) and its
 * images under the moves of a group.
 */
export function symmetrised(
  image: Float32Array,
  size: number,
  moves: readonly Move[],
): Float32Array {
  const out = new Float32Array(image.length);
  const middle = (size - 1) / 2;
  for (const [across, up] of moves) {
    for (let row = 0, at = 0; row < size; row++) {
      for (let column = 0; column < size; column++, at++) {
        const [x, y] = [column - middle, middle - row];
        const c = middle + x * across[0] + y * up[0];
        const r = middle - x * across[1] - y * up[1];
        out[r * size + c]! += image[at]! / moves.length;
      }
    }
  }
  return out;
}
