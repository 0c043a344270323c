import { existsSync } from 'node:fs';
import type { Classifier } from '../../../classifier/classifier.ts';
import { loadClassifier } from '../../../classifier/load.ts';
import { classifierSpec } from '../../../classifier/spec.ts';
import { trainClassifier } from '../../../classifier/train.ts';
import type { CommonSettings, Generator } from '../../../gan/generator.ts';
import { generatorKind, loadGenerator } from '../../../gan/kinds.ts';
import { kid } from '../../../synthetic/metrics/kid.ts';
import type { EncodedSet } from '../../codec/encode.ts';
import { writeJson } from '../../common/files.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import type { Store } from '../../dataset/store/store.ts';
import type { StudyFolder } from '../study/folder.ts';
import { budgetSuffix, type CellPlan } from '../study/study.ts';
import { missingRows } from './pool.ts';

/** Where what a split, a GAN number and a budget share is kept. */
export const makersFolder = (cell: CellPlan): string =>
  `split${cell.split}-gan${cell.gan}${budgetSuffix(cell.budget)}`;

export interface MakerWork {
  folder: StudyFolder;
  cell: CellPlan;
  store: Store;
  /** The training triplets as discs. */
  discs: () => EncodedSet;
  progress: ProgressFactory;
}

/** Roles of the classifiers behind a pool; each has a seed of its own, none is a cell's. */
const ROLE_SEEDS = {
  guide: 10_000,
  verifier: 20_000,
  witness: 30_000,
  'second-verifier': 40_000,
} as const;
export type MakerRole = keyof typeof ROLE_SEEDS;

/** Techniques of guide, verifier and witness: the baseline that is hardest to beat. */
const MAKER_TECHNIQUES = ['logit-adjustment', 'flips', 'dilation'] as const;

/**
 * A classifier behind a pool, trained on the training split only, or read where it stands: the
 * guide leads the boundary search, the verifier (and a second one where it is asked for) judges its
 * samples, the witness checks the margin.
 */
export async function makerClassifier(work: MakerWork, role: MakerRole): Promise<Classifier> {
  const { folder, cell, store, progress } = work;
  const path = folder.sharedFile(makersFolder(cell), role);
  if (existsSync(`${path}/config.json`)) return loadClassifier(path);
  const { updates, batch, rate } = folder.study;
  const seed = ROLE_SEEDS[role] + cell.gan;
  const classifier = await trainClassifier({
    examples: store.examples('train'),
    validation: store.examples('validation'),
    spec: classifierSpec(store),
    techniques: MAKER_TECHNIQUES,
    updates,
    batch,
    rate,
    seed,
    camera: store.camera,
    progress: (stage, total) => progress(`${role}: ${stage}`, total),
  });
  await classifier.save(path);
  const config = { role, techniques: MAKER_TECHNIQUES, updates, batch, rate, seed };
  writeJson(`${path}/config.json`, config);
  return classifier;
}

/** The GAN of a split and GAN number, trained on the training split only, or read where it stands. */
export async function makerGan(work: MakerWork): Promise<Generator> {
  const { folder, cell, store, discs, progress } = work;
  const path = folder.sharedFile(makersFolder(cell), 'gan', 'model.safetensors');
  if (existsSync(path)) return loadGenerator(path);
  const kind = await generatorKind('codec');
  const settings = { steps: folder.study.ganSteps, seed: cell.gan };
  const config = kind.settings('cpu').parse(settings) as unknown as CommonSettings;
  const missing = missingRows(store.examples('train'), cell.arm.fillTo);
  const attention = new Set([...missing.keys()].filter((label) => missing[label]! > 0));
  const { model, untrained, history, setbacks } = await kind.train({
    store,
    config,
    attention,
    discs,
    watch: kid,
    progress,
  });
  const at = (name: string) => folder.sharedFile(makersFolder(cell), 'gan', name);
  untrained.save(at('untrained.safetensors'));
  untrained.dispose();
  writeJson(at('config.json'), config);
  writeJson(at('history.json'), { history, setbacks });
  model.save(path);
  return model;
}
