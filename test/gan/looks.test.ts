import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { classPath } from '../../gan/boundary/class-path.ts';
import { classCodes } from '../../gan/codec/codes.ts';
import type { GanData } from '../../gan/codec/data.ts';
import { GanModel } from '../../gan/codec/model.ts';
import { drawAgain, drawTriplets, randomOrigins } from '../../gan/codec/sample.ts';
import { fitSpace, vectorWidth } from '../../gan/codec/space.ts';
import { trainGan } from '../../gan/codec/train.ts';
import { GanTrainer } from '../../gan/codec/trainer.ts';
import { ganConfig } from '../../gan/config.ts';
import { PixelLooks } from '../../gan/rendered/looks.ts';
import { type RefinerParts, refinerLayout } from '../../gan/rendered/refiner.ts';
import { Checkpoints } from '../../gan/training/checkpoint.ts';
import { trainingSettings } from '../../gan/training/settings.ts';
import { Stream } from '../../src/common/stream.ts';
import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import { temporaryFolder } from '../support/folder.ts';
import { TOY_CAMERA } from '../support/toy-discs.ts';
import { TOY_GLOW, toyPatterns } from '../support/toy-patterns.ts';
import { toyConfig } from '../support/toy-vectors.ts';

const folder = temporaryFolder('gan-looks');
const SETTINGS = {
  ...{ latent: 6, embedding: 8, hidden: 32, components: 8, batch: 16, seed: 4 },
  ...{ pixelBatch: 4, pixelEvery: 2 },
};
let data: GanData;

beforeAll(async () => {
  data = await toyPatterns([6, 4, 4]);
});

const train = (settings: Record<string, number>, checkpoints?: Checkpoints) =>
  trainGan({ data, config: ganConfig.parse({ ...SETTINGS, ...settings }), checkpoints });

/** The same generator with another refiner. */
function withRefiner(model: GanModel, refiner: RefinerParts | undefined): GanModel {
  const { parts } = model;
  return new GanModel({ ...parts, refiner });
}

describe('a training that looks at pixels', () => {
  it.each([
    { pixelJudge: 2, refiner: 0 },
    { pixelJudge: 0, refiner: 3 },
    { pixelJudge: 2, refiner: 3 },
  ])('goes on exactly where it was interrupted: $pixelJudge $refiner', async (networks) => {
    const whole = await train({ ...networks, steps: 12 });
    const name = join(folder, `cut-${networks.pixelJudge}-${networks.refiner}`);
    await train({ ...networks, steps: 5 }, new Checkpoints(name));
    const resumed = await train({ ...networks, steps: 12 }, new Checkpoints(name));
    expect(resumed.steps).toBe(12);
    expect(resumed.model.digest).toBe(whole.model.digest);
    for (const one of [whole, resumed])
      for (const made of [one.model, one.untrained]) made.dispose();
  });

  it('moves the generator by what the discriminator sees, and the refiner alone does not', async () => {
    const [none, judged, refined] = [
      await train({ steps: 3 }),
      await train({ steps: 3, pixelJudge: 2 }),
      await train({ steps: 3, refiner: 3 }),
    ].map(({ model }) => {
      const embeddings = model.embeddings([{ label: 1 }]).dataSync();
      return [...embeddings];
    });
    expect(judged).not.toEqual(none);
    expect(refined).toEqual(none);
  });

  it('keeps no tensor', async () => {
    const { space, vectors, used } = fitSpace(data.set, {
      components: 8,
      stream: new Stream(1, 'space'),
    });
    const { values: codes, code } = classCodes(data.set.classes);
    const labels = Int32Array.from(used, (i) => data.set.triplets[i]!.label);
    const trainer = new GanTrainer(
      {
        ...{ values: vectors, width: vectorWidth(space), labels, codes, code },
        behind: { space, images: data.images! },
      },
      toyConfig({ pixelJudge: 2, refiner: 3, pixelBatch: 4, pixelEvery: 1 }),
      new Stream(2, 'leak'),
    );
    for (let i = 0; i < 4; i++) trainer.update();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 4; i++) trainer.update();
    expect(tf.memory().numTensors).toBe(before);
    trainer.dispose();
  });

  it('brings a refiner nearer to the real patterns than drawings are', async () => {
    const { model } = await train({ refiner: 4, steps: 150, pixelEvery: 1 });
    const plain = withRefiner(model, undefined);
    const origins = randomOrigins(model, { spaceGroup: 14, count: 4, seed: 1 });
    const [refined, drawn] = [
      await drawTriplets(model, origins),
      await drawTriplets(plain, origins),
    ];
    const gains = drawn.flatMap(({ pixels }, i) =>
      [...pixels.keys()].flatMap((at) =>
        pixels[at]! > 40 ? [refined[i]!.pixels[at]! - pixels[at]!] : [],
      ),
    );
    const glow = gains.reduce((a, b) => a + b, 0) / gains.length;
    expect(glow).toBeGreaterThan(0.5 * TOY_GLOW);
    expect(glow).toBeLessThan(1.5 * TOY_GLOW);
  });

  it('refuses a discriminator that does not know the size, naming it', () => {
    const { space } = fitSpace(data.set, { components: 8, stream: new Stream(1, 'space') });
    const camera = { ...TOY_CAMERA, size: 48 };
    const { values: codes, code } = classCodes(data.set.classes);
    const rows = { values: new Float32Array(0), width: 0, labels: Int32Array.of(0), codes, code };
    const behind = { space: { ...space, camera }, images: data.images! };
    const config = toyConfig({ pixelJudge: 2 });
    expect(() => new PixelLooks({ ...rows, behind }, config, new Stream(1, 'size'))).toThrow(
      /48 pixels a side/,
    );
  });

  it('is asked for by flags, which the other generators do not know', () => {
    const { network } = trainingSettings({ pixelJudge: '8', refiner: '12' });
    expect(network.config).toMatchObject({ pixelJudge: 8, refiner: 12, pixelEvery: 4 });
    expect(() => trainingSettings({ generator: 'pixel', pixelJudge: '8' })).toThrow(
      /pixelJudge|pixel-judge/,
    );
    expect(() => trainingSettings({ refiner: '-1' })).toThrow(/refiner/);
  });
});

describe('a generator with a refiner', () => {
  /** A refiner that changes much. */
  async function wild(): Promise<GanModel> {
    const { model } = await train({ steps: 1 });
    const weights = new Stream(6, 'wild').normals(refinerLayout(3).size, 0.5);
    return withRefiner(model, { channels: 3, weights });
  }

  it('comes back from its file as it was, and is refused where its refiner was changed', async () => {
    const model = await wild();
    const path = join(folder, 'model.safetensors');
    model.save(path);
    const loaded = GanModel.load(path);
    expect(loaded.digest).toBe(model.digest);
    const origins = randomOrigins(model, { spaceGroup: 62, count: 3, seed: 2 });
    const [one, other] = [await drawTriplets(model, origins), await drawTriplets(loaded, origins)];
    expect(other.map(({ pixels }) => pixels)).toEqual(one.map(({ pixels }) => pixels));
    expect((await drawAgain(loaded, origins[2]!, 2)).pixels).toEqual(one[2]!.pixels);
    const bytes = readFileSync(path);
    const at = bytes.length - 20; // within the last array
    bytes[at] = bytes[at]! ^ 0x40;
    writeFileSync(path, bytes);
    expect(() => GanModel.load(path)).toThrow();
  });

  it('is refined wherever it draws: samples, and what the boundary search looks at', async () => {
    const model = await wild();
    const origins = randomOrigins(model, { spaceGroup: 62, count: 32, seed: 2 });
    const [drawn] = await drawTriplets(model, origins);
    const { label } = origins[0]!;
    const z = tf.tensor2d(origins.map((origin) => [...origin.z]));
    const still = tf.zeros([32, 8]) as Tensor2D;
    const path = classPath(model, label);
    const images = path.images(z, still, Array(32).fill({ partner: 0, t: 0 }));
    const seen = images.slice(0, 1).div(PIXEL_SCALE).dataSync();
    expect(Math.max(...drawn!.pixels.map((grey, i) => Math.abs(grey - seen[i]!)))).toBeLessThan(1);
  });
});
