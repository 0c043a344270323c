import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inputError } from '../ground/errors.ts';
import { packageRoot } from '../ground/paths.ts';
import type { ProgressFactory } from '../ground/progress.ts';
import { BINDING_FILE, HELPER_FILE, tfjsPackageFolder } from './binding.ts';
import { runProgram, versionOf } from './program.ts';
import { LIBRARIES } from './unpack.ts';

const FLAGS = [
  '-O2',
  '-fPIC',
  '-std=c++17',
  '-DNAPI_VERSION=8',
  '-DNODE_GYP_MODULE_NAME=tfjs_binding',
];

const bindingSources = (): string => join(tfjsPackageFolder(), 'binding');
const helperSource = (): string => join(packageRoot, 'src', 'engine', 'native', 'helper.cc');

const nodeHeaders = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');

/** Changes whenever the compiled result would: the sources, the flags and the link. */
export function bindingKey(): string {
  const hash = createHash('sha256').update(FLAGS.join(' ')).update('stub link, rpath lib');
  const names = readdirSync(bindingSources()).sort();
  for (const path of [...names.map((name) => join(bindingSources(), name)), helperSource()]) {
    hash.update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 12);
}

/** The first C++ compiler that answers (`CXX`, g++, clang++) with its version line, or null. */
export async function findCompiler(): Promise<{ name: string; version: string } | null> {
  for (const name of [process.env.CXX, 'g++', 'clang++', 'c++']) {
    const version = name ? await versionOf(name) : null;
    if (name && version !== null) return { name, version };
  }
  return null;
}

/** The command that installs a compiler here, by the package manager that is there. */
export async function compilerMend(): Promise<string> {
  const managers: [string, string][] = [
    ['apt-get', 'sudo apt-get install g++'],
    ['dnf', 'sudo dnf install gcc-c++'],
    ['zypper', 'sudo zypper install gcc-c++'],
    ['pacman', 'sudo pacman -S gcc'],
    ['apk', 'use a glibc-based Linux: TensorFlow has no wheels for musl'],
  ];
  for (const [name, command] of managers) {
    if ((await versionOf(name)) !== null) return command;
  }
  return 'install g++ or clang++, or load a compiler module, or set CXX';
}

/** The compiler's name. @throws input error with the command that installs one. */
export async function requireCompiler(): Promise<string> {
  const compiler = await findCompiler();
  if (compiler) return compiler.name;
  throw inputError('there is no C++ compiler', await compilerMend());
}

async function compile(compiler: string, parameters: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProgram(compiler, parameters);
  if (code === 0) return;
  const said = (stderr + stdout).split('\n');
  const line = said.find((text) => /error|undefined|cannot/i.test(text)) ?? said[0] ?? '';
  throw inputError(
    `${compiler} could not compile the TensorFlow binding: ${line.trim().slice(0, 300)}`,
    'a compiler with C++17 is needed: g++ 8 or clang++ 6 and later; CXX chooses another',
  );
}

/**
 * Linking against the real libraries takes the linker 10 s of reading; it only needs their
 * names, so empty libraries of the same names stand in. What is missing shows at the first
 * load, because the binding is linked with immediate binding (-z now).
 */
async function stubLibraries(compiler: string, folder: string): Promise<string[]> {
  const source = join(folder, 'empty.cc');
  writeFileSync(source, '');
  for (const name of LIBRARIES) {
    await compile(compiler, ['-shared', source, `-Wl,-soname,${name}`, '-o', join(folder, name)]);
  }
  return ['-L', folder, '-Wl,--no-as-needed', ...LIBRARIES.map((name) => `-l:${name}`)];
}

/**
 * Compiles tfjs-node's binding and the loader's helper against an unpacked TensorFlow, into
 * `target`. The binding finds the libraries in ../lib, so the folder may move as a whole.
 */
export async function compileBinding(
  tensorflow: string,
  target: string,
  progress: ProgressFactory,
): Promise<void> {
  const compiler = await requireCompiler();
  const work = join(target, 'objects');
  mkdirSync(work, { recursive: true });
  const bar = progress('compiling the binding', 4);
  const step = async (parameters: string[]) => {
    await compile(compiler, parameters);
    bar.advance();
  };
  const includes = [nodeHeaders(), join(tensorflow, 'include'), tfjsPackageFolder()];
  const compileFlags = [...FLAGS, ...includes.flatMap((folder) => ['-I', folder])];
  const objects = ['tfjs_backend', 'tfjs_binding'].map((name) => join(work, `${name}.o`));
  await Promise.all([
    ...objects.map((object) => {
      const source = join(bindingSources(), object.slice(work.length + 1).replace('.o', '.cc'));
      return step([...compileFlags, '-c', source, '-o', object]);
    }),
    step([...compileFlags, '-shared', helperSource(), '-ldl', '-o', join(target, HELPER_FILE)]),
  ]);
  const libraries = await stubLibraries(compiler, work);
  const link = ['-shared', ...objects, ...libraries, '-Wl,-z,now', '-Wl,-rpath,$ORIGIN/../lib'];
  await step([...link, '-o', join(target, BINDING_FILE)]);
  rmSync(work, { recursive: true, force: true });
  bar.done();
}
