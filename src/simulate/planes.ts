import { complexMul, fft2, ifft2 } from '../engine/complex.ts';
import { numbersOf } from '../engine/numbers.ts';
import { type Tensor, tf } from '../engine/tf.ts';
import { emptyPlane, fastSize, frequency, transform } from './fourier.ts';
import type { Intensities, Job } from './job.ts';
import type { Coefficients } from './transmission.ts';

/** The grid of the waves, and where each beam stands in its transform. */
interface WaveGrid {
  rows: number;
  columns: number;
  positions: Int32Array;
}

const wrap = (index: number, count: number): number => (index < 0 ? index + count : index);

/**
 * The smallest fast grid on which no product of a wave and the transmission function folds back
 * into the band of the waves.
 */
function waveGrid({ beams, band, slices }: Job): WaveGrid {
  const { frame, band: reach } = slices[0]!;
  const [rows, columns] = frame.projected.map((side) =>
    fastSize(Math.ceil((2 * band + reach) * Math.hypot(...side))),
  ) as [number, number];
  const positions = Int32Array.from(
    beams.h,
    (h, i) => wrap(h, rows) * columns + wrap(beams.k[i]!, columns),
  );
  return { rows, columns, positions };
}

/** The transmission function in real space on the grid of the waves, (1, rows, columns). */
function realSpace(slice: Coefficients, { rows, columns }: WaveGrid): Tensor {
  const spectrum = emptyPlane(rows, columns);
  for (let i = 0, at = 0; i < slice.rows; i++) {
    const h = frequency(i, slice.rows);
    for (let j = 0; j < slice.columns; j++, at++) {
      const k = frequency(j, slice.columns);
      // Coefficients outside the band are zero; those of the band fit, or fold where none is read.
      if (slice.re[at] === 0 && slice.im[at] === 0) continue;
      const to = (((h % rows) + rows) % rows) * columns + (((k % columns) + columns) % columns);
      spectrum.re[to] = spectrum.re[to]! + slice.re[at]!;
      spectrum.im[to] = spectrum.im[to]! + slice.im[at]!;
    }
  }
  const plane = transform(spectrum, 1);
  const part = (values: Float64Array) => tf.tensor3d(Float32Array.from(values), [1, rows, columns]);
  return tf.complex(part(plane.re), part(plane.im));
}

/** exp(-i pi lambda depth |g + q|^2) on the beams and 0 elsewhere, (tilts, rows, columns). */
function propagator(job: Job, grid: WaveGrid, depth: number): Tensor {
  const { rows, columns, positions } = grid;
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

function incident(job: Job, { rows, columns }: WaveGrid): Tensor {
  const shape: [number, number, number] = [job.tilts.count, rows, columns];
  const re = new Float32Array(shape[0] * rows * columns);
  for (let q = 0; q < shape[0]; q++) re[q * rows * columns] = 1;
  return tf.complex(tf.tensor3d(re, shape), tf.zeros(shape));
}

/** Intensities of the beams, beam by beam, from spectra (tilts, rows, columns). */
function collect(job: Job, { positions }: WaveGrid, spectrum: Tensor): Float32Array {
  const values = numbersOf(() => tf.real(spectrum).square().add(tf.imag(spectrum).square()));
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
  const grid = waveGrid(job);
  let before = 0;
  let spectrum = incident(job, grid);
  const out = job.stages.map(({ slices, step }, stage) => {
    const next = tf.tidy(() => {
      const slice = realSpace(job.slices[stage]!, grid);
      const onward = propagator(job, grid, step);
      let wave = complexMul(spectrum, propagator(job, grid, (step - before) / 2));
      for (let i = 0; i < slices; i++) {
        wave = tf.tidy(() => complexMul(fft2(complexMul(ifft2(wave), slice)), onward));
      }
      return wave;
    });
    spectrum.dispose();
    spectrum = next;
    before = step;
    return collect(job, grid, spectrum);
  });
  spectrum.dispose();
  return out;
}
