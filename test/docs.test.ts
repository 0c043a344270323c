import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shortVerdict } from '../src/benchmark/comparison/short-verdict.ts';
import { readStudyFolder } from '../src/benchmark/study/folder.ts';
import { packageRoot } from '../src/common/paths.ts';
import { compareFolder } from '../src/report/pages/study-files.ts';

const pagesIn = (folder: string): string[] =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...['docs', 'benchmarks', 'data'].flatMap(pagesIn),
];
const read = (page: string): string => readFileSync(join(packageRoot, page), 'utf8');
const linesOf = (page: string): number => read(page).split('\n').length - 1;

describe.each(pages)('%s', (page) => {
  it('has no link to a file that is not there', () => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to!);
    const dead = links.filter(
      (to) =>
        !/^(https?:|mailto:|#)/.test(to) &&
        !existsSync(join(packageRoot, dirname(page), to.split('#')[0]!)),
    );
    expect(dead).toEqual([]);
  });
});

it('keeps the README and the pages of the guide short', () => {
  expect(linesOf('README.md')).toBeLessThanOrEqual(120);
  for (const page of pagesIn('docs/guide'))
    expect([page, linesOf(page) <= 150]).toEqual([page, true]);
});

it('names only files and folders of the code that there are', () => {
  const named = [
    ...read('ARCHITECTURE.md').matchAll(/`((?:src|gan|classifier|synthetic)\/[\w/.-]+)`/g),
  ];
  const paths = named.map(([, path]) => path!).filter((path) => !/KIND|NAME/.test(path));
  expect(paths.length).toBeGreaterThan(80);
  expect(paths.filter((path) => !existsSync(join(packageRoot, path)))).toEqual([]);
});

it('names only commands that there are', async () => {
  const { buildProgram } = await import('../src/cli.ts');
  const known = (words: string[]): boolean => {
    let command = buildProgram();
    for (const word of words) {
      const next = command.commands.find((one) => one.name() === word);
      if (!next) return command !== undefined && command.commands.length === 0;
      command = next;
    }
    return true;
  };
  const asked = ['README.md', ...pagesIn('docs/guide')].flatMap((page) =>
    [...read(page).matchAll(/npx gan ([a-z]+)(?: ([a-z]+))?/g)].map(([text, first, second]) => ({
      ...{ page, text },
      words: ['data', 'classify', 'bench'].includes(first!) && second ? [first!, second] : [first!],
    })),
  );
  expect(asked.filter(({ words }) => !known(words))).toEqual([]);
});

it('quotes in the README what the code says of the recorded study', () => {
  const recorded = (name: string) => {
    const folder = readStudyFolder(join(packageRoot, 'benchmarks', 'studies', name));
    return { study: folder.study, comparison: compareFolder(folder).compared.comparisons[0]! };
  };
  const text = read('README.md').replaceAll('**', '');
  const quick = recorded('quick');
  expect(text).toContain(
    `\`\`\`\n${shortVerdict(quick.study, quick.comparison).join('\n')}\n\`\`\`\n`,
  );
  const { comparison } = recorded('default-minerals');
  const rows = comparison.arms.map(({ statistics }) =>
    (['macroF1', 'fewRecall', 'manyRecall', 'top1'] as const).map((name) => {
      const { mean, sd } = statistics[name];
      return `${(100 * mean).toFixed(1)} ± ${(100 * sd).toFixed(1)}`;
    }),
  );
  const table = text.split('\n').filter((line) => / ± /.test(line));
  expect(table.map((line) => line.split(' | ').slice(1).join(' | '))).toEqual(
    rows.map((row) => `${row.join(' | ')} |`),
  );
});
