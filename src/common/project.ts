import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { dashed, readConfigFile } from './config.ts';
import { usageError } from './errors.ts';
import { didYouMean } from './suggest.ts';
import { isTable } from './table.ts';

/** Defaults of a project: a file of this name in the folder where a command is started. */
export const PROJECT_FILE = 'gan.yaml';

/** Flags of one call, which a project has no default for. */
const ONE_CALL = ['config', 'dry-run', 'force', 'from', 'json', 'replay', 'resume', 'template'];
/** Flags whose values belong to one command. */
const ONE_COMMAND = ['export', 'figures', 'format', 'onnx', 'out', 'picture', 'sheet', 'shard'];

/** A command that does something, and the words that call it. */
export interface NamedCommand {
  name: string;
  command: Command;
}

/** Every command that does something, hidden ones left out. */
export function leafCommands(command: Command, words: readonly string[] = []): NamedCommand[] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  if (below.length === 0) return [{ name: words.join(' '), command }];
  return below.flatMap((one) => leafCommands(one, [...words, one.name()]));
}

const flagsOf = (command: Command): Option[] =>
  command.options.filter(({ long }) => long && !ONE_CALL.includes(long.slice(2)));

const flagOf = (command: Command, name: string): Option | undefined =>
  flagsOf(command).find((flag) => flag.attributeName() === name);

/** A value of the file as the flag would have it from the command line. */
function valueFor(flag: Option, value: unknown): unknown {
  const wrong = (expected: string) =>
    usageError(
      `${PROJECT_FILE}: ${dashed(flag.attributeName())} = ${JSON.stringify(value)}: ${expected}`,
    );
  if (typeof value === 'boolean') {
    if (flag.isBoolean() || flag.optional) return value;
    throw wrong('is not a value of this flag');
  }
  if (flag.isBoolean()) throw wrong('is neither true nor false');
  const list = Array.isArray(value) ? value : [value];
  if (value === null || !list.every((one) => ['string', 'number'].includes(typeof one))) {
    throw wrong('is neither a text nor a number');
  }
  const choices = flag.argChoices;
  if (choices && !choices.includes(String(value))) throw wrong(`is none of ${choices.join(', ')}`);
  return flag.variadic ? list.map(String) : list.join(',');
}

/** Refuses what is no flag of any command, or none of the command that it stands below. */
function check(settings: Record<string, unknown>, commands: readonly NamedCommand[]): void {
  const names = commands.map(({ name }) => name);
  const all = commands.flatMap(({ command }) => flagsOf(command));
  const known = (flags: readonly Option[]) => [
    ...new Set(flags.map((flag) => dashed(flag.attributeName()))),
  ];
  for (const [key, value] of Object.entries(settings)) {
    const one = commands.find(({ name }) => name === key);
    if (one && isTable(value)) {
      for (const name of Object.keys(value)) {
        if (flagOf(one.command, name)) continue;
        const mend = didYouMean(dashed(name), known(flagsOf(one.command)));
        throw usageError(`${PROJECT_FILE}: gan ${key} has no setting ${dashed(name)}`, mend);
      }
      continue;
    }
    if (ONE_COMMAND.includes(dashed(key))) {
      const mend = 'put it below the name of that command';
      throw usageError(`${PROJECT_FILE}: ${dashed(key)} belongs to one command`, mend);
    }
    if (isTable(value) || !all.some((flag) => flag.attributeName() === key)) {
      const mend = didYouMean(dashed(key), isTable(value) ? names : [...known(all), ...names]);
      const what = isTable(value) ? 'command' : 'command or setting';
      throw usageError(`${PROJECT_FILE}: there is no ${what} ${dashed(key)}`, mend);
    }
  }
}

/**
 * Gives a command the defaults of `gan.yaml`: flags by their names for every command that has
 * them, and below a command's name (`classify train:`) for that command alone. Flags and the
 * `--config` of the call are stronger; a run that is gone on with keeps its own settings.
 *
 * @returns the names of the settings that came from the file.
 * @throws usage error that names a setting which no command has, or a value that cannot be.
 */
export function applyProjectFile(program: Command, command: Command, folder = '.'): string[] {
  const file = join(folder, PROJECT_FILE);
  if (!existsSync(file)) return [];
  const settings = readConfigFile(file);
  const commands = leafCommands(program);
  check(settings, commands);
  const { config, resume } = command.opts<{ config?: string; resume?: unknown }>();
  if (resume) return [];
  const stronger = config ? readConfigFile(config) : {};
  const own = commands.find((one) => one.command === command);
  const section = own ? settings[own.name] : undefined;
  const given = { ...settings, ...(isTable(section) ? section : {}) };
  const applied: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    const flag = flagOf(command, key);
    const source = flag && command.getOptionValueSource(key);
    if (!flag || isTable(value) || key in stronger) continue;
    if (source !== undefined && source !== 'default') continue;
    command.setOptionValueWithSource(key, valueFor(flag, value), 'config');
    applied.push(dashed(key));
  }
  return applied;
}
