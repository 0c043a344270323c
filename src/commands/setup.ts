import { Command, Option } from 'commander';
import { inputError } from '../common/errors.ts';
import { terminalProgress } from '../common/progress.ts';

interface SetupFlags {
  device: 'auto' | 'cpu' | 'cuda';
  tensorflow?: string;
  force?: boolean;
}

/** `gan setup`: provisions native TensorFlow and shows that it loads. */
export const setupCommand = (): Command =>
  new Command('setup')
    .description(
      'fetch native TensorFlow and compile its binding (once per user; later calls are instant)',
    )
    .addOption(
      new Option('--device <device>', 'processor or NVIDIA GPU; auto: what is there')
        .choices(['auto', 'cpu', 'cuda'])
        .default('auto'),
    )
    .option(
      '--tensorflow <version>',
      'another version of TensorFlow (default: the one that it was tried with)',
    )
    .option('--force', 'fetch and compile again')
    .addHelpText('after', '\nExample:\n  npx gan setup --device cpu')
    .action(async (_flags: SetupFlags, command: Command) => {
      const { device, tensorflow, force = false } = command.optsWithGlobals<SetupFlags>();
      const { provision } = await import('../engine/provision.ts');
      const made = await provision({
        device,
        force,
        ...(tensorflow ? { version: tensorflow } : {}),
        progress: terminalProgress,
        onWait: (holder) => console.error(`  waiting for ${holder}, which is setting up`),
      });
      const place = made.folder ?? "tfjs-node's own files";
      if (made.already) {
        console.log(`TensorFlow ${made.version} (${made.device}) is in place: ${place}`);
        return;
      }
      const { probeEngine } = await import('../engine/probe.ts');
      const probe = await probeEngine();
      if ('failed' in probe) {
        throw inputError(`TensorFlow is set up, but ${probe.failed}`, 'see: npx gan doctor');
      }
      const { ok: engine } = probe;
      const where = engine.gpu ? 'GPU' : `${engine.threads} threads`;
      console.log(`TensorFlow ${engine.tensorflow} is ready (${where}): ${place}`);
    });
