import { join } from 'node:path';
import { Command } from 'commander';
import type { Setback } from '../../gan/watchdog.ts';
import { terminalProgress } from '../ground/progress.ts';
import type { Run } from '../ground/run.ts';

interface TrainFlags {
  config?: string;
  out?: string;
  resume?: string | true;
  dryRun?: boolean;
  json?: boolean;
  [setting: string]: unknown;
}

async function settingsOf(given: TrainFlags, resumed: string | null) {
  const {
    config = resumed ?? undefined,
    out: _o,
    resume: _r,
    dryRun: _d,
    json: _j,
    ...flags
  } = given;
  const { z } = await import('zod');
  const { readConfigFile, resolveConfig } = await import('../ground/config.ts');
  const { defaultStorePath } = await import('../ground/run.ts');
  const { ganConfigFor, PRESETS } = await import('../../gan/config.ts');
  const word = z.enum(PRESETS, { error: `is none of ${PRESETS.join(', ')}` }).default('cpu');
  const file = config ? readConfigFile(config) : {};
  const { preset } = resolveConfig(z.object({ preset: word }), {
    preset: flags.preset ?? file.preset,
  });
  const schema = ganConfigFor(preset).extend({
    preset: word,
    data: z.string().default(defaultStorePath()),
    classes: z.coerce.string().default('rare'),
    minutes: z.coerce.number().positive({ error: 'is not above 0' }).optional(),
    keep: z.coerce.number().int().min(1, { error: 'is less than 1' }).default(2),
  });
  return resolveConfig(schema, flags, config);
}

type Settings = Awaited<ReturnType<typeof settingsOf>>;

const ganSettings = ({
  preset: _p,
  data: _d,
  classes: _c,
  minutes: _m,
  keep: _k,
  ...gan
}: Settings) => gan;

/** The run to go on with; null for a training that starts anew. */
async function resumedRun({ resume, out }: TrainFlags): Promise<Run | null> {
  if (!resume) return null;
  const { requireRun } = await import('../ground/run.ts');
  return requireRun('gan', resume === true ? out : resume, 'start one: npx gan train');
}

async function train(flags: TrainFlags): Promise<void> {
  const resumed = await resumedRun(flags);
  const settings = await settingsOf(flags, resumed?.file('config.json') ?? null);
  const { openStore } = await import('../dataset/store.ts');
  const { trainingClasses } = await import('../../gan/attention.ts');
  const store = await openStore(settings.data);
  try {
    const chosen = trainingClasses(store, settings.classes);
    if (flags.dryRun) {
      const { ganPlan, planText } = await import('../../gan/estimate.ts');
      const plan = ganPlan(store, ganSettings(settings), chosen);
      console.log(flags.json ? JSON.stringify({ settings, plan }, null, 2) : planText(plan));
      return;
    }
    await trainOn({ store, chosen, settings, resumed }, flags);
  } finally {
    store.close();
  }
}

/** What a setback means for the training, in a line. */
const setbackText = ({ trouble, text, step, back, noise }: Setback): string =>
  `  step ${step}: ${trouble}, ${text}; ` +
  (noise === null
    ? `stopped with the weights of step ${back}`
    : `going on from step ${back} with input noise ${noise.toPrecision(2)}`);

interface Training {
  store: import('../dataset/store.ts').Store;
  chosen: readonly number[];
  settings: Settings;
  resumed: Run | null;
}

async function trainOn({ store, chosen, settings, resumed }: Training, flags: TrainFlags) {
  const { ganData } = await import('../../gan/data.ts');
  const { trainGan } = await import('../../gan/train.ts');
  const { Checkpoints } = await import('../../gan/checkpoint.ts');
  const { memoryWarnings } = await import('../../gan/attention.ts');
  const { openRun } = await import('../ground/run.ts');
  const { GanWatch } = await import('../report/gan-watch.ts');
  const { kid } = await import('../../synthetic/metrics/kid.ts');
  for (const warning of memoryWarnings(store, chosen)) console.error(warning);
  const run = resumed ?? openRun('gan', settings, flags.out);
  const data = {
    ...ganData(store.examples('train'), terminalProgress),
    attention: new Set(chosen.map((spaceGroup) => store.classes.indexOf(spaceGroup))),
  };
  const watch = new GanWatch(run, store, chosen);
  const checkpoints = new Checkpoints(run.file('checkpoints'), { keep: settings.keep });
  if (!resumed) {
    checkpoints.clear();
    watch.begin();
  }
  const trained = await trainGan({
    data,
    config: ganSettings(settings),
    checkpoints,
    minutes: settings.minutes,
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
  console.log('next: npx gan sample --near-boundary');
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
