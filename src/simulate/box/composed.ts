import { complexMul, fft2, ifft2 } from '../../engine/complex.ts';
import { numbersOf } from '../../engine/numbers.ts';
import { type Tensor, tf } from '../../engine/tf.ts';
import { type BoxRun, KEPT_BYTES } from './multislice.ts';
import { aperture, propagator } from './optics.ts';
import { probes } from './probe.ts';

/** exp(i sigma v (1 + i absorption)) of a slice, band-limited; (1, rows, columns) complex. */
const transmissionOf = (
  volts: Tensor,
  options: { sigma: number; absorption: number; aperture: Tensor },
): Tensor =>
  tf.tidy(() => {
    const phase = volts.mul(options.sigma);
    const [re, im] = [phase.cos(), phase.sin()];
    const wave =
      options.absorption > 0
        ? ((fade) => tf.complex(re.mul(fade), im.mul(fade)))(phase.mul(-options.absorption).exp())
        : tf.complex(re, im);
    return ifft2(complexMul(fft2(wave), options.aperture));
  });

/** Complex (count, rows, columns) from real and imaginary parts, (count, 2, rows, columns). */
const complexOf = (values: Float32Array, { rows, columns }: BoxRun['box']): Tensor =>
  tf.tidy(() => {
    const parts = tf.tensor4d(values, [values.length / (2 * rows * columns), 2, rows, columns]);
    const [re, im] = parts.unstack(1) as [Tensor, Tensor];
    return tf.complex(re, im);
  });

const intensity = (spectrum: Tensor): Float32Array =>
  numbersOf(() => tf.real(spectrum).square().add(tf.imag(spectrum).square()).mean(0));

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
 * Multislice of probes through a box by TensorFlow's own operations; see `boxMultislice`.
 *
 * Memory: about 32 bytes x grid points x (probe positions + energies), and 8 bytes x grid points
 * for each distinct slice and energy, of which at most 1 GiB is kept.
 */
export function composedBox(run: BoxRun): Float32Array[][] {
  const { box, specimen, records } = run;
  const mask = aperture(box, run.taper);
  const transmissions = new Transmissions(run, mask);
  const onward = run.beams.map(({ lambda }) =>
    complexOf(propagator(box, lambda, specimen.step, mask), box),
  );
  let waves = run.radii.map((radius) => complexOf(probes(box, radius, run.positions), box));
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
