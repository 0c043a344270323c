import { expect, it } from 'vitest';
import { oneGpu } from '../../src/engine/nvidia.ts';

it.each([
  [undefined, '0'],
  ['3', '3'],
  ['2,5', '2'],
  ['GPU-8c2d,GPU-91f0', 'GPU-8c2d'],
  // No GPU at all, in both ways that CUDA knows.
  ['', ''],
  ['-1', '-1'],
])('of the GPUs %j a process sees %j', (visible, seen) => {
  expect(oneGpu(visible)).toBe(seen);
});
