import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { CodecGenerator, type CodecSample } from '../../gan/codec/model.ts';
import { discriminatorScores, generatorLayout } from '../../gan/codec/networks.ts';
import { fitSpace, vectorWidth } from '../../gan/codec/space.ts';
import { GanTrainer } from '../../gan/codec/trainer.ts';
import { joinRows } from '../../gan/training/batches.ts';
import { Stream } from '../../src/common/stream.ts';
import { Adam } from '../../src/engine/adam.ts';
import { tf } from '../../src/engine/tf.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toySet } from '../support/toy-discs.ts';
import { toyConfig, toyVectors } from '../support/toy-vectors.ts';

const data = toyVectors();
const trainer = new GanTrainer(
  data,
  toyConfig({ discriminatorRate: 4e-3 }),
  new Stream(1, 'critic'),
);
for (let i = 0; i < 60; i++) trainer.update();
const kept = trainer.kept();
const codes = tf.tensor2d(data.codes, [3, data.code]);
afterAll(() => {
  trainer.dispose();
  codes.dispose();
});

const vector = (row: number) => data.values.slice(row * data.width, (row + 1) * data.width);
const scores = (vectors: Float32Array[], labels: number[]): number[] => [
  ...discriminatorScores(kept, trainer.shape, { vectors: joinRows(vectors), labels, codes }),
];

describe('the discriminator that is kept', () => {
  it('prefers real vectors under their class to noise and to other classes', () => {
    const rows = Array.from({ length: 60 }, (_, i) => i);
    const mean = (all: number[]) => all.reduce((a, b) => a + b, 0) / all.length;
    const real = mean(
      scores(
        rows.map(vector),
        rows.map(() => 0),
      ),
    );
    const misnamed = mean(
      scores(
        rows.map(vector),
        rows.map(() => 1),
      ),
    );
    const noise = new Stream(5, 'noise');
    const far = rows.map(() => noise.normals(data.width, 3));
    expect(real).toBeGreaterThan(misnamed);
    expect(real).toBeGreaterThan(
      mean(
        scores(
          far,
          rows.map(() => 0),
        ),
      ),
    );
  });

  it('scores each vector by itself, whatever stands beside it', () => {
    const alone = scores([vector(3)], [0])[0]!;
    const among = scores([vector(70), vector(3), new Float32Array(data.width).fill(9)], [1, 0, 2]);
    expect(among[1]).toBeCloseTo(alone, 5);
    expect(scores([], [])).toEqual([]);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    scores([vector(0), vector(1)], [0, 0]);
    trainer.kept();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('a model keeps its discriminator in its file; one without scores nothing', () => {
  const { space, vectors } = fitSpace(toySet(), { components: 6, stream: new Stream(1, 'space') });
  const width = vectorWidth(space);
  const made = new GanTrainer(
    { ...toyVectors(width), codes: data.codes, code: data.code },
    toyConfig({ hidden: 8, latent: 4, embedding: 4 }),
    new Stream(2, 'model'),
  );
  const { shape } = made;
  const weights = generatorLayout(shape).initial(new Stream(3, 'weights'));
  const lineage = { store: 'toy', materials: ['a'], counts: [1, 1, 1] };
  const model = new CodecGenerator({ shape, space, weights, discriminator: made.kept(), lineage });
  const bare = new CodecGenerator({ shape, space, weights, lineage });
  const path = join(temporaryFolder('critic'), 'model.safetensors');
  model.save(path);
  const again = CodecGenerator.load(path);
  const some = [0, 1].map((label) => ({
    label,
    vector: vectors.slice(label * width, (label + 1) * width),
  })) as unknown as CodecSample[];
  expect(model.scores(some)).toEqual(again.scores(some));
  expect(model.scores(some)![0]).toBeTypeOf('number');
  expect(again.digest).toBe(model.digest);
  expect(bare.digest).not.toBe(model.digest);
  expect(bare.scores(some)).toBeNull();
  for (const one of [model, bare, again, made]) one.dispose();
});

it('a step that runs out of memory names a smaller batch', () => {
  const full = vi.spyOn(Adam.prototype, 'apply').mockImplementation(() => {
    throw new Error('OOM when allocating tensor with shape[24,32]');
  });
  const step = () => trainer.update();
  expect(step).toThrow(/memory ran out at batch size 24.*--batch 12/s);
  full.mockRestore();
});
