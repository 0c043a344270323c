import { usageError } from '../common/errors.ts';
import { complexMul, fft2, ifft2 } from '../engine/complex.ts';
import { type Kernels, kernels } from '../engine/kernels.ts';
import { numbersOf } from '../engine/numbers.ts';
import { type Tensor, tf } from '../engine/tf.ts';
import type { Tilts } from './disc.ts';
import { frequency, type Plane, transform } from './fourier.ts';
import { type Beams, beamsOf, type Projection } from './projection.ts';

/** Equal slices from one recorded thickness to the next. */
export interface Stage {
  slices: number;
  /** Slice thickness, angstrom. */
  step: number;
}

/**
 * Cuts the way to each thickness (ascending, angstrom) into equal slices no thicker than asked
 * (to a tenth of a per cent, so that 100 over 2.5 is 40).
 *
 * @throws usage error for thicknesses that do not ascend from above zero.
 */
export function stagesOf(thicknesses: readonly number[], sliceThickness: number): Stage[] {
  let from = 0;
  return thicknesses.map((thickness) => {
    if (!(thickness > from)) {
      throw usageError(`thickness ${thickness}`, 'give thicknesses in ascending order, above 0');
    }
    const length = thickness - from;
    from = thickness;
    const slices = Math.max(1, Math.ceil(length / sliceThickness - 1e-3));
    return { slices, step: length / slices };
  });
}

/** One zone axis at one energy: everything the multislice of one projected cell needs. */
export interface Job {
  projection: Projection;
  /** Waves whose intensity is asked for; all under the band limit are computed. */
  beams: Beams;
  tilts: Tilts;
  /** Wavelength, angstrom. */
  lambda: number;
  /** Interaction parameter, rad/(V angstrom). */
  sigma: number;
  /** Imaginary over real part of the potential; 0 for none. */
  absorption: number;
  stages: readonly Stage[];
}

/**
 * What a job gives for each stage: the intensity of every beam (rows) for every tilt (columns), as
 * a fraction of the incident plane wave.
 */
export type BeamIntensities = readonly Float32Array[];

/**
 * The transmission function of a slice (`step` in angstrom) in real space: exp(i sigma v step
 * (1 + i absorption)), its Fourier coefficients cut off at the band limit.
 */
export function transmission(
  { projection, sigma, absorption }: Pick<Job, 'projection' | 'sigma' | 'absorption'>,
  step: number,
): Plane {
  const { frame, band, coefficients } = projection;
  const { rows, columns } = coefficients;
  const volts = transform(coefficients, 1).re;
  const [re, im] = [new Float64Array(volts.length), new Float64Array(volts.length)];
  for (let at = 0; at < volts.length; at++) {
    const phase = sigma * step * volts[at]!;
    const amplitude = Math.exp(-absorption * phase) / volts.length;
    re[at] = amplitude * Math.cos(phase);
    im[at] = amplitude * Math.sin(phase);
  }
  const spectrum = transform({ rows, columns, re, im }, -1);
  const [a, b] = frame.reciprocal;
  for (let i = 0, at = 0; i < rows; i++) {
    const h = frequency(i, rows);
    for (let j = 0; j < columns; j++, at++) {
      const k = frequency(j, columns);
      if (Math.hypot(h * a[0] + k * b[0], h * a[1] + k * b[1]) < band) continue;
      spectrum.re[at] = 0;
      spectrum.im[at] = 0;
    }
  }
  return transform(spectrum, 1);
}

const wrap = (index: number, count: number): number => (index < 0 ? index + count : index);

/** Where each beam stands in a transform on the grid. */
const places = ({ h, k }: Beams, { rows, columns }: Plane): Int32Array =>
  Int32Array.from(h, (row, i) => wrap(row, rows) * columns + wrap(k[i]!, columns));

/** A plane as a complex tensor, (1, rows, columns). */
function complexPlane({ re, im, rows, columns }: Plane): Tensor {
  const part = (values: Float64Array) => tf.tensor3d(Float32Array.from(values), [1, rows, columns]);
  return tf.complex(part(re), part(im));
}

/** exp(-i pi lambda depth |g + q|^2) on the beams and 0 elsewhere, (tilts, rows, columns). */
function propagator({ projection, tilts, lambda }: Job, depth: number): Tensor {
  const { rows, columns } = projection.coefficients;
  const beams = beamsOf(projection.frame, projection.band);
  const positions = places(beams, projection.coefficients);
  const re = new Float32Array(tilts.count * rows * columns);
  const im = new Float32Array(re.length);
  for (let q = 0; q < tilts.count; q++) {
    for (let g = 0; g < beams.count; g++) {
      const k2 = (beams.x[g]! + tilts.x[q]!) ** 2 + (beams.y[g]! + tilts.y[q]!) ** 2;
      const phase = Math.PI * lambda * depth * k2;
      const at = q * rows * columns + positions[g]!;
      re[at] = Math.cos(phase);
      im[at] = -Math.sin(phase);
    }
  }
  const shape: [number, number, number] = [tilts.count, rows, columns];
  return tf.complex(tf.tensor3d(re, shape), tf.tensor3d(im, shape));
}

function incident(job: Job): Tensor {
  const { rows, columns } = job.projection.coefficients;
  const shape: [number, number, number] = [job.tilts.count, rows, columns];
  const re = new Float32Array(shape[0] * rows * columns);
  for (let q = 0; q < shape[0]; q++) re[q * rows * columns] = 1;
  return tf.complex(tf.tensor3d(re, shape), tf.zeros(shape));
}

/** Intensities of the beams, beam by beam, from spectra (tilts, rows, columns). */
function collect(job: Job, spectrum: Tensor): Float32Array {
  const values = numbersOf(() => tf.real(spectrum).square().add(tf.imag(spectrum).square()));
  const { count } = job.tilts;
  const points = values.length / count;
  const out = new Float32Array(job.beams.count * count);
  places(job.beams, job.projection.coefficients).forEach((at, g) => {
    for (let q = 0; q < count; q++) out[g * count + q] = values[q * points + at]!;
  });
  return out;
}

/**
 * Multislice of one job by TensorFlow's transforms, for where there is no fused kernel. Memory is
 * about 40 bytes x tilts x points.
 */
function transformMultislice(job: Job): BeamIntensities {
  let before = 0;
  let spectrum = incident(job);
  const out = job.stages.map(({ slices, step }) => {
    const next = tf.tidy(() => {
      const slice = complexPlane(transmission(job, step));
      const onward = propagator(job, step);
      let wave = complexMul(spectrum, propagator(job, (step - before) / 2));
      for (let i = 0; i < slices; i++) {
        wave = tf.tidy(() => complexMul(fft2(complexMul(ifft2(wave), slice)), onward));
      }
      return wave;
    });
    spectrum.dispose();
    spectrum = next;
    before = step;
    return collect(job, spectrum);
  });
  spectrum.dispose();
  return out;
}

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
function fused(run: Kernels, jobs: readonly Job[]): BeamIntensities[] {
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
export function periodicMultislice(jobs: readonly Job[]): BeamIntensities[] {
  const run = kernels();
  if (jobs.length === 0) return [];
  return run ? fused(run, jobs) : jobs.map(transformMultislice);
}
