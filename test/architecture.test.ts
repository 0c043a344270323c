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

/**
 * Still open while the house is being rebuilt: who mends one takes it out of its list.
 */
const OPEN_NAMES: readonly string[] = [];
const OPEN_CYCLES: readonly string[] = [];
/** Modules whose exports are not yet all used or gone. */
const OPEN_EXPORTS: readonly string[] = [
  'src/common/',
  'src/crystal/',
  'src/dataset/',
  'src/quickstart/',
  'src/report/',
  'gan/',
  'synthetic/',
];

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

/** Names that files of a module export, by file. */
const exportsOf = new Map(
  files.map((file) => {
    const text = readFileSync(file, 'utf8');
    const pattern =
      /^export (?:async )?(?:const|let|function\*?|class|abstract class|interface|type|enum) (\w+)/gm;
    return [relative(root, file), [...text.matchAll(pattern)].map((match) => match[1]!)] as const;
  }),
);

/** Exported types by file: they stand in signatures, whether anyone names them or not. */
const TYPES = new Map(
  files.map((file) => {
    const text = readFileSync(file, 'utf8');
    const found = text.matchAll(/^export (?:interface|type) (\w+)/gm);
    return [relative(root, file), new Set([...found].map((match) => match[1]!))] as const;
  }),
);

it('gives every exported name one meaning in the whole project', () => {
  const homes = new Map<string, Set<string>>();
  for (const [file, names] of exportsOf) {
    // Every kind of generator exports its `kind`: the registry loads them by folder.
    for (const name of names.filter((one) => one !== 'kind')) {
      homes.set(name, (homes.get(name) ?? new Set()).add(file));
    }
  }
  const twice = [...homes].filter(([name, some]) => some.size > 1 && !OPEN_NAMES.includes(name));
  expect(twice.map(([name, some]) => `${name}: ${[...some].join(', ')}`)).toEqual([]);
});

/** Groups of files that import each other in a circle, types included (Tarjan 1972). */
function cycles(): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const other of next.get(file) ?? []) {
      if (!index.has(other)) visit(other);
      if (stack.includes(other)) low.set(file, Math.min(low.get(file)!, low.get(other)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) found.push(group.sort());
  };
  for (const file of next.keys()) if (!index.has(file)) visit(file);
  return found;
}

it('has no circle of imports, also inside a module and by types', () => {
  const open = (group: string[]) => group.every((file) => OPEN_CYCLES.includes(file));
  expect(cycles().filter((group) => !open(group))).toEqual([]);
});

it('exports no value that nobody imports', () => {
  const readers = [...files, ...sources(join(root, 'test')), ...sources(join(root, 'benchmarks'))];
  const texts = new Map(readers.map((file) => [relative(root, file), readFileSync(file, 'utf8')]));
  const words = new Map(
    [...texts].map(([file, text]) => [file, new Set(text.match(/\w+/g))] as const),
  );
  const isUsed = (name: string, home: string) =>
    [...words].some(([file, some]) => file !== home && some.has(name));
  const unused = [...exportsOf].flatMap(([file, names]) =>
    names
      .filter((name) => !TYPES.get(file)!.has(name) && !isUsed(name, file))
      .map((name) => `${file}: ${name}`),
  );
  const isOpen = (one: string) => OPEN_EXPORTS.some((module) => one.startsWith(module));
  expect(unused.filter((one) => !isOpen(one))).toEqual([]);
});
