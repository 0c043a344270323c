import { describe, expect, it } from 'vitest';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { kernels, withoutKernels } from '../../src/engine/kernels.ts';
import { tf } from '../../src/engine/tf.ts';
import { Stream } from '../../src/ground/stream.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { periodicMultislice } from '../../src/simulate/periodic.ts';
import { drawPeriodic, planPeriodic } from '../../src/simulate/periodic-patterns.ts';
import { GALLIUM_ARSENIDE, SILICON } from '../support/crystals.ts';

const generated = (spaceGroup: number): Crystal =>
  generateCrystal({ spaceGroup, stream: new Stream(5, `fused/${spaceGroup}`), id: 'g' });

/** Largest difference as a share of the largest value. */
function difference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  expect(ours.length).toBe(theirs.length);
  let [most, size] = [0, 0];
  for (let i = 0; i < ours.length; i++) {
    most = Math.max(most, Math.abs(ours[i]! - theirs[i]!));
    size = Math.max(size, Math.abs(theirs[i]!));
  }
  return most / size;
}

describe('the fused kernel of the periodic mode', () => {
  it("gives what TensorFlow's own operations give, by matrices and by transforms", () => {
    expect(kernels()).not.toBeNull();
    // Two thicknesses with slices of different steps, two energies, an absorbing potential.
    const options = simulationSchema.parse({
      thicknesses: [30, 100],
      energies: [80, 200],
      sliceThickness: 2.3,
      absorption: 0.1,
    });
    const crystals = [SILICON, GALLIUM_ARSENIDE, generated(2), generated(14), generated(167)];
    const jobs = crystals.flatMap((crystal) => planPeriodic(crystal, options).jobs.flat());
    expect(Math.max(...jobs.map((job) => job.beams.count))).toBeGreaterThan(420);
    const before = tf.memory().numTensors;
    const ours = periodicMultislice(jobs);
    expect(tf.memory().numTensors).toBe(before);
    const theirs = withoutKernels(() => periodicMultislice(jobs));
    ours.forEach((stages, job) => {
      stages.forEach((stage, t) => {
        // Single precision, up to 750 beams through 45 slices.
        expect(difference(stage, theirs[job]![t]!), `job ${job}`).toBeLessThan(5e-5);
      });
    });
  });
});

describe('directions that symmetry spares', () => {
  const zones: [number, number, number][] = [
    [0, 0, 1],
    [1, 0, 0],
    [1, 1, 0],
  ];
  const options = simulationSchema.parse({ zones });
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
