import { Command } from 'commander';
import { EXIT } from '../common/errors.ts';

const MARKS = { ok: 'ok', warning: '!', problem: 'X' } as const;

/** `gan doctor`: which engine runs, what is cached, and the mend of whatever is off. */
export const doctorCommand = (): Command =>
  new Command('doctor')
    .description(
      'examine the engine: versions, device, a self-test, and what to do where something is off',
    )
    .option('--json', 'print the report as JSON (docs/reference/doctor.schema.json)')
    .addHelpText('after', '\nExample:\n  npx gan doctor')
    .action(async (flags: { json?: boolean }) => {
      const { diagnose } = await import('../engine/doctor.ts');
      const report = await diagnose();
      if (report.state === 'problems') process.exitCode = EXIT.input;
      if (flags.json) {
        console.log(JSON.stringify(report, null, 2));
        return;
      }
      for (const { name, state, detail, mend } of report.checks) {
        console.log(`${MARKS[state].padStart(2)}  ${name.padEnd(10)}  ${detail}`);
        if (mend) console.log(`${' '.repeat(16)}-> ${mend}`);
      }
      console.log(
        report.state === 'problems' ? '\nSomething must be mended (see ->).' : '\nReady to run.',
      );
    });
