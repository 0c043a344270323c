import { type Tensor3D, tf } from '../engine/tf.ts';
import type { Intensities, Job } from './job.ts';
import type { Coefficients } from './transmission.ts';

/** Shape that the jobs of a group are padded to. */
interface GroupShape {
  jobs: number;
  beams: number;
  tilts: number;
}

const shapeOf = (jobs: readonly Job[]): GroupShape => ({
  jobs: jobs.length,
  beams: Math.max(...jobs.map((job) => job.beams.count)),
  tilts: Math.max(...jobs.map((job) => job.tilts.count)),
});

/** Writes t(g - h) over the beams of one job as the real matrix [Re, -Im; Im, Re]. */
function writeMatrix(out: Float32Array, offset: number, side: number, job: Job, t: Coefficients) {
  const { count, h, k } = job.beams;
  const { rows, columns, re, im } = t;
  const half = side / 2;
  for (let i = 0; i < count; i++) {
    const upper = offset + i * side;
    const lower = upper + half * side;
    for (let j = 0; j < count; j++) {
      let dh = h[i]! - h[j]!;
      let dk = k[i]! - k[j]!;
      if (dh < 0) dh += rows;
      if (dk < 0) dk += columns;
      const at = dh * columns + dk;
      out[upper + j] = re[at]!;
      out[upper + half + j] = -im[at]!;
      out[lower + j] = im[at]!;
      out[lower + half + j] = re[at]!;
    }
  }
}

/** (jobs, 2 beams, 2 beams): the action of one slice of a stage on stacked real and imaginary parts. */
function scatteringMatrices(jobs: readonly Job[], shape: GroupShape, stage: number): Tensor3D {
  const side = 2 * shape.beams;
  const values = new Float32Array(jobs.length * side * side);
  jobs.forEach((job, b) => {
    writeMatrix(values, b * side * side, side, job, job.slices[stage]!);
  });
  return tf.tensor3d(values, [jobs.length, side, side]);
}

const padded = (shape: [number, number, number], lists: ArrayLike<number>[]): Tensor3D => {
  const [count, rows, columns] = shape;
  const values = new Float32Array(count * rows * columns);
  lists.forEach((list, b) => {
    values.set(Float32Array.from(list), b * rows * columns);
  });
  return tf.tensor3d(values, shape);
};

/** pi lambda |g + q|^2 of every beam and tilt, rad per angstrom of depth: (jobs, beams, tilts). */
function phaseRates(jobs: readonly Job[], shape: GroupShape): Tensor3D {
  return tf.tidy(() => {
    const beam = (axis: 'x' | 'y') =>
      padded(
        [shape.jobs, shape.beams, 1],
        jobs.map((job) => job.beams[axis]),
      );
    const tilt = (axis: 'x' | 'y') =>
      padded(
        [shape.jobs, 1, shape.tilts],
        jobs.map((job) => job.tilts[axis]),
      );
    const lambda = padded(
      [shape.jobs, 1, 1],
      jobs.map((job) => [Math.PI * job.lambda]),
    );
    const square = (axis: 'x' | 'y') => beam(axis).add(tilt(axis)).square();
    return square('x').add(square('y')).mul(lambda);
  });
}

/** The propagator exp(-i phase) as factors of (re, im) and of (im, re): U' = even U + odd swap(U). */
function propagator(rates: Tensor3D, depth: number): { even: Tensor3D; odd: Tensor3D } {
  const phase = rates.mul(depth);
  const [c, s] = [phase.cos(), phase.sin()];
  return { even: tf.concat([c, c], 1) as Tensor3D, odd: tf.concat([s, s.neg()], 1) as Tensor3D };
}

function propagated(u: Tensor3D, { even, odd }: { even: Tensor3D; odd: Tensor3D }): Tensor3D {
  const [re, im] = tf.split(u, 2, 1);
  return u.mul(even).add(tf.concat([im!, re!], 1).mul(odd)) as Tensor3D;
}

/** One wave in the direct beam for every tilt. */
function incident(jobs: readonly Job[], { beams, tilts }: GroupShape): Tensor3D {
  const values = new Float32Array(jobs.length * 2 * beams * tilts);
  jobs.forEach((job, b) => {
    const at = (b * 2 * beams + job.beams.direct) * tilts;
    values.fill(1, at, at + tilts);
  });
  return tf.tensor3d(values, [jobs.length, 2 * beams, tilts]);
}

function runStages(jobs: readonly Job[], shape: GroupShape): Tensor3D[] {
  const rates = phaseRates(jobs, shape);
  let u = incident(jobs, shape);
  let before = 0;
  return jobs[0]!.stages.map(({ slices, step }, stage) => {
    const [next, intensity] = tf.tidy(() => {
      const matrices = scatteringMatrices(jobs, shape, stage);
      // Half a slice of free space on either side of every slice: second order in its thickness.
      let wave = propagated(u, propagator(rates, (step - before) / 2));
      const onward = propagator(rates, step);
      for (let i = 0; i < slices; i++) {
        wave = tf.tidy(() => propagated(tf.matMul(matrices, wave), onward));
      }
      const [re, im] = tf.split(wave, 2, 1);
      return [wave, re!.square().add(im!.square()) as Tensor3D] as const;
    });
    u.dispose();
    u = next;
    before = step;
    return intensity;
  });
}

/**
 * Multislice of a group of jobs with the same stages as products of matrices: for small projected
 * cells a product with the whole scattering matrix is faster than two transforms. Jobs are padded
 * to the largest; memory is about 4 bytes x jobs x (4 beams^2 + 16 beams x tilts).
 */
export function denseMultislice(jobs: readonly Job[]): Intensities[] {
  const shape = shapeOf(jobs);
  const stages = tf.tidy(() => runStages(jobs, shape));
  const values = stages.map((stage) => stage.dataSync() as Float32Array);
  tf.dispose(stages);
  const { beams, tilts } = shape;
  return jobs.map((job, b) =>
    values.map((value) => {
      const out = new Float32Array(job.beams.count * job.tilts.count);
      for (let i = 0; i < job.beams.count; i++) {
        const at = (b * beams + i) * tilts;
        out.set(value.subarray(at, at + job.tilts.count), i * job.tilts.count);
      }
      return out;
    }),
  );
}
