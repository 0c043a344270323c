import { Command } from 'commander';
import { usageError } from '../common/errors.ts';
import { terminalProgress } from '../common/progress.ts';

interface QuickstartFlags {
  minutes: string;
  seed: string;
  out?: string;
}

async function run(flags: QuickstartFlags): Promise<void> {
  const minutes = Number(flags.minutes);
  const seed = Number(flags.seed);
  if (!(minutes > 0 && minutes <= 1000)) {
    throw usageError(
      `--minutes ${flags.minutes} is not a number of minutes`,
      'for example: --minutes 8',
    );
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw usageError(`--seed ${flags.seed} is not a whole number from 0 on`);
  }
  // One thread a process and a process a core: small networks gain nothing from a second thread.
  process.env.CBED_THREADS ??= '1';
  const { provision } = await import('../engine/provision.ts');
  const engine = await provision({ progress: terminalProgress });
  console.log(`TensorFlow ${engine.version} (${engine.device}) is ready`);
  const { quickstart } = await import('../quickstart/quickstart.ts');
  const say = (line: string) => console.log(line);
  await quickstart({ minutes, seed, out: flags.out, progress: terminalProgress, say });
}

/** `gan quickstart`: the whole story on the built-in minerals, in one run folder with a page. */
export const quickstartCommand = (): Command =>
  new Command('quickstart')
    .description(
      'the whole story on the built-in minerals: data, GAN, boundary samples, comparison, report',
    )
    .option('--minutes <n>', 'about how long it may take: as much of everything as fits', '8')
    .option('--seed <n>', 'seed of everything', '0')
    .option('--out <folder>', 'run folder (default: a new one in the workspace)')
    .addHelpText('after', '\nExample:\n  npx gan quickstart --minutes 5')
    .action(run);
