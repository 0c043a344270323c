import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inputError, messageOf } from '../common/errors.ts';
import { packageRoot } from '../common/paths.ts';
import type { ProgressFactory } from '../common/progress.ts';
import { BINDING_FILE, HELPER_FILE, KERNELS_FILE, tfjsPackageFolder } from './binding.ts';
import { runProgram, versionOf } from './program.ts';
import { LIBRARIES } from './unpack.ts';

const FLAGS = [
  '-O2',
  '-fPIC',
  '-std=c++17',
  '-DNAPI_VERSION=8',
  '-DNODE_GYP_MODULE_NAME=tfjs_binding',
];

/** For loops over numbers: errno and floating-point traps would keep them from being vectorised. */
const KERNEL_FLAGS = ['-O3', '-fno-math-errno', '-fno-trapping-math', '-pthread'];

const bindingSources = (): string => join(tfjsPackageFolder(), 'binding');
const nativeFolder = (): string => join(packageRoot, 'src', 'engine', 'native');
const helperSource = (): string => join(nativeFolder(), 'helper.cc');
const kernelSources = (): string[] =>
  readdirSync(nativeFolder())
    .filter((name) => name.endsWith('.cc') && name !== 'helper.cc')
    .sort()
    .map((name) => join(nativeFolder(), name));

const nodeHeaders = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');

/** Changes whenever the compiled result would: the sources, the flags and the link. */
export function bindingKey(): string {
  const flags = [...FLAGS, ...KERNEL_FLAGS].join(' ');
  const hash = createHash('sha256').update(flags).update('stub link, rpath lib');
  for (const folder of [bindingSources(), nativeFolder()]) {
    for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)));
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

async function compile(
  compiler: string,
  parameters: readonly string[],
  what = 'the TensorFlow binding',
): Promise<void> {
  const { code, stdout, stderr } = await runProgram(compiler, parameters);
  if (code === 0) return;
  const said = (stderr + stdout).split('\n');
  const line = said.find((text) => /error|undefined|cannot/i.test(text)) ?? said[0] ?? '';
  throw inputError(
    `${compiler} could not compile ${what}: ${line.trim().slice(0, 300)}`,
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
 * Compiles the fused kernels. The engine is complete without them, only slower, so a compiler that
 * cannot is no failure.
 */
async function compileKernels(
  compiler: string,
  target: string,
  { flags, link }: { flags: readonly string[]; link: readonly string[] },
): Promise<void> {
  try {
    const parameters = [...flags, ...KERNEL_FLAGS, '-shared', ...kernelSources(), ...link];
    await compile(compiler, [...parameters, '-o', join(target, KERNELS_FILE)], 'the fused kernels');
  } catch (error) {
    console.error(`training will be slower: ${messageOf(error)}`);
  }
}

/**
 * Compiles tfjs-node's binding, the loader's helper and the fused kernels against an unpacked
 * TensorFlow, into `target`. They find the libraries in ../lib, so the folder may move as a whole.
 */
export async function compileBinding(
  tensorflow: string,
  target: string,
  progress: ProgressFactory,
): Promise<void> {
  const compiler = await requireCompiler();
  const work = join(target, 'objects');
  mkdirSync(work, { recursive: true });
  const bar = progress('compiling the binding', 5);
  const step = async (parameters: string[]) => {
    await compile(compiler, parameters);
    bar.advance();
  };
  const includes = [nodeHeaders(), join(tensorflow, 'include'), tfjsPackageFolder()];
  const compileFlags = [...FLAGS, ...includes.flatMap((folder) => ['-I', folder])];
  const objects = ['tfjs_backend', 'tfjs_binding'].map((name) => join(work, `${name}.o`));
  const libraries = await stubLibraries(compiler, work);
  const link = [...libraries, '-Wl,-z,now', '-Wl,-rpath,$ORIGIN/../lib'];
  await Promise.all([
    ...objects.map((object) => {
      const source = join(bindingSources(), object.slice(work.length + 1).replace('.o', '.cc'));
      return step([...compileFlags, '-c', source, '-o', object]);
    }),
    step([...compileFlags, '-shared', helperSource(), '-ldl', '-o', join(target, HELPER_FILE)]),
    compileKernels(compiler, target, { flags: compileFlags, link }).then(() => bar.advance()),
  ]);
  await step(['-shared', ...objects, ...link, '-o', join(target, BINDING_FILE)]);
  rmSync(work, { recursive: true, force: true });
  bar.done();
}
