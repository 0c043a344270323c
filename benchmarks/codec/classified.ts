import { type Report, report } from '../../classifier/metrics.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { sampleGeometry } from '../../src/codec/encode.ts';
import { terminalProgress } from '../../src/common/progress.ts';
import type { RealExamples } from '../../src/dataset/examples.ts';
import type { Split } from '../../src/dataset/split.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { Errors, roundTrip } from './errors.ts';

export interface ClassifiedOptions {
  updates: number;
  seed: number;
  techniques: readonly string[];
}

/** A split with every pattern drawn again from its discs. */
async function drawnAgain(store: Store, split: Split, errors: Errors): Promise<RealExamples> {
  const original = store.examples(split);
  const each = store.size ** 2 * 3;
  const images = new Uint8Array(original.count * each);
  const bar = terminalProgress(`drawing ${split} again`, original.count);
  for (let example = 0; example < original.count; example++) {
    const geometry = sampleGeometry(store.facts(original.rows[example]!), store.camera);
    if (typeof geometry === 'string') throw new Error(geometry);
    const pixels = original.images([example]);
    const [drawn] = await roundTrip([pixels], [geometry]);
    errors.add(pixels, drawn!);
    images.set(drawn!, example * each);
    bar.advance();
  }
  bar.done();
  const { count, size, classes, labels, materials } = original;
  const cut = (example: number): Uint8Array =>
    images.subarray(example * each, (example + 1) * each);
  return {
    ...{ count, size, classes, labels, materials },
    images(indices) {
      const out = new Uint8Array(indices.length * each);
      for (let i = 0; i < indices.length; i++) out.set(cut(indices[i]!), i * each);
      return out;
    },
  };
}

/** Errors of the round trip of a store, and what it costs a classifier trained on either side. */
export async function classified(store: Store, options: ClassifiedOptions) {
  const { updates, seed, techniques } = options;
  const errors = { train: new Errors(), validation: new Errors(), test: new Errors() };
  const drawn = {
    train: await drawnAgain(store, 'train', errors.train),
    validation: await drawnAgain(store, 'validation', errors.validation),
    test: await drawnAgain(store, 'test', errors.test),
  };
  const sides = {
    original: {
      train: store.examples('train') as RealExamples,
      validation: store.examples('validation') as RealExamples,
      test: store.examples('test') as RealExamples,
    },
    drawn,
  };
  const macroF1: Record<string, number> = {};
  for (const [trainedOn, side] of Object.entries(sides)) {
    const classifier = await trainClassifier({
      examples: side.train,
      validation: side.validation,
      spec: classifierSpec(store, {}),
      ...{ techniques, updates, seed, progress: terminalProgress },
    });
    for (const [testedOn, { test }] of Object.entries(sides)) {
      const result: Report = report(classifier.predict(test), test.labels, {
        classes: store.classes,
      });
      macroF1[`trained on ${trainedOn}, tested on ${testedOn}`] = result.macroF1;
    }
    classifier.dispose();
  }
  const { train, validation, test } = errors;
  const ratio = (trainedOn: string, testedOn: string): number =>
    macroF1[`trained on ${trainedOn}, tested on ${testedOn}`]! /
    macroF1['trained on original, tested on original']!;
  return {
    errors: { train: train.result, validation: validation.result, test: test.result },
    macroF1,
    ratios: {
      'original to drawn': ratio('original', 'drawn'),
      'drawn to original': ratio('drawn', 'original'),
    },
  };
}
