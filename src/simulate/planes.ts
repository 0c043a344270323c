import { complexMul, fft2, ifft2 } from '../engine/complex.ts';
import { numbersOf } from '../engine/numbers.ts';
import { type Tensor, tf } from '../engine/tf.ts';
import { frequency, type Plane, transform } from './fourier.ts';
import type { Intensities, Job } from './job.ts';
import { type Beams, beamsOf } from './projection.ts';

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
export function transformMultislice(job: Job): Intensities {
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
