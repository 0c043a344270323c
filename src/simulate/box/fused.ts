import type { Kernels } from '../../engine/kernels.ts';
import { numbersOf } from '../../engine/numbers.ts';
import { type Tensor, tf } from '../../engine/tf.ts';
import { type BoxRun, KEPT_BYTES } from './multislice.ts';
import { aperture, propagator } from './optics.ts';
import { type SpeciesAtoms, speciesKey } from './potential.ts';
import { probes } from './probe.ts';

/** Transmission functions that are made in one call take about this many bytes. */
const SLAB_BYTES = 64 << 20;
/** Most slices of one call. */
const SLAB_SLICES = 16;

/** Most slices that waves go through in one call. */
const RUN = 256;

/** Arrays of equal length one after another. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const length = parts[0]!.length;
  const out = new Float32Array(parts.length * length);
  parts.forEach((part, i) => {
    out.set(part, i * length);
  });
  return out;
}

/** Transmission functions of slices, all energies of a slice in one tensor of the kernels' layout. */
class Transmissions {
  private readonly kernels: Kernels;
  private readonly run: BoxRun;
  private readonly aperture: Tensor;
  private readonly optics: Tensor;
  private readonly kept: Tensor[] = [];
  private readonly keeps: boolean;
  private readonly slab: number;

  constructor(kernels: Kernels, run: BoxRun, mask: Float32Array) {
    this.kernels = kernels;
    this.run = run;
    const { box, specimen, beams, records, absorption } = run;
    const sigmas = beams.map(({ sigma }) => sigma * (specimen.weight ?? 1));
    this.aperture = tf.tensor2d(mask, [box.rows, box.columns]);
    this.optics = tf.tensor1d([absorption, ...sigmas]);
    const bytes = 8 * mask.length * beams.length;
    const distinct = specimen.slices.length;
    this.keeps = records.at(-1)! > distinct && bytes * distinct <= KEPT_BYTES;
    this.slab = Math.max(2, Math.min(SLAB_SLICES, 2 * Math.floor(SLAB_BYTES / bytes / 2)));
  }

  /** Those of at most `most` slices that are met one after another from number `done` on. */
  after(done: number, most: number): Tensor[] {
    const distinct = this.run.specimen.slices.length;
    const first = done % distinct;
    if (!this.keeps) return this.make(first, Math.min(most, this.slab, distinct - first));
    while (this.kept.length < distinct) {
      this.kept.push(
        ...this.make(this.kept.length, Math.min(this.slab, distinct - this.kept.length)),
      );
    }
    return Array.from(
      { length: Math.min(most, RUN) },
      (_, i) => this.kept[(first + i) % distinct]!,
    );
  }

  /** Frees what `after` gave. */
  release(slices: readonly Tensor[]): void {
    if (!this.keeps) tf.dispose(slices as Tensor[]);
  }

  dispose(): void {
    tf.dispose([this.aperture, this.optics, ...this.kept]);
  }

  private make(first: number, count: number): Tensor[] {
    const { box, specimen, potentials } = this.run;
    const slices = specimen.slices.slice(first, first + count);
    const kinds = new Map<string, SpeciesAtoms>();
    for (const one of slices.flat()) kinds.set(speciesKey(one), one);
    const species = [...kinds.values()];
    const lists = slices.flatMap((slice) => {
      const known = new Map(slice.map((one) => [speciesKey(one), one]));
      return [...kinds.keys()].map((key) => known.get(key));
    });
    return tf.tidy(() => {
      const atoms = this.atoms(lists);
      const counts = lists.map((one) => one?.u.length ?? 0);
      const planes = species.map((one) => potentials.plane(one));
      const inputs = [
        atoms,
        tf.tensor2d(counts, [count, species.length]),
        tf.tensor3d(joined(planes), [species.length, box.rows, box.columns]),
        this.aperture,
        this.optics,
      ];
      return this.kernels('CbedBoxTransmissions', inputs, count, count);
    });
  }

  /** Where each atom falls on the grid, list by list. */
  private atoms(lists: readonly (SpeciesAtoms | undefined)[]): Tensor {
    const { reach, write } = this.run.potentials.spread;
    const width = 2 + 2 * reach;
    const count = lists.reduce((sum, one) => sum + (one?.u.length ?? 0), 0);
    const values = new Float32Array(count * width);
    let at = 0;
    for (const one of lists) {
      for (let i = 0; i < (one?.u.length ?? 0); i++, at += width) {
        write(values, at, one!.u[i]!, one!.v[i]!);
      }
    }
    return tf.tensor2d(values, [count, width]);
  }
}

/**
 * Multislice of probes through a box by the fused kernels; see `boxMultislice`.
 *
 * Memory: about 24 bytes x grid points x probe positions x energies; 8 bytes x grid points x
 * energies for each slice of a slab of at most 64 MiB (or two slices), or for every distinct slice
 * where slices repeat and all take at most 1 GiB; and (20 + 12 x energies) bytes x grid points for
 * each thread.
 */
export function fusedBox(kernels: Kernels, run: BoxRun): Float32Array[][] {
  const { box, specimen, records, beams, positions } = run;
  const { rows, columns } = box;
  const mask = aperture(box, run.taper);
  const transmissions = new Transmissions(kernels, run, mask);
  const shape: [number, number, number, number, number] = [
    beams.length,
    positions.length,
    2,
    rows,
    columns,
  ];
  const onward = tf.tensor4d(
    joined(beams.map(({ lambda }) => propagator(box, lambda, specimen.step, mask))),
    [beams.length, 2, rows, columns],
  );
  let waves: Tensor = tf.tensor5d(
    joined(run.radii.map((radius) => probes(box, radius, positions))),
    shape,
  );
  const out: Float32Array[][] = beams.map(() => []);
  let done = 0;
  for (const record of records) {
    while (done < record) {
      const slices = transmissions.after(done, record - done);
      const next = kernels('CbedBoxWaves', [waves, onward, ...slices], 1, slices.length)[0]!;
      transmissions.release(slices);
      waves.dispose();
      waves = next;
      done += slices.length;
    }
    const intensity = numbersOf(() => waves.square().sum(2).mean(1));
    out.forEach((list, e) => {
      list.push(intensity.slice(e * mask.length, (e + 1) * mask.length));
    });
  }
  tf.dispose([waves, onward]);
  transmissions.dispose();
  return out;
}
