import type { Kernels } from '../engine/kernels.ts';
import { numbersOf } from '../engine/numbers.ts';
import { type Tensor, tf } from '../engine/tf.ts';
import type { Intensities, Job } from './job.ts';

/** Lists of equal length as the rows of a matrix. */
const matrix = (lists: readonly ArrayLike<number>[]): Tensor => {
  const columns = lists[0]!.length;
  const values = new Float32Array(lists.length * columns);
  lists.forEach((list, row) => {
    values.set(list, row * columns);
  });
  return tf.tensor2d(values, [lists.length, columns]);
};

/** Transmission functions of the stages, (stages, 2, rows, columns). */
function coefficients({ slices }: Job): Tensor {
  const { rows, columns } = slices[0]!;
  const planes = slices.flatMap(({ re, im }) => [re, im]);
  return matrix(planes).reshape([slices.length, 2, rows, columns]);
}

/**
 * Multislice of one job by the fused kernel: products with the scattering matrix, sixteen waves at
 * a time. Memory is about 8 bytes x beams^2 and 4 bytes x beams x tilts, each for every stage.
 */
export function fusedMultislice(run: Kernels, job: Job): Intensities {
  const { beams, tilts, lambda, stages } = job;
  const { frame } = job.slices[0]!;
  const values = numbersOf(() => {
    const inputs = [
      matrix([beams.h, beams.k]),
      matrix([tilts.x, tilts.y]),
      tf.tensor1d([...frame.reciprocal.flat(), lambda]),
      matrix(stages.map(({ slices, step }) => [slices, step])),
      coefficients(job),
    ];
    return run('CbedMultislice', inputs, 1)[0]!;
  });
  const size = beams.count * tilts.count;
  return stages.map((_, stage) => values.subarray(stage * size, (stage + 1) * size));
}
