import { dirname, join } from 'node:path';
import { Command } from 'commander';
import type { SyntheticArchive } from '../../synthetic/archive/archive.ts';
import type { Score } from '../../synthetic/checks/score.ts';
import { usageError } from '../common/errors.ts';
import { counted } from '../common/log.ts';
import { DRY_RUN } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';

interface ScoreFlags {
  data?: string;
  perClass?: boolean;
  classifier?: string;
  updates?: string;
  casUpdates?: string;
  networkUpdates?: string;
  accept?: string;
  figures?: string;
  out?: string;
  json?: boolean;
  seed?: string;
  config?: string;
}

async function settingsOf(archive: string | undefined, flags: ScoreFlags) {
  const { z } = await import('zod');
  const { resolveConfig } = await import('../common/config.ts');
  const { defaultStorePath, requireRun, storeOfRun } = await import('../common/run.ts');
  const { whole } = await import('../common/settings.ts');
  const { ACCEPT_BY } = await import('../../synthetic/checks/acceptance.ts');
  const schema = z.strictObject({
    archive: z.string().optional(),
    data: z.string().optional(),
    perClass: z.boolean().default(false),
    classifier: z.string().optional(),
    updates: whole(1).default(600),
    casUpdates: whole(0).default(150),
    networkUpdates: whole(0).default(150),
    accept: z.enum(ACCEPT_BY).default('auto'),
    seed: whole(0).default(1),
  });
  const { figures: _, out: __, json: ___, config, ...given } = flags;
  const settings = resolveConfig(schema, { archive, ...given }, config);
  const { ARCHIVE_FILE } = await import('../../synthetic/archive/archive.ts');
  const newest = () =>
    requireRun('sample', undefined, 'run: gan sample', ARCHIVE_FILE).file(ARCHIVE_FILE);
  const chosen = settings.archive ?? newest();
  const data = settings.data ?? storeOfRun(dirname(chosen)) ?? defaultStorePath();
  return { ...settings, archive: chosen, data };
}

type Settings = Awaited<ReturnType<typeof settingsOf>>;

/**
 * The classifier given, the newest one that may judge, or a new one, which `keep` saves for later runs;
 * and which was chosen where none is given.
 */
async function verifierFor(
  settings: Settings,
  store: import('../dataset/store/store.ts').Store,
  { guide, out }: { guide: string | null; out?: string },
) {
  const verifiers = await import('../../synthetic/checks/verifier.ts');
  const { loadVerifier, VERIFIER_FOLDER } = verifiers;
  const { CbedError } = await import('../common/errors.ts');
  if (settings.classifier)
    return { verifier: await loadVerifier(settings.classifier, store, guide) };
  const newest = verifiers.newestOfReal(settings.data);
  if (newest) {
    try {
      const verifier = await loadVerifier(newest.folder, store, guide);
      return { verifier, chosen: { classifier: newest.folder } };
    } catch (error) {
      if (!(error instanceof CbedError)) throw error;
      console.error(`${error.message}; another judges`);
    }
  }
  const { updates, seed } = settings;
  const folders = [...(out ? [join(out, VERIFIER_FOLDER)] : []), ...verifiers.keptVerifiers()];
  let training = { updates, seed: seed + 1000, progress: terminalProgress };
  const kept = verifiers.keptVerifier(folders, store, training);
  if (kept) {
    try {
      const verifier = await loadVerifier(kept, store, guide);
      console.error(`judged by the verifier of an earlier score, ${kept}: nothing to train`);
      return { verifier, chosen: { classifier: kept } };
    } catch (error) {
      // It guided the search for these samples: one of another seed judges them.
      if (!(error instanceof CbedError)) throw error;
      training = { ...training, seed: training.seed + 1 };
    }
  }
  const verifier = await verifiers.trainVerifier(store, training);
  return {
    verifier,
    chosen: { classifier: `trained for this: ${updates} updates, seed ${training.seed}` },
    keep: (folder: string) =>
      verifiers.keepVerifier(verifier, join(folder, VERIFIER_FOLDER), { store, training }),
  };
}

/** Share of held-out real triplets that checks of crystals accept where nothing is said of `--accept`. */
const MOST_REAL = 0.75;

/** The score with the samples accepted by their atoms, where that is asked for or the checks cannot say. */
async function accepted(found: Score, archive: SyntheticArchive, accept: Settings['accept']) {
  const { inputError } = await import('../common/errors.ts');
  const { acceptedByAtoms } = await import('../../synthetic/checks/acceptance.ts');
  const crystals = archive.cifs?.every((cif) => cif !== null) ?? false;
  if (accept === 'atoms' && !crystals) {
    throw inputError(`${archive.path}: not every sample is a crystal`, 'use --accept checks');
  }
  const byAtoms = accept === 'atoms' || (accept === 'auto' && crystals && found.doubt !== null);
  if (!byAtoms) {
    const { held } = found;
    const isStrict =
      accept === 'auto' && crystals && held && held.accepted < MOST_REAL * held.count;
    const said = isStrict
      ? [
          `The checks are strict: they refuse ${held.count - held.accepted} of ${held.count} real triplets. --accept atoms takes every new crystal that has its group.`,
        ]
      : [];
    return { score: found, said };
  }
  const samples = acceptedByAtoms(found.samples);
  const many = samples.filter((sample) => sample.accepted).length;
  const said = [
    `By their atoms ${many} of ${samples.length} are accepted: each is a new crystal that has exactly the group of its label, and no copy (--accept checks: only what the checks let through)`,
  ];
  return { score: { ...found, samples, doubt: null }, said };
}

async function scoreArchive(archivePath: string | undefined, flags: ScoreFlags): Promise<void> {
  const settings = await settingsOf(archivePath, flags);
  const { claimRun, openRun } = await import('../common/run.ts');
  claimRun('score', settings, flags.out);
  const { openArchive } = await import('../../synthetic/archive/archive.ts');
  const { openStore } = await import('../dataset/store/store.ts');
  const archive = await openArchive(settings.archive);
  const store = await openStore(settings.data);
  if (store.indices('train').length === 0) {
    throw usageError(`${settings.data} has no training part to score against`);
  }
  const { writeJson } = await import('../common/files.ts');
  const { scoreArchive } = await import('../../synthetic/checks/score.ts');
  const { SCORE_FILE, SCORED_FILE, writeScored } = await import(
    '../../synthetic/archive/archive.ts'
  );
  const { recordMaterials } = await import('../../synthetic/archive/passport.ts');
  const { scoreSentences, scoreText } = await import('../../synthetic/checks/score-text.ts');
  const guide = archive.origin?.guide?.digest ?? null;
  const { verifier, chosen, keep } = await verifierFor(settings, store, { guide, out: flags.out });
  const judged = await scoreArchive({
    ...settings,
    archive,
    store,
    verifier,
    progress: terminalProgress,
  });
  const { score, said } = await accepted(judged, archive, settings.accept);
  const run = openRun('score', settings, flags.out, chosen);
  await keep?.(run.folder);
  writeJson(run.file(SCORE_FILE), score);
  const scored = await writeScored(run.file(SCORED_FILE), archive, score.samples, {
    verifier: recordMaterials(verifier.digest, verifier.seen.materials),
    doubt: score.doubt,
  });
  const { saveSummary } = await import('../common/summary.ts');
  const many = score.samples.filter((sample) => sample.accepted).length;
  saveSummary(run, {
    figure: `${many} of ${counted(score.samples.length, 'sample')} accepted`,
    lines: [...scoreSentences(judged), ...said],
    ...(scored &&
      !score.doubt && {
        next: {
          text: 'mix the accepted ones with real triplets.',
          command: `npx gan mix ${run.file(SCORED_FILE)} --undersample 100`,
        },
      }),
  });
  const { drawScore } = await import('../report/figures/realism.ts');
  await drawScore(flags.figures ?? run.file('figures'), {
    score,
    archive,
    train: store.examples('train'),
  });
  console.log(
    flags.json ? JSON.stringify(score, null, 2) : [scoreText(judged), ...said].join('\n\n'),
  );
  console.error(`wrote ${run.folder}`);
  if (!scored) console.error('no passports in this archive: it can be scored, but not mixed');
  else if (!score.doubt && !flags.json) console.log('next: npx gan mix --undersample 100');
  verifier.dispose();
  store.close();
}

/** `gan score`: realism report, per sample and per class. */
export const scoreCommand = (): Command =>
  new Command('score')
    .description(
      'score synthetic triplets for realism against real training triplets, and accept or reject each',
    )
    .argument(
      '[archive]',
      'synthetic archive, or any HDF5 file with images and labels (default: of the newest gan sample)',
    )
    .option(
      '--data <store>',
      'prepared store with the real triplets (default: the one that the samples were made for)',
    )
    .option('--per-class', 'also score each class by itself')
    .option(
      '--classifier <run>',
      'classifier that judges, not the one that guided the generator (default: the newest, or one trained for this and kept in the run folder for the next)',
    )
    .option(
      '--updates <n>',
      'updates of the classifier that is trained where none may judge (default: 600)',
    )
    .option(
      '--cas-updates <n>',
      'updates of each classifier of the CAS; 0 leaves it out (default: 150)',
    )
    .option(
      '--network-updates <n>',
      'updates of the network that tries to tell samples from real triplets; 0 leaves it out (default: 150)',
    )
    .option(
      '--accept <by>',
      'checks; atoms: every crystal that is new and has its group; auto: atoms where the checks cannot say (default: auto)',
    )
    .option('--figures <folder>', 'where the figures go (default: in the run folder)')
    .option('--out <folder>', 'run folder (default: a new one in the workspace)')
    .option(...DRY_RUN)
    .option('--json', 'print the report as JSON')
    .option('--seed <n>', 'seed of every random draw (default: 1)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .addHelpText(
      'after',
      '\nExample:\n  npx gan score workspace/runs/…-sample/synthetic.h5 --per-class',
    )
    .action(scoreArchive);
