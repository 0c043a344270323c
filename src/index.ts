// The public API. Importing it loads the native engine; run `npx gan setup` once before.

export type { Classifier } from '../classifier/classifier.ts';
export { loadClassifier } from '../classifier/load.ts';
export { type Report, report } from '../classifier/metrics.ts';
export { type ClassifierSpec, classifierSpec } from '../classifier/spec.ts';
export { trainClassifier } from '../classifier/train.ts';
export type { Generator, GeneratorKind, GeneratorSample } from '../gan/generator.ts';
export { generatorKind, loadGenerator } from '../gan/kinds.ts';
export { openArchive, writeArchive } from '../synthetic/archive/archive.ts';
export { scoreArchive } from '../synthetic/checks/score.ts';
export { refuseLeaks } from '../synthetic/leak-guard.ts';
export { mix } from '../synthetic/mixing/mix.ts';
export { compareStudy } from './benchmark/comparison/compare.ts';
export { loadStudy } from './benchmark/study/load.ts';
export { encodeExamples } from './codec/encode.ts';
export { renderTriplets } from './codec/render.ts';
export { CbedError } from './common/errors.ts';
export { Stream } from './common/stream.ts';
export { readCif } from './crystal/cif/cif.ts';
export type { Crystal } from './crystal/crystal.ts';
export { generateCrystal } from './crystal/generate.ts';
export { loadMinerals } from './crystal/minerals.ts';
export type { Examples } from './dataset/examples.ts';
export { prepareStore } from './dataset/prepare/prepare.ts';
export { openStore, type Store } from './dataset/store/store.ts';
export { readSummit, writeSummit } from './dataset/summit/summit.ts';
export { simulationSchema } from './simulate/options.ts';
export { simulateTriplets } from './simulate/triplets.ts';
