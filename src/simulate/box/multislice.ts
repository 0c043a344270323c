import { complexMul, fft2, ifft2 } from '../../engine/complex.ts';
import { numbersOf } from '../../engine/numbers.ts';
import { type Tensor, tf } from '../../engine/tf.ts';
import { type Box, eachFrequency } from './grid.ts';
import { aperture, type SlicePotentials, type SpeciesAtoms, transmissionOf } from './potential.ts';
import { type ProbePosition, probes } from './probe.ts';

/** A specimen in slices, met in turn and then again from the first. */
export interface SlicedAtoms {
  /** Slice thickness, angstrom. */
  step: number;
  /** Atoms of each slice. */
  slices: readonly (readonly SpeciesAtoms[])[];
  /** Share of the potential of the listed atoms that a slice carries; 1 where absent. */
  weight?: number;
}

export interface BoxRun {
  box: Box;
  potentials: SlicePotentials;
  specimen: SlicedAtoms;
  /** Wavelength in angstrom and interaction parameter in rad/(V angstrom) of each energy. */
  beams: readonly { lambda: number; sigma: number }[];
  /** Radius of the probe-forming aperture of each energy, 1/angstrom. */
  radii: readonly number[];
  positions: readonly ProbePosition[];
  /** Numbers of slices after which the intensity is recorded, ascending. */
  records: readonly number[];
  absorption: number;
  /** Share of the band over which the anti-alias aperture falls. */
  taper: number;
}

/** exp(-i pi lambda step k^2) times the anti-alias aperture, complex (1, rows, columns). */
function propagator(box: Box, lambda: number, step: number, mask: Float32Array): Tensor {
  const re = new Float32Array(mask.length);
  const im = new Float32Array(mask.length);
  eachFrequency(box, (at, x, y) => {
    if (mask[at] === 0) return;
    const phase = Math.PI * lambda * step * (x * x + y * y);
    re[at] = Math.cos(phase) * mask[at]!;
    im[at] = -Math.sin(phase) * mask[at]!;
  });
  const shape: [number, number, number] = [1, box.rows, box.columns];
  return tf.tidy(() => tf.complex(tf.tensor3d(re, shape), tf.tensor3d(im, shape)));
}

const intensity = (spectrum: Tensor): Float32Array =>
  numbersOf(() => tf.real(spectrum).square().add(tf.imag(spectrum).square()).mean(0));

/** Transmission functions met again are kept while all of them take at most this many bytes. */
const KEPT_BYTES = 1 << 30;

/** Gives the transmission functions of a slice, one an energy; call inside `tf.tidy`. */
class Transmissions {
  private readonly run: BoxRun;
  private readonly cut: Tensor;
  private readonly kept = new Map<number, Tensor[]>();
  private readonly keeps: boolean;

  constructor(run: BoxRun, mask: Float32Array) {
    this.run = run;
    const shape: [number, number, number] = [1, run.box.rows, run.box.columns];
    this.cut = tf.keep(tf.tidy(() => tf.complex(tf.tensor3d(mask, shape), tf.zeros(shape))));
    const distinct = run.specimen.slices.length;
    const bytes = 8 * mask.length * distinct * run.beams.length;
    this.keeps = run.records.at(-1)! > distinct && bytes <= KEPT_BYTES;
  }

  of(index: number): Tensor[] {
    const known = this.kept.get(index);
    if (known) return known;
    const { potentials, specimen, beams, absorption } = this.run;
    const made = tf.tidy(() => {
      const volts = potentials.slice(specimen.slices[index]!);
      const weight = specimen.weight ?? 1;
      return beams.map(({ sigma }) =>
        transmissionOf(volts, { sigma: sigma * weight, absorption, aperture: this.cut }),
      );
    });
    if (this.keeps) this.kept.set(index, made.map(tf.keep));
    return made;
  }

  dispose(): void {
    tf.dispose([this.cut, ...[...this.kept.values()].flat()]);
  }
}

/**
 * Multislice of probes through a box: transmit, propagate, slice by slice; every energy shares the
 * potentials. Gives, for each energy and record, the intensity over the transform of the box
 * (row-major), a fraction of the probe, averaged over the probe positions.
 *
 * Memory: about 32 bytes x grid points x (probe positions + energies), and 8 bytes x grid points
 * for each distinct slice and energy, of which at most 1 GiB is kept.
 */
export function boxMultislice(run: BoxRun): Float32Array[][] {
  const { box, specimen, records } = run;
  const mask = aperture(box, run.taper);
  const transmissions = new Transmissions(run, mask);
  const onward = run.beams.map(({ lambda }) => propagator(box, lambda, specimen.step, mask));
  let waves = run.radii.map((radius) => probes(box, radius, run.positions));
  const out: Float32Array[][] = run.beams.map(() => []);
  for (let done = 0; done < records.at(-1)!; done++) {
    const next = tf.tidy(() => {
      const slices = transmissions.of(done % specimen.slices.length);
      return waves.map((wave, e) =>
        complexMul(fft2(complexMul(ifft2(wave), slices[e]!)), onward[e]!),
      );
    });
    tf.dispose(waves);
    waves = next;
    if (!records.includes(done + 1)) continue;
    for (const [e, wave] of waves.entries()) out[e]!.push(intensity(wave));
  }
  tf.dispose([...waves, ...onward]);
  transmissions.dispose();
  return out;
}
