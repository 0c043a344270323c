import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Classifier } from '../../../classifier/classifier.ts';
import { disposeBatch, elementTables, encodeCrystals } from '../../../gan/crystal/codec.ts';
import { crystalConfigFor } from '../../../gan/crystal/config.ts';
import { amplitudes, elementTensors, surroundings } from '../../../gan/crystal/features.ts';
import { CrystalGenerator } from '../../../gan/crystal/generator.ts';
import { appearance } from '../../../gan/crystal/look.ts';
import { CrystalModel } from '../../../gan/crystal/model.ts';
import { crystalDiscriminatorLayout, scoreCrystals } from '../../../gan/crystal/networks.ts';
import { brokenCrystals, fittedCrystals } from '../../../gan/crystal/sample.ts';
import { CrystalSources } from '../../../gan/crystal/skeleton-sources.ts';
import { atomsOf, type SkeletonCrystal } from '../../../gan/crystal/skeletons.ts';
import { subgroupPaths } from '../../../gan/crystal/subgroups.ts';
import { type CrystalData, trainCrystalGan } from '../../../gan/crystal/train.ts';
import { crystalShape } from '../../../gan/crystal/trainer.ts';
import { Checkpoints } from '../../../gan/training/checkpoint.ts';
import { Stream } from '../../../src/common/stream.ts';
import { cellMatrix, cellVolume } from '../../../src/crystal/cell.ts';
import { crystalOfBlock } from '../../../src/crystal/cif/cif.ts';
import { parseCif } from '../../../src/crystal/cif/text.ts';
import { StructureIndex } from '../../../src/crystal/match.ts';
import { inverse, matrixVector, norm } from '../../../src/crystal/matrix.ts';
import { loadMinerals } from '../../../src/crystal/minerals.ts';
import { standardZones } from '../../../src/crystal/zone.ts';
import { type Tensor2D, type Tensor3D, type Tensor4D, tf } from '../../../src/engine/tf.ts';
import { simulationSchema } from '../../../src/simulate/options.ts';
import { scatteringFactors } from '../../../src/simulate/scattering.ts';
import { movedAtoms } from '../../../synthetic/probing/path.ts';
import { relationMap } from '../../../synthetic/probing/relation-map.ts';

const CLASSES = [14, 62, 136, 166, 186, 225];
const minerals = loadMinerals(new Set([...CLASSES, 194, 139]));
const chosen = [...CLASSES, 194, 139].flatMap((group) =>
  minerals
    .filter(({ spaceGroup, atoms }) => spaceGroup === group && atoms.length < 50)
    .slice(0, 30),
);
const own = chosen.filter(({ spaceGroup }) => CLASSES.includes(spaceGroup));
const heldOut = own.filter((_, i) => i % 5 === 0);
const training = own.filter((_, i) => i % 5 !== 0);
const names = [...new Set(training.map(({ material }) => material))].sort();
const data: CrystalData = {
  training,
  others: chosen.filter(({ spaceGroup }) => !CLASSES.includes(spaceGroup)),
  heldOut,
  classes: CLASSES,
  lineage: { store: 'test', materials: names, counts: CLASSES.map(() => 1) },
  simulation: simulationSchema.parse({ size: 32 }),
  attention: new Set([136]),
};
const config = crystalConfigFor('cpu').parse({ steps: 6, batch: 8, tokens: 24, hidden: 32 });
const sources = new CrystalSources([...training, ...data.others]);
const folder = mkdtempSync(join(tmpdir(), 'crystal-gan-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Crystals that the networks can take. */
const some = (count: number): SkeletonCrystal[] =>
  CLASSES.flatMap((group) =>
    sources
      .known(group)
      .slice(0, 3)
      .map(({ sited }) => sited),
  ).slice(0, count);

describe('features', () => {
  test('amplitudes are those of the structure factors of all atoms', () => {
    const crystals = some(8);
    const factor = scatteringFactors('kirkland');
    const batch = encodeCrystals(crystals, sources.elements);
    const elements = elementTensors(elementTables(sources.elements, sources.distances));
    const logs = tf.tidy(() => amplitudes(batch, batch, elements).arraySync() as number[][]);
    const indices = batch.reflections.arraySync() as number[][][];
    for (const [row, sited] of crystals.entries()) {
      const back = inverse(cellMatrix(sited.cell));
      const volume = cellVolume(sited.cell);
      for (const [h, hkl] of indices[row]!.entries()) {
        const g = matrixVector(back, hkl as unknown as [number, number, number]);
        const square = norm(g) ** 2;
        let [re, im] = [0, 0];
        for (const { element, position } of atomsOf(sited)) {
          const phase = 2 * Math.PI * position.reduce((sum, x, i) => sum + x * hkl[i]!, 0);
          re += factor(element, square) * Math.cos(phase);
          im += factor(element, square) * Math.sin(phase);
        }
        const exact = 0.5 * Math.log((re * re + im * im) / volume ** 2 + 1e-4) + 2.5;
        expect(Math.abs(logs[row]![h]! - exact)).toBeLessThan(0.12);
      }
    }
    disposeBatch(batch);
    tf.dispose(elements);
  });

  test('gradients to coordinates, species and cell agree with differences', () => {
    const crystals = some(4);
    const batch = encodeCrystals(crystals, sources.elements);
    const elements = elementTensors(elementTables(sources.elements, sources.distances));
    const value = (positions: Tensor3D, species: Tensor3D, cells: Tensor2D) =>
      tf.tidy(() => {
        const open = { positions, species, cells };
        const around = surroundings(batch, open, elements);
        // Intensities: logarithms of amplitudes bend too sharply at dark reflections for differences.
        return amplitudes(batch, open, elements).mul(2).exp().sum().add(around.counts.sum());
      });
    const inputs = [batch.positions, batch.species, batch.cells] as const;
    const slopes = tf.grads(
      (p, s, c) => value(p as Tensor3D, s as Tensor3D, c as Tensor2D) as never,
    )([...inputs]);
    const stream = new Stream(1, 'differences');
    for (const [which, input] of inputs.entries()) {
      const direction = tf.tensor(stream.normals(input.size), input.shape);
      const along = (step: number): number => {
        const moved = inputs.map((t, i) => (i === which ? t.add(direction.mul(step)) : t));
        return value(
          moved[0] as Tensor3D,
          moved[1] as Tensor3D,
          moved[2] as Tensor2D,
        ).dataSync()[0]!;
      };
      const step = which === 1 ? 3e-4 : 1e-3;
      const difference = (along(step) - along(-step)) / (2 * step);
      const slope = slopes[which]!.mul(direction).sum().dataSync()[0]!;
      expect(Math.abs(slope - difference), `input ${which}: ${slope} ${difference}`).toBeLessThan(
        0.05 * Math.abs(difference) + 0.3,
      );
    }
    disposeBatch(batch);
    tf.dispose([elements, slopes]);
  });

  test('the discriminator does not see the order of sites', () => {
    const sited = some(18).find((one) => one.skeleton.sites.length > 2)!;
    const order = sited.skeleton.sites.map((_, i) => i).reverse();
    const turned: SkeletonCrystal = {
      ...sited,
      positions: order.map((i) => sited.positions[i]!),
      skeleton: { ...sited.skeleton, sites: order.map((i) => sited.skeleton.sites[i]!) },
    };
    const elements = elementTensors(elementTables(sources.elements, sources.distances));
    const shape = crystalShape(config, { classes: CLASSES, elements: sources.elements });
    const layout = crystalDiscriminatorLayout(shape);
    const weights = layout.initial(new Stream(0, 'weights'));
    const score = (one: SkeletonCrystal): number => {
      const batch = encodeCrystals([one], sources.elements);
      const values = tf.tidy(() =>
        scoreCrystals(layout.unpack(tf.tensor1d(weights)), appearance(batch, batch, elements), {
          mask: batch.mask,
          codes: tf.ones([1, shape.code]) as Tensor2D,
          spread: 0.3,
        }).dataSync(),
      );
      disposeBatch(batch);
      return values[0]!;
    };
    expect(score(turned)).toBeCloseTo(score(sited), 4);
    tf.dispose(elements);
  });
});

describe('a trained model', () => {
  let model: CrystalModel;
  const wanted = new Map(CLASSES.map((group) => [group, 4]));
  beforeAll(async () => {
    ({ model } = await trainCrystalGan({ data, config }));
  });

  test('gives checked, new crystals of the group asked for, the same for the same seed', () => {
    const made = model.sampleCrystals({ wanted, seed: 3 });
    expect(made.made.length).toBeGreaterThan(20);
    const known = new StructureIndex();
    for (const crystal of [...training, ...heldOut]) known.add(crystal.id, crystal);
    for (const { crystal } of made.made) expect(known.find(crystal)).toBeNull();
    expect(model.sampleCrystals({ wanted, seed: 3 }).made).toEqual(made.made);
    expect(made.proposed).toBe(
      made.made.length + Object.values(made.refused).reduce((a, b) => a + b, 0),
    );
  });

  test('a proposal does not depend on the others of its block', () => {
    const all = model.propose({
      spaceGroup: 62,
      seed: 1,
      indices: Array.from({ length: 32 }, (_, i) => i),
    });
    for (const at of [0, 7, 31]) {
      const [alone] = model.propose({ spaceGroup: 62, seed: 1, indices: [at] });
      expect(alone).toEqual(all.find(({ index }) => index === at));
    }
  });

  test('comes back from its file, and a changed file is refused', () => {
    const path = join(folder, 'model.safetensors');
    model.save(path);
    const again = CrystalModel.load(path);
    expect(again.sampleCrystals({ wanted, seed: 5 }).made).toEqual(
      model.sampleCrystals({ wanted, seed: 5 }).made,
    );
    again.dispose();
  });

  test('as a generator: triplets, CIF files that read back, replay to the bit', async () => {
    const generator = new CrystalGenerator(model);
    const { samples } = await generator.sample({
      wanted: new Map([
        [62, 3],
        [225, 3],
      ]),
      seed: 2,
    });
    expect(samples).toHaveLength(6);
    for (const sample of samples) {
      const [block, passport] = parseCif(sample.cif!, 'sample.cif');
      const read = crystalOfBlock(block!, 'sample');
      expect(read.spaceGroup).toBe(CLASSES[sample.label]);
      expect(read.atoms).toHaveLength(sample.crystal.atoms.length);
      expect(passport!.name).toBe('passport');
      const again = await generator.redraw(sample.source, sample.place);
      expect(again.pixels).toEqual(sample.pixels);
      expect(again.crystal).toEqual(sample.crystal);
    }
    const table = generator.parameters(samples);
    const part = (name: string): Float32Array => {
      const { from, to } = table.layout.parts.find((one) => one.name === name)!;
      return table.values.subarray(4 * table.width + from, 4 * table.width + to);
    };
    const row = { spaceGroup: 225, partner: null, position: null, part, has: () => true };
    expect(generator.sourceOf(row).source).toEqual(samples[4]!.source);
    expect(generator.scores(samples).every(Number.isFinite)).toBe(true);
  });

  test('names only materials of the store as parents, so that its samples can be mixed', async () => {
    // Crystals of 194 are no material of the store; crystals of 186 come from them by broken symmetry.
    const generator = new CrystalGenerator(model);
    const { samples } = await generator.sample({ wanted: new Map([[186, 24]]), seed: 1 });
    expect(samples.some(({ ancestry }) => ancestry.from === 194)).toBe(true);
    expect(samples.some(({ parents }) => parents.length > 0)).toBe(true);
    for (const { parents } of samples) {
      for (const parent of parents) expect(names).toContain(parent);
    }
  });

  test('related classes are mapped, and a path between two of them shows what moves', async () => {
    const generator = new CrystalGenerator(model);
    const { space, size } = generator;
    const weights = new Stream(3, 'linear guide').normals(3 * size ** 2 * CLASSES.length, 0.05);
    const logitsOf = (images: Tensor4D): Tensor2D =>
      tf.tidy(() => {
        const flat = images.reshape([-1, 3 * size ** 2]) as Tensor2D;
        return flat.matMul(tf.tensor2d(weights, [3 * size ** 2, CLASSES.length])) as Tensor2D;
      });
    const guide = { logitsOf, classes: CLASSES } as unknown as Classifier;
    const options = { classes: CLASSES, count: 3, epsilon: 0.5, seed: 1 };
    const cells = await relationMap({ generator, guide }, options);
    const pairs = cells.map(({ from, spaceGroup }) => `${from} > ${spaceGroup}`);
    expect(pairs).toEqual(expect.arrayContaining(['62 > 14', '136 > 14', '225 > 166']));
    for (const { from, spaceGroup } of cells) {
      expect(subgroupPaths(from, spaceGroup).length).toBeGreaterThan(0);
    }
    for (const { amplitude, tried, crossed, unseen, seenAtOnce } of cells) {
      expect(tried).toBe(3);
      expect(crossed + unseen + seenAtOnce).toBeLessThanOrEqual(3);
      if (amplitude === null) continue;
      expect(crossed).toBeGreaterThan(0);
      expect(amplitude).toBeGreaterThan(0);
      expect(amplitude).toBeLessThanOrEqual(1);
    }
    const [lower, upper] = [generator.labelOf(14), generator.labelOf(62)];
    const asked = { score: logitsOf, seed: 1 };
    const path = (await space.path({ label: lower, partner: upper }, asked))!;
    const turned = (await space.path({ label: upper, partner: lower }, asked))!;
    expect(turned.at(0.2)).toEqual(path.at(0.2));
    expect(await space.path({ label: lower, partner: generator.labelOf(225) }, asked)).toBeNull();
    const { t, atoms } = movedAtoms(path)!;
    expect(t).toBe(path.crossing ?? path.to);
    expect(Math.max(...atoms.map(({ length }) => length))).toBeCloseTo(t, 4);
    for (const { move, length } of atoms) {
      expect(Math.hypot(...move)).toBeLessThanOrEqual(length + 1e-9);
    }
    const drawn = await generator.draw([path.at(0), path.at(t)]);
    const [start, end] = generator.describe(drawn);
    expect(start!.cell).toEqual(end!.cell);
    expect(start!.discs.map(({ geometry }) => geometry.zone)).toEqual(standardZones(14));
  });

  test('free controls give as many', () => {
    const fitted = fittedCrystals({ wanted, sources, seed: 1, heldOut });
    expect(fitted.made).toHaveLength(24);
    expect(fitted.made.every(({ ancestry }) => ancestry.source === 'new')).toBe(true);
    const broken = brokenCrystals({ wanted: new Map([[186, 3]]), sources, seed: 1, heldOut });
    expect(broken.made.every(({ ancestry }) => ancestry.from === 194)).toBe(true);
  });
});

describe('training', () => {
  test('goes on exactly where a checkpoint stands, and leaves no tensors', async () => {
    const weights = async (steps: number, name: string): Promise<Float32Array> => {
      const checkpoints = new Checkpoints(join(folder, name), { every: 3 });
      const { model, untrained } = await trainCrystalGan({
        data,
        config: { ...config, steps },
        checkpoints,
      });
      untrained.dispose();
      model.dispose();
      return model.parts.generator;
    };
    const whole = await weights(8, 'whole');
    const before = tf.memory().numTensors;
    await weights(5, 'halves');
    const resumed = await weights(8, 'halves');
    expect(resumed).toEqual(whole);
    expect(tf.memory().numTensors).toBe(before);
  }, 120_000);
});
