import { Command } from 'commander';
import { terminalProgress } from '../ground/progress.ts';

/** `gan setup`: provisions native TensorFlow. */
export const setupCommand = (): Command =>
  new Command('setup')
    .description(
      'fetch native TensorFlow and compile its binding (once per user; later calls are instant)',
    )
    .option('--force', 'fetch and compile again')
    .addHelpText('after', '\nExample:\n  npx gan setup')
    .action(async (flags: { force?: boolean }) => {
      const { provision } = await import('../engine/provision.ts');
      const made = await provision({ force: flags.force ?? false, progress: terminalProgress });
      console.log(
        `TensorFlow ${made.version} (${made.device}) is ${made.already ? 'in place' : 'ready'}: ${made.folder}`,
      );
    });
