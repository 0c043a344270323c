import { expect } from 'vitest';

/** Largest difference of two arrays as a share of the largest value, which is not nothing. */
export function difference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  expect(ours.length).toBe(theirs.length);
  let [most, size] = [0, 0];
  for (let i = 0; i < ours.length; i++) {
    most = Math.max(most, Math.abs(ours[i]! - theirs[i]!));
    size = Math.max(size, Math.abs(theirs[i]!));
  }
  expect(size).toBeGreaterThan(0);
  return most / size;
}
