import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inputError } from '../ground/errors.ts';
import { tfjsPackageFolder } from './binding.ts';

const headersFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');

/** Runs a program to its end and collects what it says on either stream. */
export function runProgram(program: string, parameters: readonly string[]) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text;
    });
    child.stderr.on('data', (text: Buffer) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The first C++ compiler that answers: `CXX`, g++, clang++. */
export async function findCompiler(): Promise<string> {
  for (const name of [process.env.CXX, 'g++', 'clang++']) {
    if (!name) continue;
    const answer = await runProgram(name, ['--version']).catch(() => null);
    if (answer?.code === 0) return name;
  }
  throw inputError('no C++ compiler found', 'install one: sudo apt-get install g++');
}

/** Compiles tfjs-node's binding against an unpacked TensorFlow. */
export async function compileBinding(tensorflow: string, target: string): Promise<void> {
  const compiler = await findCompiler();
  const library = join(tensorflow, 'lib');
  const tfjs = tfjsPackageFolder();
  mkdirSync(dirname(target), { recursive: true });
  const { code, output } = await runProgram(compiler, [
    '-O2',
    '-fPIC',
    '-shared',
    '-std=c++17',
    '-DNAPI_VERSION=8',
    '-DNODE_GYP_MODULE_NAME=tfjs_binding',
    '-I',
    headersFolder(),
    '-I',
    join(tensorflow, 'include'),
    '-I',
    tfjs,
    join(tfjs, 'binding', 'tfjs_backend.cc'),
    join(tfjs, 'binding', 'tfjs_binding.cc'),
    '-L',
    library,
    '-l:libtensorflow_cc.so.2',
    '-l:libtensorflow_framework.so.2',
    `-Wl,-rpath,${library}`,
    '-o',
    target,
  ]);
  if (code !== 0)
    throw inputError(
      `${compiler} could not compile the TensorFlow binding: ${output.split('\n').find((line) => line.includes('error')) ?? output.slice(0, 200)}`,
    );
}
