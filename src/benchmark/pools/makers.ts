import { existsSync } from 'node:fs';
import type { Classifier } from '../../../classifier/classifier.ts';
import { loadClassifier } from '../../../classifier/load.ts';
import { classifierSpec } from '../../../classifier/spec.ts';
import { trainClassifier } from '../../../classifier/train.ts';
import { generatorCard } from '../../../gan/card.ts';
import { checkMaterials } from '../../../gan/classes.ts';
import type { CommonSettings, Generator } from '../../../gan/generator.ts';
import { generatorKind, loadGenerator } from '../../../gan/kinds.ts';
import { kid } from '../../../synthetic/metrics/kid.ts';
import type { EncodedSet } from '../../codec/encode.ts';
import { cardBeside, writeCard } from '../../common/card.ts';
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

/** Kinds of generators that pools are drawn by, and the folder of each. */
const GAN_FOLDERS = { codec: 'gan', crystal: 'gan-crystal' } as const;
export type PoolGan = keyof typeof GAN_FOLDERS;

/** The kind of generator behind a source of synthetic rows. */
const ganOfSource = (source: CellPlan['arm']['synthetic']): PoolGan =>
  source.startsWith('gan-crystal') ? 'crystal' : 'codec';

/** A file of the GAN of a cell. */
export const ganFile = (folder: StudyFolder, cell: CellPlan, name: string): string =>
  folder.sharedFile(makersFolder(cell), GAN_FOLDERS[ganOfSource(cell.arm.synthetic)], name);

/** The GAN of a split and GAN number, trained on the training split only, or read where it stands. */
export async function makerGan(work: MakerWork): Promise<Generator> {
  const { folder, cell, store, discs, progress } = work;
  const at = (name: string) => ganFile(folder, cell, name);
  const path = at('model.safetensors');
  if (existsSync(path)) return loadGenerator(path);
  checkMaterials(store);
  const name = ganOfSource(cell.arm.synthetic);
  const kind = await generatorKind(name);
  const { ganSteps, crystalSteps } = folder.study;
  const steps = name === 'crystal' ? crystalSteps : ganSteps;
  const settings = { seed: cell.gan, ...(steps !== undefined && { steps }) };
  const config = kind.settings('cpu').parse(settings) as unknown as CommonSettings;
  const missing = missingRows(store.examples('train'), { ...cell.arm, source: cell.arm.synthetic });
  const attention = new Set([...missing.keys()].filter((label) => missing[label]! > 0));
  const { model, untrained, history, setbacks } = await kind.train({
    store,
    config,
    attention,
    discs,
    watch: kid,
    progress,
  });
  untrained.save(at('untrained.safetensors'));
  untrained.dispose();
  writeJson(at('config.json'), config);
  writeJson(at('history.json'), { history, setbacks });
  model.save(path);
  writeCard(cardBeside(path), generatorCard(model, { steps: config.steps }));
  return model;
}
