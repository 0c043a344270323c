import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkMaterials, trainingClasses } from '../../gan/classes.ts';
import type { Generator, SampleRequest } from '../../gan/generator.ts';
import { launcher } from '../../src/common/paths.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { generatorQuality } from '../../synthetic/metrics/generator-quality.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../support/toy-store.ts';
import { toyStore as drawnStore } from '../synthetic/toy-store.ts';
import { toySample } from '../synthetic/toys.ts';

/** As much of a store as the checks look at: training rows of these materials. */
function storeOf(materials: readonly string[]): Store {
  const classes = [14, 62];
  const labels = Int32Array.from(materials, (_, row) => row % 2);
  const examples: Examples = {
    ...{ count: materials.length, size: 8, classes, labels, materials },
    images: () => {
      throw new Error('no pixel is needed to say that there are too few');
    },
  };
  return { path: 'tiny.h5', classes, size: 8, examples: () => examples } as unknown as Store;
}

describe('a GAN of tiny data', () => {
  it.each([
    ['no material', []],
    ['one material', ['salt']],
    ['one material at three energies', ['salt', 'salt', 'salt']],
  ])('is refused before the work: %s', (_, materials) => {
    const refusal = /^tiny\.h5 has (no|one) training material, .*prepare data/;
    expect(() => checkMaterials(storeOf(materials))).toThrow(refusal);
    expect(() => trainingClasses(storeOf(materials), 'all')).toThrow(refusal);
  });

  it.each([1, 2, 9])('has no KID against %i real triplets', async (count) => {
    const store = storeOf(Array.from({ length: count }, (_, i) => `m${i}`));
    const models = null as unknown as Parameters<typeof generatorQuality>[2];
    const { trained, untrained, floor, real } = await generatorQuality(store, [14, 62], models);
    expect([trained, untrained, floor, real]).toEqual([null, null, null, count]);
  });

  it('is measured on few triplets where few are real, and says how far that is', async () => {
    const store = await drawnStore([4, 4, 4]);
    const stages: string[] = [];
    const generatorOf = (draw: (label: number, stream: Stream) => Uint8Array) =>
      ({
        classes: store.classes,
        sample: async ({ wanted, seed, progress }: SampleRequest) => {
          const stream = new Stream(seed, 'toy generator');
          const samples = [...wanted].flatMap(([spaceGroup, count]) => {
            const label = store.classes.indexOf(spaceGroup);
            return Array.from({ length: count }, () => ({ label, pixels: draw(label, stream) }));
          });
          progress!('drawing', samples.length).done();
          return { samples, proposed: samples.length, refused: {} };
        },
      }) as unknown as Generator;
    const noise = (_: number, stream: Stream) =>
      Uint8Array.from({ length: 3 * store.size ** 2 }, () => stream.index(256));
    const models = { model: generatorOf(toySample), untrained: generatorOf(noise) };
    const found = await generatorQuality(store, store.classes, models, (stage, total) => {
      stages.push(`${stage}, ${total}`);
      return silentProgress(stage, total);
    });
    expect(found).toMatchObject({ real: 12, generated: 48 });
    expect(found.trained).toBeLessThan(found.untrained! / 2);
    expect(stages).toEqual(['KID of the GAN: drawing, 48', 'KID before training: drawing, 48']);
    store.close();
  });

  it('says on the command line that there are too few, and claims nothing', async () => {
    const folder = temporaryFolder('tiny-data');
    const { store } = await toyStore(folder, { counts: [3, 3], size: 16 });
    const config = join(folder, 'small.yaml');
    writeFileSync(config, 'latent: 4\nembedding: 4\nhidden: 16\ncomponents: 2\nbatch: 4\n');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [launcher, 'train', '--data', store, '--generator', 'codec', '--classes', 'all'].concat([
        '--steps',
        '3',
        '--config',
        config,
        '--out',
        join(folder, 'run'),
      ]),
      { encoding: 'utf8' },
    );
    expect(stdout).toMatch(/KID of \d class\w*: too few real triplets \(\d\)/);
    expect(stderr).not.toContain('warning: the GAN');
    expect(status).toBe(0);
  }, 120_000);
});
