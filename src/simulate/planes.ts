import { complexMul, fft2, ifft2 } from '../engine/complex.ts';
import { type Tensor, tf } from '../engine/tf.ts';
import { emptyPlane, transform } from './fourier.ts';
import type { Intensities, Job } from './job.ts';
import type { Coefficients } from './transmission.ts';

/** Position of each beam on the grid of the transmission function. */
function gridPositions(job: Job): Int32Array {
  const { rows, columns } = job.slices[0]!;
  const { h, k } = job.beams;
  return Int32Array.from(h, (value, i) => {
    const row = value < 0 ? value + rows : value;
    return row * columns + (k[i]! < 0 ? k[i]! + columns : k[i]!);
  });
}

/** The transmission function in real space, (1, rows, columns). */
function realSpace({ rows, columns, re, im }: Coefficients): Tensor {
  const plane = transform({ ...emptyPlane(rows, columns), re, im }, 1);
  const part = (values: Float64Array) => tf.tensor3d(Float32Array.from(values), [1, rows, columns]);
  return tf.complex(part(plane.re), part(plane.im));
}

/** exp(-i pi lambda depth |g + q|^2) on the beams and 0 elsewhere, (tilts, rows, columns). */
function propagator(job: Job, positions: Int32Array, depth: number): Tensor {
  const { rows, columns } = job.slices[0]!;
  const { tilts, beams } = job;
  const re = new Float32Array(tilts.count * rows * columns);
  const im = new Float32Array(re.length);
  for (let q = 0; q < tilts.count; q++) {
    for (let g = 0; g < beams.count; g++) {
      const k2 = (beams.x[g]! + tilts.x[q]!) ** 2 + (beams.y[g]! + tilts.y[q]!) ** 2;
      const phase = Math.PI * job.lambda * depth * k2;
      const at = q * rows * columns + positions[g]!;
      re[at] = Math.cos(phase);
      im[at] = -Math.sin(phase);
    }
  }
  const shape: [number, number, number] = [tilts.count, rows, columns];
  return tf.complex(tf.tensor3d(re, shape), tf.tensor3d(im, shape));
}

function incident(job: Job): Tensor {
  const { rows, columns } = job.slices[0]!;
  const shape: [number, number, number] = [job.tilts.count, rows, columns];
  const re = new Float32Array(shape[0] * rows * columns);
  for (let q = 0; q < shape[0]; q++) re[q * rows * columns] = 1;
  return tf.complex(tf.tensor3d(re, shape), tf.zeros(shape));
}

/** Intensities of the beams, beam by beam, from spectra (tilts, rows, columns). */
function collect(job: Job, positions: Int32Array, spectrum: Tensor): Float32Array {
  const values = tf.tidy(() =>
    tf.real(spectrum).square().add(tf.imag(spectrum).square()).dataSync(),
  );
  const { count } = job.tilts;
  const points = values.length / count;
  const out = new Float32Array(job.beams.count * count);
  positions.forEach((at, g) => {
    for (let q = 0; q < count; q++) out[g * count + q] = values[q * points + at]!;
  });
  return out;
}

/**
 * Multislice of one job by fast transforms: for large projected cells, where the scattering matrix
 * of `denseMultislice` would be larger than the waves. Memory is about 40 bytes x tilts x points.
 */
export function transformMultislice(job: Job): Intensities {
  const positions = gridPositions(job);
  let before = 0;
  let spectrum = incident(job);
  const out = job.stages.map(({ slices, step }, stage) => {
    const next = tf.tidy(() => {
      const slice = realSpace(job.slices[stage]!);
      const onward = propagator(job, positions, step);
      let wave = complexMul(spectrum, propagator(job, positions, (step - before) / 2));
      for (let i = 0; i < slices; i++) {
        wave = tf.tidy(() => complexMul(fft2(complexMul(ifft2(wave), slice)), onward));
      }
      return wave;
    });
    spectrum.dispose();
    spectrum = next;
    before = step;
    return collect(job, positions, spectrum);
  });
  spectrum.dispose();
  return out;
}
