import { Command } from 'commander';
import { leafCommands } from '../common/project.ts';

/** Words that may follow each command: `data` → `simulate`, …; `data simulate` → its flags. */
function wordsOf(program: Command): Map<string, string[]> {
  const words = new Map<string, string[]>();
  const add = (path: string, word: string): void => {
    const known = words.get(path) ?? [];
    if (!known.includes(word)) words.set(path, [...known, word]);
  };
  for (const { name, command } of leafCommands(program)) {
    const parts = name.split(' ');
    for (const [depth, part] of parts.entries()) add(parts.slice(0, depth).join(' '), part);
    for (const { long } of [...command.options, ...program.options]) add(name, long!);
  }
  return words;
}

/** A script for bash, and for zsh by its emulation: commands and flags, then files. */
function script(program: Command): string {
  const words = wordsOf(program);
  const paths = [...words.keys()].filter(Boolean).map((path) => `'${path}'`);
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`);
  return `if [ -n "$ZSH_VERSION" ]; then autoload -U +X compinit bashcompinit && compinit && bashcompinit; fi
_gan() {
  local words='' path='' next word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "$next" in ${paths.join('|')}) path=$next ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gan gan`;
}

/** `gan completion`: what a shell needs to complete commands and flags. */
export const completionCommand = (): Command =>
  new Command('completion')
    .description('print the completion script of bash and zsh')
    .addHelpText('after', '\nExample:\n  source <(gan completion)')
    .action((_flags: object, command: Command) => console.log(script(command.parent!)));
