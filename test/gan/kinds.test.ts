import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchSpaceOf } from '../../gan/boundary/search.ts';
import type { CommonSettings, Generator, GeneratorKind, GuideScore } from '../../gan/generator.ts';
import {
  defaultKind,
  GENERATOR_NAMES,
  type GeneratorName,
  generatorKind,
  loadGenerator,
} from '../../gan/kinds.ts';
import { Checkpoints } from '../../gan/training/checkpoint.ts';
import type { LoopOptions } from '../../gan/training/loop.ts';
import { Stream } from '../../src/common/stream.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { storeView } from '../../src/dataset/store/view.ts';
import { makeTask } from '../../src/dataset/tasks/make-task.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import { openArchive, writeArchive } from '../../synthetic/archive/archive.ts';
import { generatorArchive, parameterRow } from '../../synthetic/archive/from-generator.ts';
import { passportOf } from '../../synthetic/archive/passport.ts';
import { kid } from '../../synthetic/metrics/kid.ts';
import { randomSamples } from '../../synthetic/sampling/random.ts';
import { temporaryFolder } from '../support/folder.ts';

// What every kind of generator keeps, whatever it draws in.

/** The smallest networks of each kind. */
const SMALL: Record<GeneratorName, Record<string, number>> = {
  codec: { latent: 6, embedding: 8, hidden: 16, components: 8, batch: 8 },
  pixel: { latent: 4, embedding: 4, width: 2, batch: 4, penaltyEvery: 2 },
  crystal: { latent: 4, siteLatent: 2, embedding: 4, tokens: 8, hidden: 8, batch: 8 },
};
const STEPS = 6;

const folder = temporaryFolder('kinds');
let store: Store;

beforeAll(async () => {
  const path = join(folder, 'ladder.h5');
  await makeTask('ladder', path, { seed: 1, limit: 160 });
  store = await openStore(path);
}, 600_000);
afterAll(() => store.close());

it('crystals are proposed by default where they are known, else discs drawn', async () => {
  expect(await defaultKind(store)).toBe('crystal');
  expect(await defaultKind(storeView(store, { crystals: () => null }))).toBe('codec');
});

describe.each(GENERATOR_NAMES)('a %s generator', (name) => {
  let kind: GeneratorKind;
  let model: Generator;
  let history: unknown;
  const classes = () => store.classes.length;

  const train = (options: LoopOptions<Generator> = {}) =>
    kind.train({
      store: kind.storeFor(store),
      config: kind.settings('cpu').parse({
        ...SMALL[name],
        steps: STEPS,
        seed: 3,
      }) as unknown as CommonSettings,
      attention: new Set([store.classes.length - 1]),
      watch: kid,
      reportEvery: 2,
      ...options,
    });

  beforeAll(async () => {
    kind = await generatorKind(name);
    const trained = await train();
    model = trained.model;
    history = trained.history;
    trained.untrained.dispose();
  }, 600_000);
  afterAll(() => model.dispose());

  it('fits a store of simulated crystals, and says what a training would be', () => {
    expect(kind.name).toBe(name);
    expect(model.kind).toBe(name);
    expect(kind.misfit(store)).toBeNull();
    const config = kind.settings('cpu').parse({}) as unknown as CommonSettings;
    const plan = kind.plan(store, config, [store.classes[0]!]);
    for (const value of [plan.generatorParameters, plan.stepMs, plan.totalMs, plan.bytes]) {
      expect(value).toBeGreaterThan(0);
    }
    expect(() => kind.settings('cpu').parse({ steps: 0 })).toThrow();
    expect(() => kind.settings('cpu').parse({ nonsense: 1 })).toThrow();
    expect(() => kind.storeFor(store, store.size + 1)).toThrow(/--size/);
  });

  it('learns the same twice, goes on as if never stopped, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const again = await train();
    expect(again.model.digest).toBe(model.digest);
    expect(again.untrained.digest).not.toBe(model.digest);
    for (const one of [again.model, again.untrained]) one.dispose();
    const path = join(folder, `${name}-checkpoints`);
    let asked = 0;
    const half = await train({
      checkpoints: new Checkpoints(path, { every: 1 }),
      stopped: () => ++asked > STEPS / 2,
    });
    expect([half.end, half.steps]).toEqual(['stopped', STEPS / 2]);
    const whole = await train({ checkpoints: new Checkpoints(path, { every: 1 }) });
    expect(whole.end).toBe('steps');
    expect(whole.model.digest).toBe(model.digest);
    expect(whole.history).toEqual(history);
    for (const one of [half, whole].flatMap((of) => [of.model, of.untrained])) one.dispose();
    expect(tf.memory().numTensors).toBe(before);
  }, 600_000);

  it('knows what it learned from: training materials only', () => {
    const { lineage } = model;
    expect(lineage.store).toBe(store.digest);
    const held = new Set(
      (['validation', 'test'] as const).flatMap((split) => store.examples(split).materials),
    );
    expect(lineage.materials.length).toBeGreaterThan(0);
    expect(lineage.materials.filter((material) => held.has(material))).toEqual([]);
  });

  it('draws the same for the same seed, with passports, and again bit for bit from its row', async () => {
    const spaceGroup = store.classes.find((_, label) => model.knows(label))!;
    const request = { wanted: new Map([[spaceGroup, 2]]), seed: 5 };
    const { samples, proposed } = await randomSamples(model, request);
    expect(samples.length).toBe(2);
    expect(proposed).toBeGreaterThanOrEqual(2);
    const same = await randomSamples(model, request);
    const training = new Set(store.examples('train').materials);
    samples.forEach(({ sample, passport }, i) => {
      expect(sample.pixels).toHaveLength(3 * model.size ** 2);
      expect(sample.pixels).toEqual(same.samples[i]!.sample.pixels);
      expect(passport).toMatchObject({ class: spaceGroup, seed: 5, accepted: null });
      for (const parent of passport.parents) expect(training.has(parent)).toBe(true);
    });
    expect(samples[0]!.sample.pixels).not.toEqual(samples[1]!.sample.pixels);
    const path = join(folder, `${name}.h5`);
    await writeArchive(path, generatorArchive({ generator: model, store, guide: null }, samples));
    const archive = await openArchive(path);
    const cifs = samples.map(({ sample }) => sample.cif);
    expect(archive.cifs ?? [null, null]).toEqual(cifs);
    for (const row of [0, 1]) {
      const { source, place } = model.sourceOf(parameterRow(archive, row, model.digest));
      const drawn = await model.redraw(source, place);
      expect(drawn.pixels).toEqual(archive.images([row]));
    }
    expect(() => parameterRow(archive, 0, 'another')).toThrow(/made by another generator/);
    expect(() => parameterRow(archive, 2, model.digest)).toThrow(/rows 0 to 1/);
  }, 600_000);

  it('leads candidates near boundaries, each reached or refused, and draws them again from their rows', async () => {
    const { space } = model;
    if (!space) return expect(() => searchSpaceOf(model)).toThrow(/--generator/);
    const label = [...store.classes.keys()].find(
      (at) => model.knows(at) && (space.supergroups?.(at).length ?? 1) > 0,
    )!;
    const partners = [null, ...(space.supergroups?.(label) ?? []).slice(0, 1)];
    const before = tf.memory().numTensors;
    const weights = new Stream(3, 'linear guide').normals(3 * model.size ** 2 * classes(), 0.02);
    const score: GuideScore = (images) =>
      tf.tidy(() => {
        const flat = images.reshape([-1, 3 * model.size ** 2]) as Tensor2D;
        return flat.matMul(tf.tensor2d(weights, [3 * model.size ** 2, classes()])) as Tensor2D;
      });
    for (const partner of partners) {
      const sides = { label, partner, classes: classes(), allowed: space.allows };
      const request = { score, sides, epsilon: 0.5, seed: 4, first: 0, count: 6, gradientSteps: 2 };
      const { reached, refused } = await space.approach(request);
      expect((await space.approach(request)).reached).toEqual(reached);
      const refusals = Object.values(refused).reduce((sum, one) => sum + one, 0);
      expect(reached.length + refusals).toBe(6);
      const drawn = await model.draw(reached.map(({ source }) => source));
      for (const one of drawn) expect(one.label).toBe(label);
      const samples = drawn.map((sample, i) => ({
        sample,
        passport: passportOf(store.classes[label]!, {
          partner: store.classes[reached[i]!.toward]!,
          t: reached[i]!.position,
        }),
      }));
      const path = join(folder, `${name}-near-${partner}.h5`);
      await writeArchive(path, generatorArchive({ generator: model, store, guide: null }, samples));
      const archive = await openArchive(path);
      for (const row of drawn.keys()) {
        const found = model.sourceOf(parameterRow(archive, row, model.digest));
        expect(found.source).toEqual(drawn[row]!.source);
        if (row > 1) continue;
        const { pixels } = await model.redraw(found.source, found.place);
        expect(pixels).toEqual(archive.images([row]));
      }
    }
    expect(tf.memory().numTensors).toBe(before);
  }, 600_000);

  it('is the same after being written down, and refuses what was changed or is not known', async () => {
    const path = join(folder, `${name}.safetensors`);
    model.save(path);
    const again = await loadGenerator(path);
    expect([again.kind, again.digest, again.size]).toEqual([name, model.digest, model.size]);
    expect(again.classes).toEqual(model.classes);
    again.dispose();
    const bytes = readFileSync(path);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(path, bytes);
    await expect(loadGenerator(path)).rejects.toThrow(/was changed/);
    const unknown = Array.from({ length: 230 }, (_, i) => i + 1).find(
      (group) => !model.classes.includes(group),
    );
    if (unknown) expect(() => model.labelOf(unknown)).toThrow(String(unknown));
  });
});
