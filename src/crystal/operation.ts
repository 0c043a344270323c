import type { Vec3 } from './crystal.ts';

/** x -> rotation x + translation in fractional coordinates of the conventional cell. */
export interface Operation {
  /** Nine integers by rows. */
  rotation: readonly number[];
  /** In [0, 1). */
  translation: Vec3;
}

// Translations are counted in 840ths: exact for halves to eighths, and 0.3333 becomes a third.
const STEPS = 840;

/** Nine rotation entries and three translations in steps. */
type Code = readonly number[];

const step = (t: number): number => ((Math.round(t * STEPS) % STEPS) + STEPS) % STEPS;

const encode = ({ rotation, translation }: Operation): Code => [
  ...rotation,
  ...translation.map(step),
];

/** One number for an operation modulo the lattice; rotation entries are -1, 0 or 1. */
function keyOf(code: Code): number {
  let key = 0;
  for (let i = 0; i < 9; i++) key = key * 3 + code[i]! + 1;
  for (let i = 9; i < 12; i++) key = key * STEPS + code[i]!;
  return key;
}

function productKey(a: Code, b: Code): number {
  let key = 0;
  for (let i = 0; i < 9; i += 3) {
    for (let j = 0; j < 3; j++) {
      key = key * 3 + a[i]! * b[j]! + a[i + 1]! * b[j + 3]! + a[i + 2]! * b[j + 6]! + 1;
    }
  }
  for (let i = 0; i < 3; i++) {
    const at = 3 * i;
    const t = a[at]! * b[9]! + a[at + 1]! * b[10]! + a[at + 2]! * b[11]! + a[9 + i]!;
    key = key * STEPS + (((t % STEPS) + STEPS) % STEPS);
  }
  return key;
}

/** The operations without repetitions (modulo the lattice). */
export const distinctOperations = (operations: readonly Operation[]): Operation[] => [
  ...new Map(operations.map((op) => [keyOf(encode(op)), op])).values(),
];

/** Whether operations are closed under composition, modulo the lattice. */
export function isGroup(operations: readonly Operation[]): boolean {
  const codes = operations.map(encode);
  const keys = new Set(codes.map(keyOf));
  return codes.every((a) => codes.every((b) => keys.has(productKey(a, b))));
}

/** Whether two lists hold the same operations, modulo the lattice. */
export function sameOperations(a: readonly Operation[], b: readonly Operation[]): boolean {
  const keys = new Set(a.map((operation) => keyOf(encode(operation))));
  return keys.size === b.length && b.every((operation) => keys.has(keyOf(encode(operation))));
}

/** Origins that are tried, in parts of an axis. */
const ORIGINS = 24;

/**
 * Whether two lists hold the same operations about origins that differ by multiples of 1/24 of the
 * axes, as a crystal described from another of its points has them.
 */
export function sameButOrigin(a: readonly Operation[], b: readonly Operation[]): boolean {
  if (sameOperations(a, b)) return true;
  const rotations = (list: readonly Operation[]): string =>
    [...new Set(list.map(({ rotation }) => rotation.join()))].sort().join(' ');
  if (a.length !== b.length || rotations(a) !== rotations(b)) return false;
  const keys = new Set(b.map((operation) => keyOf(encode(operation))));
  for (let n = 0; n < ORIGINS ** 3; n++) {
    const at = [n % ORIGINS, Math.floor(n / ORIGINS) % ORIGINS, Math.floor(n / ORIGINS ** 2)];
    const moved = ({ rotation: r, translation }: Operation): Operation => ({
      rotation: r,
      translation: translation.map((t, i) => {
        const turned = r[3 * i]! * at[0]! + r[3 * i + 1]! * at[1]! + r[3 * i + 2]! * at[2]!;
        return t + (at[i]! - turned) / ORIGINS;
      }) as unknown as Vec3,
    });
    if (a.every((operation) => keys.has(keyOf(encode(moved(operation)))))) return true;
  }
  return false;
}
