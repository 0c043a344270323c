import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Modules in the order data flows; a module may import itself and modules before it. */
const ORDER = [
  'src/crystal',
  'src/simulate',
  'src/dataset',
  'src/codec',
  'src/balance',
  'classifier',
  'gan',
  'synthetic',
  'src/benchmark',
  'src/report',
  'src/quickstart',
];
const FOUNDATION = ['src/common', 'src/engine'];

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

const files = ['src', 'gan', 'classifier', 'synthetic'].flatMap((module) =>
  sources(join(root, module)),
);
const moduleOf = (path: string): string =>
  [...ORDER, ...FOUNDATION, 'src/commands'].find((module) => path.startsWith(`${module}/`)) ?? path;

interface Import {
  from: string;
  to: string;
}

const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(file, 'utf8');
  const pattern = /(import|export)[^;'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from: relative(root, file),
    to: relative(root, resolve(dirname(file), (match[2] ?? match[3])!)),
  }));
});

function allowed({ from, to }: Import): boolean {
  const [source, target] = [moduleOf(from), moduleOf(to)];
  if (source === target || target === 'src/common') return true;
  if (from === 'src/cli.ts' || from === 'src/index.ts') return true;
  if (source === 'src/common') return false;
  if (target === 'src/engine') return true;
  if (source === 'src/engine' || target === 'src/commands') return false;
  if (source === 'src/commands') return true;
  // The GAN sees boundary targets and scores as values, never a classifier; margins are arithmetic.
  if (source === 'gan' && target === 'classifier') return to.startsWith('classifier/boundary/');
  return ORDER.indexOf(target) >= 0 && ORDER.indexOf(target) < ORDER.indexOf(source);
}

it('finds the sources', () => {
  expect(files.length).toBeGreaterThan(20);
  expect(imports.length).toBeGreaterThan(20);
});

it('imports only modules to the left, the ground and the engine', () => {
  const wrong = imports.filter((edge) => !allowed(edge)).map(({ from, to }) => `${from} -> ${to}`);
  expect(wrong).toEqual([]);
});

it('loads nothing heavy from the command files before a command runs', () => {
  const heavy = files
    .filter(
      (file) => relative(root, file).startsWith('src/commands/') || file.endsWith('src/cli.ts'),
    )
    .flatMap((file) => {
      const statics = [
        ...readFileSync(file, 'utf8').matchAll(/^import (?!type)[^;]*? from '([^']+)';/gm),
      ];
      return statics
        .map((match) => match[1]!)
        .filter(
          (name) =>
            !name.startsWith('node:') &&
            name !== 'commander' &&
            !name.includes('common/') &&
            !name.startsWith('./'),
        )
        .map((name) => `${relative(root, file)} -> ${name}`);
    });
  expect(heavy).toEqual([]);
});

it('draws no random number and reads no clock outside a seeded stream', () => {
  const wrong = files.filter((file) => /Math\.random/.test(readFileSync(file, 'utf8')));
  expect(wrong).toEqual([]);
});
