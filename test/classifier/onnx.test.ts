import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { afterAll, describe, expect, it } from 'vitest';
import { EnsembleClassifier } from '../../classifier/ensemble.ts';
import { onnxOf } from '../../classifier/onnx/export.ts';
import { SingleClassifier } from '../../classifier/single.ts';
import { type ClassifierSpec, classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { classifyCommand } from '../../src/commands/classify.ts';
import { fromPixels } from '../../src/dataset/intensity/transform.ts';
import { pythonWithH5py, runPython } from '../dataset/python.ts';
import { single } from '../support/single.ts';
import { toyExamples } from '../support/toy-examples.ts';

ort.env.wasm.numThreads = 1;
const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
process.env.CBED_WORKSPACE = folder;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COUNT = 12;
// Two crystal systems with several groups each, so that making them consistent leaves a choice.
const CLASSES = [3, 4, 16, 17, 62];

/** A network that has learnt a little, at a temperature at which no class is certain. */
async function network(options: Partial<ClassifierSpec>, size = 20): Promise<SingleClassifier> {
  const toys = { counts: [9, 8, 7, 6, 5], size, classes: CLASSES };
  const spec = classifierSpec({ size, classes: CLASSES }, { width: 5, ...options });
  const examples = toyExamples(toys);
  const validation = toyExamples({ ...toys, name: 'validation' });
  const training = { examples, validation, spec, updates: 12, batch: 16, seed: 5 };
  const trained = single(await trainClassifier(training));
  const logits = trained.logits(triplets(size).pixels).filter((value) => value > -30);
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length;
  const square = logits.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logits.length;
  trained.dispose();
  return new SingleClassifier({ ...trained.data, temperature: Math.sqrt(square) });
}

/** Levels of every value from 0 to 255 somewhere, and the intensities that they stand for. */
function triplets(size: number) {
  const examples = toyExamples({ counts: [COUNT], size, noise: 60 });
  const pixels = examples.images(Array.from({ length: COUNT }, (_, i) => i));
  const each = 3 * size * size;
  const intensity = new Float32Array(pixels.length);
  for (let i = 0; i < COUNT; i++)
    intensity.set(fromPixels(pixels.subarray(i * each, (i + 1) * each), size), i * each);
  return { pixels, intensity };
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};

async function compare(classifier: SingleClassifier | EnsembleClassifier): Promise<void> {
  const { size } = classifier;
  const { pixels, intensity } = triplets(size);
  const session = await ort.InferenceSession.create(onnxOf(classifier));
  expect(session.inputNames).toEqual(['intensity']);
  const input = new ort.Tensor('float32', intensity, [COUNT, 3, size, size]);
  const { probabilities, logits, features } = await session.run({ intensity: input });
  expect(probabilities!.dims).toEqual([COUNT, CLASSES.length]);
  const ours = classifier.predict(pixels);
  expect(ours.filter((p) => p > 0.02 && p < 0.98).length).toBeGreaterThan(ours.length / 4);
  expect(largestDifference(probabilities!.data as Float32Array, ours)).toBeLessThan(1e-5);
  const known = classifier.features(pixels);
  const far = largestDifference(features!.data as Float32Array, known);
  expect(far / Math.max(...known)).toBeLessThan(1e-5);
  expect(logits!.dims).toEqual([COUNT, CLASSES.length]);
  await session.release();
}

describe('onnxruntime gives the probabilities of', () => {
  it.each([
    ['stack', 'linear', 'weight', 20],
    ['stack', 'cosine', 'mask', 20],
    ['residual', 'linear', 'none', 27],
    ['shared', 'cosine', 'none', 20],
  ] as const)('%s, %s, %s, %d pixels', async (kind, head, consistency, size) => {
    const multitask = consistency !== 'none';
    const classifier = await network({ network: kind, head, multitask, consistency }, size);
    await compare(classifier);
    classifier.dispose();
  });

  it('an ensemble of unlike members', async () => {
    const members = [await network({}), await network({ network: 'shared', head: 'cosine' })];
    const ensemble = new EnsembleClassifier(members, { temperature: 1.3 });
    await compare(ensemble);
    ensemble.dispose();
  });
});

const hasPython = (library: string): boolean =>
  pythonWithH5py !== null && spawnSync(pythonWithH5py, ['-c', `import ${library}`]).status === 0;

it('native onnxruntime gives the same probabilities', async (test) => {
  test.skip(!hasPython('onnxruntime'), 'no Python with onnxruntime here');
  const classifier = await network({ network: 'residual', multitask: true, consistency: 'weight' });
  const { pixels, intensity } = triplets(20);
  writeFileSync(join(folder, 'native.onnx'), onnxOf(classifier));
  writeFileSync(join(folder, 'native.f4'), intensity);
  const found = runPython(
    `
import json, numpy, onnxruntime, sys
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
intensity = numpy.fromfile(sys.argv[2], "<f4").reshape(-1, 3, 20, 20)
print(json.dumps(session.run(["probabilities"], {"intensity": intensity})[0].ravel().tolist()))
`,
    join(folder, 'native.onnx'),
    join(folder, 'native.f4'),
  ) as number[];
  expect(largestDifference(found, classifier.predict(pixels))).toBeLessThan(1e-5);
  classifier.dispose();
});

it('is a sound model of opset 17 for the onnx package, and says what a user must know', async (test) => {
  test.skip(!hasPython('onnx'), 'no Python with onnx here');
  const classifier = await network({
    network: 'shared',
    head: 'cosine',
    multitask: true,
    consistency: 'mask',
  });
  const path = join(folder, 'checked.onnx');
  writeFileSync(path, onnxOf(classifier));
  const found = runPython(
    `
import json, onnx, sys
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
print(json.dumps([[(o.domain, o.version) for o in model.opset_import], {p.key: p.value for p in model.metadata_props}]))
`,
    path,
  ) as [unknown, Record<string, string>];
  expect(found[0]).toEqual([['', 17]]);
  expect(found[1]).toMatchObject({
    space_groups: '[3,4,16,17,62]',
    size: '20',
    digest: classifier.digest,
    opset: '17',
    input: expect.stringContaining('row 0 at the top'),
  });
  classifier.dispose();
});

it('gan classify export writes the classifier of a run, and never over a file', async () => {
  const classifier = await network({});
  await classifier.save(join(folder, 'runs', 'c'));
  writeFileSync(join(folder, 'runs', 'c', 'config.json'), '{}');
  const path = join(folder, 'c.onnx');
  const words = ['export', '--classifier', join(folder, 'runs', 'c'), '--onnx', path];
  await classifyCommand().exitOverride().parseAsync(words, { from: 'user' });
  expect(new Uint8Array(readFileSync(path))).toEqual(onnxOf(classifier));
  await expect(
    classifyCommand().exitOverride().parseAsync(words, { from: 'user' }),
  ).rejects.toMatchObject({ message: expect.stringMatching(/c\.onnx stands there already/) });
  classifier.dispose();
});
