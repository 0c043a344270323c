import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../src/cli.ts';

/** Every command that does something, with the words that call it. */
const leaves = (command: Command, words: string[] = []): { name: string; command: Command }[] => {
  const below = command.commands.filter(
    (one) => one.name() !== 'help' && !(one as unknown as { _hidden: boolean })._hidden,
  );
  if (below.length === 0) return [{ name: words.join(' '), command }];
  return below.flatMap((one) => leaves(one, [...words, one.name()]));
};

const all = leaves(buildProgram());

/** What a command prints for --help, with what was added to it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

/** Flags that several commands have: one name, one meaning, one kind of value. */
const SHARED: Record<string, RegExp> = {
  '--data': /store/,
  '--classes': /<(which|list)>/,
  '--seed': /<n>/,
  '--out': /<(folder|file|dir|store)>/,
  '--config': /<file>/,
  '--json': /^--json$/,
  '--updates': /<n>/,
  '--gan': /<run>/,
  '--guide': /<run>/,
  '--classifier': /<run>/,
  '--size': /<(n|pixels)>/,
  '--count': /<n>/,
  '--epsilon': /<x>/,
};

describe.each(all)('gan $name', ({ command }) => {
  it('has an example, and flags in words with dashes that mean the same as elsewhere', () => {
    const help = helpOf(command);
    expect(help).toMatch(/Examples?:\n +(npx )?gan /);
    for (const { long, flags, description } of command.options) {
      expect(flags).toMatch(/--[a-z0-9]+(-[a-z0-9]+)*/);
      expect(description).not.toBe('');
      const shared = SHARED[long ?? ''];
      if (shared) expect(flags).toMatch(shared);
    }
  });
});
