import { join } from 'node:path';
import { Command } from 'commander';
import type { DrawingModel } from '../../gan/random.ts';
import type { LoopOptions, Trained } from '../../gan/training/loop.ts';
import type { TrainingSettings } from '../../gan/training/settings.ts';
import type { Setback } from '../../gan/training/watchdog.ts';
import { terminalProgress } from '../common/progress.ts';
import type { Run } from '../common/run.ts';
import type { Store } from '../dataset/store/store.ts';

interface TrainFlags {
  config?: string;
  out?: string;
  resume?: string | true;
  dryRun?: boolean;
  json?: boolean;
  [setting: string]: unknown;
}

/** The run to go on with; null for a training that starts anew. */
async function resumedRun({ resume, out }: TrainFlags): Promise<Run | null> {
  if (!resume) return null;
  const { requireRun } = await import('../common/run.ts');
  return requireRun('gan', resume === true ? out : resume, 'start one: npx gan train');
}

async function train(flags: TrainFlags): Promise<void> {
  const { config, out: _o, resume: _r, dryRun, json, ...given } = flags;
  const resumed = await resumedRun(flags);
  const { trainingSettings, storeFor } = await import('../../gan/training/settings.ts');
  const settings = trainingSettings(given, config ?? resumed?.file('config.json'));
  const { openStore } = await import('../dataset/store/store.ts');
  const { trainingClasses } = await import('../../gan/training/attention.ts');
  const opened = await openStore(settings.about.data);
  try {
    const store = storeFor(settings, opened);
    const chosen = trainingClasses(store, settings.about.classes);
    if (dryRun) {
      const { planText } = await import('../../gan/training/plan.ts');
      const plan = await planOf(store, settings, chosen);
      console.log(
        json ? JSON.stringify({ settings: flat(settings), plan }, null, 2) : planText(plan),
      );
      return;
    }
    await trainOn({ store, chosen, settings, resumed }, flags);
  } finally {
    opened.close();
  }
}

/** Settings as one table, as config.json and --config hold them. */
const flat = ({ about, network }: TrainingSettings) => ({ ...about, ...network.config });

async function planOf(store: Store, { network }: TrainingSettings, chosen: readonly number[]) {
  const { ganPlan } = await import('../../gan/estimate.ts');
  if (network.generator === 'codec') return ganPlan(store, network.config, chosen);
  const { pixelPlan } = await import('../../gan/pixel/estimate.ts');
  return pixelPlan(store, network.config, chosen);
}

/** What a setback means for the training, in a line. */
const setbackText = ({ trouble, text, step, back, noise }: Setback): string =>
  `  step ${step}: ${trouble}, ${text}; ` +
  (noise === null
    ? `stopped with the weights of step ${back}`
    : `going on from step ${back} with input noise ${noise.toPrecision(2)}`);

interface Training {
  store: Store;
  chosen: readonly number[];
  settings: TrainingSettings;
  resumed: Run | null;
}

/** Trains what the settings name. */
async function learn(
  { store, chosen, settings: { network } }: Training,
  loop: LoopOptions<DrawingModel>,
): Promise<Trained<DrawingModel>> {
  const attention = new Set(chosen.map((spaceGroup) => store.classes.indexOf(spaceGroup)));
  const examples = store.examples('train');
  if (network.generator === 'codec') {
    const { ganData } = await import('../../gan/codec/data.ts');
    const { trainGan } = await import('../../gan/codec/train.ts');
    const data = { ...ganData(examples, terminalProgress), attention };
    return trainGan({ ...loop, data, config: network.config });
  }
  const { trainPixelGan } = await import('../../gan/pixel/train.ts');
  const data = { examples, store: store.digest, attention };
  return trainPixelGan({ ...loop, data, config: network.config });
}

async function trainOn(training: Training, flags: TrainFlags) {
  const { store, chosen, settings, resumed } = training;
  const { Checkpoints } = await import('../../gan/training/checkpoint.ts');
  const { memoryWarnings } = await import('../../gan/training/attention.ts');
  const { openRun } = await import('../common/run.ts');
  const { GanWatch } = await import('../report/pages/gan-watch.ts');
  const { kid } = await import('../../synthetic/metrics/kid.ts');
  for (const warning of memoryWarnings(store, chosen)) console.error(warning);
  const run = resumed ?? openRun('gan', flat(settings), flags.out);
  const watch = new GanWatch(run, store, chosen);
  const checkpoints = new Checkpoints(run.file('checkpoints'), { keep: settings.about.keep });
  if (!resumed) {
    checkpoints.clear();
    watch.begin();
  }
  const trained = await learn(training, {
    checkpoints,
    minutes: settings.about.minutes,
    progress: terminalProgress,
    watch: kid,
    onSetback: (setback) => console.error(setbackText(setback)),
    onReport: (row, modelNow) => watch.report(row, modelNow),
  });
  const { model, untrained, steps, setbacks } = trained;
  model.save(run.file('model.safetensors'));
  untrained.save(run.file('untrained.safetensors'));
  const { quality, wrote } = await watch.finish(trained);
  const result = { run: run.folder, steps, digest: model.digest, setbacks, quality };
  for (const made of [model, untrained]) made.dispose();
  if (flags.json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  const floor =
    quality.floor === null
      ? 'too few real triplets for a floor'
      : `real against real ${quality.floor.toPrecision(2)}`;
  console.log(
    `KID of ${chosen.length} classes in random convolutions: ${quality.trained.toPrecision(3)} (untrained generator ${quality.untrained.toPrecision(3)}, ${floor})`,
  );
  console.log(`wrote ${[run.file('model.safetensors'), ...wrote].join(', ')}`);
  const near = settings.network.generator === 'codec' ? ' --near-boundary' : '';
  console.log(`next: npx gan sample${near}`);
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
    .option('--generator <kind>', 'codec: disc tables, rendered (default); pixel: draws pixels')
    .option('--size <n>', 'pixels a side of pixel: 16, 32, 64 or 128 (default: those of the store)')
    .option('--preset <machine>', 'cpu or gpu: sizes of networks, batch and training')
    .option('--steps <n>', 'updates of both networks')
    .option('--minutes <n>', 'stop after this long, even when steps are left')
    .option('--batch <n>', 'triplets a step')
    .option('--resume [run]', 'go on with an interrupted training (default: the newest)')
    .option('--keep <n>', 'checkpoints that stay')
    .option('--dry-run', 'say what would be trained, its size, time and memory; train nothing')
    .option('--seed <n>', 'seed of every random draw')
    .option('--out <folder>', 'run folder')
    .option('--config <file>', 'settings as YAML; flags override')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  npx gan train --classes rare --minutes 5')
    .action(train);
