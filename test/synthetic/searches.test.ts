import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rivalOf } from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import { ganConfig } from '../../gan/codec/config.ts';
import { ganData, trainGan } from '../../gan/codec/kind.ts';
import type { CodecGenerator, CodecSample } from '../../gan/codec/model.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { openArchive, writeArchive } from '../../synthetic/archive/archive.ts';
import { generatorArchive, parameterRow } from '../../synthetic/archive/from-generator.ts';
import { type BoundaryMade, boundarySamples } from '../../synthetic/sampling/boundary.ts';
import { boundaryText } from '../../synthetic/sampling/boundary-report.ts';
import { boundarySearches, partnerChoice } from '../../synthetic/sampling/searches.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../support/toy-store.ts';

describe('who chooses partners', () => {
  it('the relation, unless a number of partners or validation is asked for', () => {
    expect(partnerChoice({})).toBe('relation');
    expect(partnerChoice({ pair: '14:62' })).toBe('relation');
    expect(partnerChoice({ partners: 3 })).toBe('validation');
    expect(partnerChoice({ partners: 3, partnerBy: 'validation' })).toBe('validation');
  });

  it.each([
    [{ pair: '14:62', partnerBy: 'candidate' as const }, /--pair 14:62 names the partner/],
    [{ pair: '14:62', partners: 2 }, /--pair 14:62 names the partner/],
    [{ partners: 3, partnerBy: 'candidate' as const }, /--partners 3 are chosen on validation/],
    [{ partners: 3, partnerBy: 'relation' as const }, /leave out --partner-by relation/],
  ])('settings that contradict one another are refused: %j', (settings, words) => {
    expect(() => partnerChoice(settings)).toThrow(words);
  });
});

describe('samples that chose their own partners', () => {
  const folder = temporaryFolder('searches');
  const EPSILON = 0.2;
  let store: Store;
  let model: CodecGenerator;
  let found: BoundaryMade;

  /** A linear classifier of pixels: it hesitates between any two classes somewhere. */
  const score = (images: Tensor4D): Tensor2D =>
    tf.tidy(() => {
      const width = 3 * store.size ** 2;
      const weights = new Stream(3, 'linear guide').normals(width * store.classes.length, 0.5);
      const flat = images.reshape([-1, width]) as Tensor2D;
      return flat.matMul(tf.tensor2d(weights, [width, store.classes.length])) as Tensor2D;
    });

  beforeAll(async () => {
    store = await openStore((await toyStore(folder, { counts: [14, 10, 8], size: 32 })).store);
    const config = ganConfig.parse({ steps: 20, latent: 6, embedding: 8, hidden: 32, batch: 8 });
    ({ model } = await trainGan({ data: ganData(store.examples('train')), config }));
    const guide = { logitsOf: score } as Classifier;
    const wanted = new Map(store.classes.map((c) => [c, 4]));
    found = await boundarySamples(
      { generator: model, guide, verifiers: [] },
      {
        ...{ pairs: boundarySearches({ guide, store, by: 'candidate' }, wanted), attempts: 4 },
        ...{ epsilon: EPSILON, gradientSteps: 8, checks: [], softLabels: true, seed: 5 },
      },
      silentProgress,
    );
  }, 120_000);

  afterAll(() => {
    model.dispose();
    store.close();
  });

  it('lie on their own side of the boundary with their strongest rival', () => {
    const attempts = found.results.flatMap((result) => result.attempts);
    expect(attempts.filter(({ accepted }) => accepted).length).toBeGreaterThan(8);
    for (const { drawn, pair, partner, view, accepted } of attempts) {
      const logits = tf.tidy(() =>
        score(
          tf.tensor4d(
            Float32Array.from(drawn.pixels, (v) => v / 255),
            [1, 32, 32, 3],
          ),
        ),
      );
      const values = logits.dataSync();
      logits.dispose();
      expect(pair.partner).toBe(rivalOf(values, 0, { label: pair.label, classes: 3 }));
      expect(partner).toBe(store.classes[pair.partner]);
      if (!accepted) continue;
      expect(values.indexOf(Math.max(...values))).toBe(pair.label);
      expect(view.gap).toBeGreaterThanOrEqual(0);
      expect(view.gap).toBeLessThan(EPSILON);
    }
    const { summary } = found;
    for (const { partner, partners, accepted } of summary) {
      expect(partner).toBeNull();
      expect(Object.values(partners).reduce((sum, n) => sum + n, 0)).toBe(accepted);
    }
    expect(boundaryText(found)).toContain(`${summary[0]!.spaceGroup}:`);
  });

  it('are drawn again bit for bit from their rows, also where the path led to another class', async () => {
    const path = join(folder, 'synthetic.h5');
    await writeArchive(
      path,
      generatorArchive({ generator: model, store, guide: null }, found.samples),
    );
    const archive = await openArchive(path);
    const elsewhere = { true: 0, false: 0 };
    for (let row = 0; row < archive.count; row++) {
      const { source, place } = model.sourceOf(parameterRow(archive, row, model.digest));
      expect(source).toEqual((found.samples[row]!.sample as CodecSample).source);
      const led = store.classes[source.partner!] !== archive.passports![row]!.partner;
      if (++elsewhere[`${led}`] > 2) continue; // two of either kind are drawn
      const again = await model.redraw(source, place);
      expect(again.pixels).toEqual(archive.images([row]));
    }
    expect(elsewhere.true).toBeGreaterThan(0);
  });
});
