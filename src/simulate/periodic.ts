import { type Kernels, kernels } from '../engine/kernels.ts';
import { numbersOf } from '../engine/numbers.ts';
import { type Tensor, tf } from '../engine/tf.ts';
import type { Intensities, Job } from './job.ts';
import { transformMultislice } from './planes.ts';
import { beamsOf, type Projection } from './projection.ts';

/** Lists of equal length as the rows of a matrix. */
const matrix = (lists: readonly ArrayLike<number>[]): Tensor => {
  const columns = lists[0]!.length;
  const values = new Float32Array(lists.length * columns);
  lists.forEach((list, row) => {
    values.set(list, row * columns);
  });
  return tf.tensor2d(values, [lists.length, columns]);
};

/** The rows of the waves' grid that are kept, (rows, 3): h, first and last k. */
function spans({ frame, band }: Projection): Tensor {
  const { h, k, count } = beamsOf(frame, band);
  const first = h[0]!;
  const rows = Array.from({ length: h[count - 1]! - first + 1 }, (_, i) => [first + i, 0, -1]);
  for (let g = 0; g < count; g++) {
    const row = rows[h[g]! - first]!;
    if (row[1]! > row[2]!) row[1] = k[g]!;
    row[2] = k[g]!;
  }
  return matrix(rows);
}

/** What the kernel takes of one job. */
function inputsOf(job: Job): Tensor[] {
  const { projection, beams, tilts, lambda, sigma, absorption, stages } = job;
  const { frame, band, coefficients } = projection;
  const { re, im, rows, columns } = coefficients;
  return [
    spans(projection),
    matrix([beams.h, beams.k]),
    matrix([tilts.x, tilts.y]),
    tf.tensor1d([...frame.reciprocal.flat(), lambda, sigma, absorption, band]),
    matrix(stages.map(({ slices, step }) => [slices, step])),
    matrix([re, im]).reshape([2, rows, columns]),
  ];
}

/** All jobs by one call of the fused kernel. */
function fused(run: Kernels, jobs: readonly Job[]): Intensities[] {
  const values = numbersOf(() => {
    const inputs = jobs.flatMap(inputsOf);
    return run('CbedMultislice', inputs, 1, inputs.length)[0]!;
  });
  let at = 0;
  return jobs.map(({ beams, tilts, stages }) => {
    const size = beams.count * tilts.count;
    return stages.map(() => {
      at += size;
      return values.subarray(at - size, at);
    });
  });
}

/**
 * Multislice of one projected cell for each job, a batch of tilted plane waves each: the
 * position-averaged pattern of the projected potential. Jobs may come in any order and size; memory
 * is about 16 bytes x points of the grid and 4 bytes x beams x tilts x stages for each job.
 */
export function periodicMultislice(jobs: readonly Job[]): Intensities[] {
  const run = kernels();
  if (jobs.length === 0) return [];
  return run ? fused(run, jobs) : jobs.map(transformMultislice);
}
