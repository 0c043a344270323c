import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { Generator } from '../../gan/generator.ts';
import type { Trained } from '../../gan/training/loop.ts';
import type { SettingSources, TrainingSetup } from '../../gan/training/settings.ts';
import type { Setback } from '../../gan/training/watchdog.ts';
import { stoppable } from '../common/interruption.ts';
import { counted } from '../common/log.ts';
import { isDryRun } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';
import type { Run } from '../common/run.ts';
import type { Store } from '../dataset/store/store.ts';
import type { WatchResult } from '../report/pages/gan-watch.ts';

interface TrainFlags {
  dryRun?: boolean;
  config?: string;
  out?: string;
  resume?: string | true;
  json?: boolean;
  [setting: string]: unknown;
}

const MODEL_FILE = 'model.safetensors';

/** The run to go on with; null for a training that starts anew. */
async function resumedRun({ resume, out }: TrainFlags): Promise<Run | null> {
  if (!resume) return null;
  const { requireRun } = await import('../common/run.ts');
  return requireRun('gan', resume === true ? out : resume, 'start one: npx gan train');
}

async function train(flags: TrainFlags): Promise<void> {
  const { config: file, out: _o, resume: _r, dryRun, json, crystals, ...given } = flags;
  const resumed = await resumedRun(flags);
  const { trainingAbout, trainingSetup } = await import('../../gan/training/settings.ts');
  const sources: SettingSources = { flags: given, file, resumed: resumed?.file('config.json') };
  const about = trainingAbout(sources);
  const { openStore } = await import('../dataset/store/store.ts');
  const { trainingClasses } = await import('../../gan/classes.ts');
  const opened = await openStore(about.data);
  try {
    const known = crystals === undefined ? opened : await knowingCrystals(opened, String(crystals));
    const setup = await trainingSetup(about, known, sources);
    const chosen = trainingClasses(setup.store, about.classes);
    if (dryRun || isDryRun()) {
      const { planText } = await import('../../gan/training/plan.ts');
      const { settings } = setup;
      const plan = setup.kind.plan(setup.store, setup.config, chosen);
      console.log(json ? JSON.stringify({ settings, plan }, null, 2) : planText(plan));
      return;
    }
    await trainOn({ setup, chosen, resumed }, flags);
  } finally {
    opened.close();
  }
}

/** The store with the crystals that `--crystals` names. */
async function knowingCrystals(store: Store, from: string): Promise<Store> {
  const { withCrystals, withMinerals } = await import('../../gan/crystal/data.ts');
  if (from !== 'minerals') return withCrystals(store, from);
  const { store: known, assumed } = withMinerals(store);
  console.error(assumed);
  return known;
}

/** What a setback means for the training, in a line. */
const setbackText = ({ trouble, text, step, back, noise }: Setback): string =>
  `  step ${step}: ${trouble}, ${text}; ` +
  (noise === null
    ? `stopped with the weights of step ${back}`
    : `going on from step ${back} with input noise ${noise.toPrecision(2)}`);

interface Training {
  setup: TrainingSetup;
  chosen: readonly number[];
  resumed: Run | null;
}

/**
 * Says where a resumed training goes on. False where nothing is left to do.
 *
 * @throws usage error where the steps asked for are done already.
 */
async function goesOn(
  { setup, resumed }: Training,
  { steps }: TrainFlags,
  done: number,
): Promise<boolean> {
  if (!resumed) return true;
  const { existsSync } = await import('node:fs');
  const { usageError } = await import('../common/errors.ts');
  const wanted = setup.config.steps;
  if (done === 0) {
    console.error(`${resumed.folder} has no checkpoint: starting at step 0`);
    return true;
  }
  if (done < wanted) {
    console.error(`going on at step ${done} of ${wanted}`);
    return true;
  }
  if (steps !== undefined) {
    throw usageError(
      `--steps ${steps}: ${resumed.folder} has done ${done} steps already`,
      `give more than ${done}, the number of steps in all`,
    );
  }
  if (!existsSync(resumed.file(MODEL_FILE))) return true;
  // Other settings than the run's: its checkpoint refuses them and names the first that differs.
  const { readJson } = await import('../common/run.ts');
  const recorded = readJson<Record<string, unknown>>(resumed.file('config.json'));
  const changed = Object.entries(setup.settings).some(
    ([name, value]) => name !== 'steps' && JSON.stringify(value) !== JSON.stringify(recorded[name]),
  );
  if (changed) return true;
  console.error(
    `${resumed.folder} has done all its ${done} steps; to train on, give --steps above ${done}`,
  );
  return false;
}

async function trainOn(training: Training, flags: TrainFlags): Promise<void> {
  const { setup, chosen, resumed } = training;
  const { memoryWarnings } = await import('../../gan/classes.ts');
  const { withOutputLock } = await import('../common/lock.ts');
  const { openRun } = await import('../common/run.ts');
  for (const warning of memoryWarnings(setup.store, chosen)) console.error(warning);
  const open = (): Run => resumed ?? openRun('gan', setup.settings, flags.out);
  const own = resumed === null && flags.out === undefined ? open() : null;
  const folder = own?.folder ?? resolve(resumed?.folder ?? flags.out!);
  const refuse = { refuse: `the run ${folder}` };
  await withOutputLock(folder, () => trainIn(own ?? open(), training, flags), refuse);
}

async function trainIn(run: Run, training: Training, flags: TrainFlags): Promise<void> {
  const { setup, chosen, resumed } = training;
  const { store, about, kind, config, settings } = setup;
  const { Checkpoints } = await import('../../gan/training/checkpoint.ts');
  const { writeJson } = await import('../common/files.ts');
  const { GanWatch } = await import('../report/pages/gan-watch.ts');
  const { kid } = await import('../../synthetic/metrics/kid.ts');
  const checkpoints = new Checkpoints(run.file('checkpoints'), { keep: about.keep });
  if (!resumed) checkpoints.clear();
  const attention = new Set(chosen.map((spaceGroup) => store.classes.indexOf(spaceGroup)));
  const promise = 'gan: finishing this step, then writing a checkpoint';
  const { result, code } = await stoppable(promise, async (stopped) => {
    if (!(await goesOn(training, flags, checkpoints.step))) return null;
    if (resumed) writeJson(run.file('config.json'), settings);
    const watch = new GanWatch(run, store, chosen);
    console.error(watch.hint);
    const trained = await kind.train({
      store,
      config,
      attention,
      checkpoints,
      minutes: about.minutes,
      stopped,
      progress: terminalProgress,
      watch: kid,
      onSetback: (setback) => console.error(setbackText(setback)),
      onHistory: (history) => watch.begin(history),
      onReport: (row, modelNow) => watch.report(row, modelNow),
    });
    return { trained, watch };
  });
  if (!result) return;
  const { trained, watch } = result;
  const { model, untrained, end, steps } = trained;
  try {
    if (end === 'stopped') {
      console.error(`stopped at step ${steps}; go on with: npx gan train --resume ${run.folder}`);
      process.exitCode = code ?? 0;
      return;
    }
    if (end === 'minutes') {
      console.error(`stopped after ${about.minutes} minutes at step ${steps} of ${config.steps}`);
    }
    model.save(run.file(MODEL_FILE));
    untrained.save(run.file('untrained.safetensors'));
    const found = await watch.finish(trained, terminalProgress);
    const { generatorCard } = await import('../../gan/card.ts');
    const { writeCard } = await import('../common/card.ts');
    writeCard(run.file('README.md'), generatorCard(model, { steps, quality: found.quality }));
    await report({ run, trained, found, classes: chosen.length }, flags);
  } finally {
    for (const one of [model, untrained]) one.dispose();
  }
}

/** What a training came to. */
interface Result {
  run: Run;
  trained: Trained<Generator>;
  found: WatchResult;
  classes: number;
}

async function report(
  { run, trained, found, classes }: Result,
  { json }: TrainFlags,
): Promise<void> {
  const { model, steps, setbacks } = trained;
  const { quality, wrote } = found;
  const { trained: after, untrained: before, floor } = quality;
  const isNoBetter = after !== null && before !== null && after >= before;
  if (isNoBetter) {
    console.error(
      `warning: the GAN is no better than before its first step (KID ${after.toPrecision(3)} against ${before.toPrecision(3)}); train longer (--resume ${run.folder} --steps N), or lower generator-rate or raise penalty in a --config`,
    );
  }
  const many = classes === 1 ? '1 class' : `${classes} classes`;
  const learned =
    after === null || before === null || floor === null
      ? `KID of ${many}: too few real triplets (${quality.real}) to say whether the GAN has learned anything`
      : `KID of ${many} in random convolutions: ${after.toPrecision(3)} (untrained generator ${before.toPrecision(3)}, real against real ${floor.toPrecision(2)})`;
  const { saveSummary } = await import('../common/summary.ts');
  const sampling = `npx gan sample --gan ${run.folder}`;
  saveSummary(run, {
    figure: counted(steps, 'step'),
    lines: [learned],
    next: isNoBetter
      ? {
          text: 'train longer: it is no better than before its first step.',
          command: `npx gan train --resume ${run.folder} --steps ${2 * steps}`,
        }
      : {
          text: 'draw samples, at random or near the boundaries of a classifier.',
          command: model.space ? `${sampling}\n${sampling} --near-boundary` : sampling,
        },
  });
  if (json) {
    const facts = { run: run.folder, steps, digest: model.digest, setbacks, quality };
    console.log(JSON.stringify(facts, null, 2));
    return;
  }
  console.log(learned);
  console.log(`wrote ${[run.file(MODEL_FILE), ...wrote].join(', ')}`);
  console.log(
    isNoBetter
      ? `next: npx gan train --resume ${run.folder} --steps ${2 * steps}`
      : 'next: npx gan sample',
  );
}

/** `gan train`: the conditional GAN. */
export const trainCommand = (): Command =>
  new Command('train')
    .description('train the conditional GAN on the training split of a prepared store')
    .option(
      '--classes <which>',
      'classes that get most attention: rare (fewer than 20 training materials), medium (20 to 100), all, numbers such as 14,62,225, or a crystal system',
    )
    .option('--data <store>', `prepared store (default: ${join('workspace', 'prepared.h5')})`)
    .option(
      '--generator <kind>',
      'crystal: crystals, simulated; codec: disc tables, rendered; pixel: draws pixels (default: the first that fits the store)',
    )
    .option(
      '--size <pixels>',
      'pixels a side of the patterns of a pixel generator: 16, 32, 64 or 128 (default: those of the store)',
    )
    .option(
      '--preset <machine>',
      'cpu or gpu: sizes of networks, batch and training (default: cpu)',
    )
    .option(
      '--steps <n>',
      'updates of both networks, in all (default: of kind and preset; crystal 500)',
    )
    .option('--minutes <n>', 'stop after this long, even when steps are left (default: never)')
    .option('--batch <n>', 'crystals or triplets a step (default: of kind and preset; crystal 32)')
    .option(
      '--crystals <folder>',
      'CIF files named like the materials, or minerals (default: those of the store)',
    )
    .option('--resume [run]', 'go on with an interrupted training (default: the newest)')
    .option('--keep <n>', 'checkpoints that stay (default: 2)')
    .option('--dry-run', 'say what would be trained, its size, time and memory; make nothing')
    .option('--seed <n>', 'seed of every random draw (default: 0)')
    .option('--out <folder>', 'run folder (default: a new one in the workspace)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  npx gan train --classes rare --minutes 5')
    .action(train);
