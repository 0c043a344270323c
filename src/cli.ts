import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { classifyCommand } from './commands/classify.ts';
import { completionCommand } from './commands/completion.ts';
import { dataCommand } from './commands/data.ts';
import { doctorCommand } from './commands/doctor.ts';
import { mixCommand } from './commands/mix.ts';
import { probeCommand } from './commands/probe.ts';
import { quickstartCommand } from './commands/quickstart.ts';
import { reportCommand } from './commands/report.ts';
import { runsCommand } from './commands/runs.ts';
import { sampleCommand } from './commands/sample.ts';
import { scoreCommand } from './commands/score.ts';
import { setupCommand } from './commands/setup.ts';
import { trainCommand } from './commands/train.ts';
import { universalCommand } from './commands/universal.ts';
import { EXIT, messageOf } from './common/errors.ts';
import { answerSignals } from './common/interruption.ts';
import { allowReplacing, DryRun, explainSystemError, onlyTry } from './common/outputs.ts';
import { packageRoot } from './common/paths.ts';
import { silenceProgress } from './common/progress.ts';
import { applyProjectFile, leafCommands, PROJECT_FILE } from './common/project.ts';

const version = (): string =>
  (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string })
    .version;

/** What stands before every command: flags of all commands, and the project file. */
function prepare(program: Command, command: Command): void {
  const { force = false, quiet = false } = program.opts<{ force?: boolean; quiet?: boolean }>();
  allowReplacing(force);
  silenceProgress(quiet);
  const { dryRun, json } = command.opts<{ dryRun?: boolean; json?: boolean }>();
  onlyTry(dryRun === true, json);
  command.setOptionValue('dryRun', undefined);
  const applied = applyProjectFile(program, command);
  if (applied.length > 0 && !quiet) console.error(`${PROJECT_FILE}: ${applied.join(', ')}`);
}

/** The whole command line; nothing heavy is loaded until a command runs. */
export function buildProgram(): Command {
  const program = new Command('gan')
    .description(
      'Synthetic CBED triplets near the decision boundaries of rare space groups: train, sample, score, mix, compare.',
    )
    .version(version())
    .option('--force', 'replace a result of other settings at --out')
    .option('--quiet', 'no progress')
    .hook('preAction', (program, command) => prepare(program, command))
    .showHelpAfterError('(gan --help lists the commands)')
    .addHelpText(
      'after',
      '\nStart with:\n  npx gan quickstart        the whole story on built-in minerals\n  npx gan doctor            what is installed and what is missing',
    );
  const commands = [
    setupCommand,
    doctorCommand,
    quickstartCommand,
    dataCommand,
    classifyCommand,
    trainCommand,
    sampleCommand,
    probeCommand,
    scoreCommand,
    mixCommand,
    benchCommand,
    universalCommand,
    reportCommand,
    runsCommand,
    completionCommand,
  ];
  for (const command of commands) program.addCommand(command());
  for (const { command } of leafCommands(program)) {
    command.configureHelp({ showGlobalOptions: true });
  }
  return program;
}

function exitOverrides(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) exitOverrides(inner);
}

/** A message without its longest values: a damaged file may hold one of a million letters. */
const readable = (message: string): string =>
  message.replaceAll(
    /\S{1000,}/g,
    (value) => `${value.slice(0, 60)}... (${value.length} characters)`,
  );

function report(error: unknown): number {
  if (error instanceof DryRun) {
    console.log(error.message);
    return EXIT.ok;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const known = explainSystemError(error);
  if (known && !process.env.CBED_DEBUG) {
    console.error(`gan: ${readable(known.message)}`);
    return known.exitCode;
  }
  console.error(
    process.env.CBED_DEBUG && error instanceof Error
      ? error.stack
      : `gan: ${readable(messageOf(error))} (set CBED_DEBUG=1 for the trace)`,
  );
  return EXIT.unexpected;
}

/** Runs the command line and exits with the code of the contract (0, 1, 2, 3, 130). */
export async function main(argv: readonly string[]): Promise<void> {
  answerSignals();
  // `gan ... | head` closes the pipe early: what is printed then is lost, the work is not.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const program = buildProgram();
  exitOverrides(program);
  try {
    await program.parseAsync([...argv]);
    process.exitCode ??= EXIT.ok;
  } catch (error) {
    process.exitCode = report(error);
  }
}
