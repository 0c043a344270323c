import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EnsembleClassifier } from '../../classifier/ensemble.ts';
import { loadClassifier } from '../../classifier/load.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { toyExamples } from '../support/toy-examples.ts';

const examples = toyExamples({ counts: [16, 8] });
const validation = toyExamples({ counts: [4, 4], name: 'validation' });
const spec = classifierSpec(examples, { width: 4 });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ensemble-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('averages its members, is saved and read back whole', async () => {
  const techniques = ['ensemble:members=2'];
  const options = { examples, validation, spec, techniques, updates: 10, batch: 8, seed: 2 };
  const trained = (await trainClassifier(options)) as EnsembleClassifier;
  expect(trained.members).toHaveLength(2);
  expect(trained.members[0]!.digest).not.toBe(trained.members[1]!.digest);
  expect(trained.featureCount).toBe(2 * trained.members[0]!.featureCount);

  const [a, b] = trained.members.map((one) => one.predict(validation));
  const untempered = new EnsembleClassifier(trained.members, { temperature: 1 });
  untempered.predict(validation).forEach((p, i) => {
    expect(p).toBeCloseTo((a![i]! + b![i]!) / 2, 5);
  });

  await trained.save(folder);
  const again = await loadClassifier(folder);
  expect(again.digest).toBe(trained.digest);
  expect(again.predict(validation)).toEqual(trained.predict(validation));
  trained.dispose();
  again.dispose();
});
