import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { kernels, withoutKernels } from '../../src/engine/kernels.ts';
import { tf } from '../../src/engine/tf.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import { type Plane, transform } from '../../src/simulate/fourier.ts';
import {
  type PeriodicOptions,
  type SimulationSettings,
  simulationSchema,
} from '../../src/simulate/options.ts';
import type { Job } from '../../src/simulate/periodic.ts';
import { periodicMultislice, transmission } from '../../src/simulate/periodic.ts';
import { drawPeriodic, planPeriodic } from '../../src/simulate/periodic-patterns.ts';
import { beamsOf } from '../../src/simulate/projection.ts';
import { GALLIUM_ARSENIDE, SILICON } from '../support/crystals.ts';
import { difference } from '../support/difference.ts';

function periodicOptions(settings: SimulationSettings): PeriodicOptions {
  const options = simulationSchema.parse(settings);
  if (options.mode !== 'periodic') throw new Error('not the periodic mode');
  return options;
}

const generated = (spaceGroup: number): Crystal =>
  generateCrystal({ spaceGroup, stream: new Stream(5, `fused/${spaceGroup}`), id: 'g' });

/**
 * The same multislice in double precision by products with the scattering matrix, for the first
 * `waves` tilts: intensities of the job's beams, stage by stage.
 */
function inDouble(job: Job, waves: number): number[][] {
  const { projection, tilts, lambda, stages } = job;
  const { rows, columns } = projection.coefficients;
  const beams = beamsOf(projection.frame, projection.band);
  const { count } = beams;
  const tilt = Array.from({ length: waves }, (_, w) => w);
  const rate = (g: number, w: number) =>
    Math.PI * lambda * ((beams.x[g]! + tilts.x[w]!) ** 2 + (beams.y[g]! + tilts.y[w]!) ** 2);
  let re = new Float64Array(count * waves).fill(0);
  let im = new Float64Array(count * waves).fill(0);
  for (const w of tilt) re[beams.direct * waves + w] = 1;
  const onward = (depth: number) => {
    for (let g = 0; g < count; g++) {
      for (const w of tilt) {
        const [c, d] = [Math.cos(rate(g, w) * depth), -Math.sin(rate(g, w) * depth)];
        const at = g * waves + w;
        [re[at], im[at]] = [re[at]! * c - im[at]! * d, re[at]! * d + im[at]! * c];
      }
    }
  };
  const scattered = (t: Plane) => {
    const [toRe, toIm] = [new Float64Array(re.length), new Float64Array(re.length)];
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        const dh = (beams.h[i]! - beams.h[j]! + rows) % rows;
        const dk = (beams.k[i]! - beams.k[j]! + columns) % columns;
        const share = 1 / (rows * columns);
        const [a, b] = [t.re[dh * columns + dk]! * share, t.im[dh * columns + dk]! * share];
        for (const w of tilt) {
          const from = j * waves + w;
          toRe[i * waves + w]! += a * re[from]! - b * im[from]!;
          toIm[i * waves + w]! += a * im[from]! + b * re[from]!;
        }
      }
    }
    [re, im] = [toRe, toIm];
  };
  const asked = Array.from(job.beams.h, (h, i) =>
    beams.h.findIndex((other, g) => other === h && beams.k[g] === job.beams.k[i]),
  );
  let before = 0;
  return stages.map(({ slices: number, step }) => {
    onward((step - before) / 2);
    const coefficients = transform(transmission(job, step), -1);
    for (let slice = 0; slice < number; slice++) {
      scattered(coefficients);
      onward(step);
    }
    before = step;
    return asked.flatMap((g) => tilt.map((w) => re[g * waves + w]! ** 2 + im[g * waves + w]! ** 2));
  });
}

describe('the fused kernel of the periodic mode', () => {
  it('is as near to double precision as single precision comes', () => {
    // Fewer waves than by default: the product with their matrix takes long in TypeScript.
    const settings = { thicknesses: [30, 100], energies: [200], bandwidth: 1.7 };
    const options = periodicOptions(settings);
    const jobs = [SILICON, generated(2), generated(167)].map(
      (crystal) => planPeriodic(crystal, options).jobs.flat()[0]!,
    );
    const ours = periodicMultislice(jobs);
    jobs.forEach((job, at) => {
      const { tilts } = job;
      inDouble(job, 2).forEach((truth, stage) => {
        const found = truth.map((_, i) => {
          const [beam, wave] = [Math.floor(i / 2), i % 2];
          return ours[at]![stage]![beam * tilts.count + wave]!;
        });
        expect(difference(found, truth), `job ${at}`).toBeLessThan(2e-5);
      });
    });
  });

  it("gives what TensorFlow's own operations give", () => {
    expect(kernels()).not.toBeNull();
    // Two thicknesses with slices of different steps, two energies, an absorbing potential.
    const options = periodicOptions({
      thicknesses: [30, 100],
      energies: [80, 200],
      sliceThickness: 2.3,
      absorption: 0.1,
    });
    const crystals = [SILICON, GALLIUM_ARSENIDE, generated(2), generated(14), generated(167)];
    const jobs = crystals.flatMap((crystal) => planPeriodic(crystal, options).jobs.flat());
    const before = tf.memory().numTensors;
    const ours = periodicMultislice(jobs);
    expect(tf.memory().numTensors).toBe(before);
    const theirs = withoutKernels(() => periodicMultislice(jobs));
    ours.forEach((stages, job) => {
      stages.forEach((stage, t) => {
        // Both in single precision through 45 slices.
        expect(difference(stage, theirs[job]![t]!), `job ${job}`).toBeLessThan(5e-5);
      });
    });
  });
});

describe('directions that symmetry spares', () => {
  const options = periodicOptions({
    zones: [
      [0, 0, 1],
      [1, 0, 0],
      [1, 1, 0],
    ],
  });
  const camera = defaultCamera(64);
  const patterns = (crystal: Crystal) => {
    const plan = planPeriodic(crystal, options);
    const results = plan.jobs.map((jobs) => periodicMultislice(jobs));
    const waves = plan.jobs.flat().reduce((sum, job) => sum + job.tilts.count, 0);
    return { waves, stack: drawPeriodic(plan, results, options, camera).stacks[0]![0]! };
  };

  it('leaves the pattern as all directions give it', () => {
    for (const spaceGroup of [3, 10, 26, 33, 47, 62, 81, 123, 136, 147, 164, 191, 195, 198, 221]) {
      const crystal = generated(spaceGroup);
      const some = patterns(crystal);
      // The same atoms without word of their symmetry.
      const all = patterns({ ...crystal, spaceGroup: 1 });
      expect(some.waves, `group ${spaceGroup}`).toBeLessThan(all.waves);
      expect(difference(some.stack, all.stack), `group ${spaceGroup}`).toBeLessThan(2e-5);
    }
  });
});
