import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../src/common/paths.ts';

/** A copy of the built engine with node_modules of its own, so that it may link what it likes. */
export interface Checkout {
  root: string;
  cache: string;
  /** Runs `provision(options)` in a process; resolves to what it printed. */
  provision(options?: object, env?: NodeJS.ProcessEnv): Provisioning;
  remove(): void;
}

export interface Provisioning {
  kill(): void;
  done: Promise<{ code: number | null; signal: string | null; result: string; stderr: string }>;
}

// Prints the outcome; errors as users see them. The platform may be another for a test.
const PROGRAM = `
const { GAN_TEST_PLATFORM: platform } = process.env;
if (platform) Object.defineProperty(process, 'platform', { value: platform });
const { provision } = await import('./dist/src/engine/provision.js');
try {
  console.log(JSON.stringify(await provision(JSON.parse(process.argv[2]))));
} catch (error) {
  console.log(error.message);
  process.exitCode = error.exitCode ?? 1;
}
`;

/** Compiles the sources if they are newer than the last build. */
export function buildSources(): void {
  const built = spawnSync(process.execPath, [join(packageRoot, 'src', 'launch.mjs'), '--version'], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
}

/** node_modules whose entries lead to the real ones, but for tfjs-node, which is a copy. */
function linkModules(target: string): void {
  const real = join(packageRoot, 'node_modules');
  mkdirSync(join(target, '@tensorflow'), { recursive: true });
  for (const name of readdirSync(real)) {
    if (name !== '@tensorflow') symlinkSync(join(real, name), join(target, name));
  }
  for (const name of readdirSync(join(real, '@tensorflow'))) {
    const [from, to] = [join(real, '@tensorflow', name), join(target, '@tensorflow', name)];
    if (name !== 'tfjs-node-gpu') symlinkSync(from, to);
    else cpSync(from, to, { recursive: true, filter: (path) => !path.includes('napi-v8') });
  }
}

export function makeCheckout(): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'gan-checkout-'));
  const cache = join(root, 'cache');
  linkModules(join(root, 'node_modules'));
  for (const part of ['package.json', 'data/engine', 'src/engine/native']) {
    cpSync(join(packageRoot, part), join(root, part), { recursive: true });
  }
  for (const module of ['common', 'engine']) {
    const part = join('dist', 'src', module);
    cpSync(join(packageRoot, part), join(root, part), { recursive: true });
  }
  writeFileSync(join(root, 'provision.mjs'), PROGRAM);
  return {
    root,
    cache,
    provision(options = {}, env = {}) {
      const parameters = [join(root, 'provision.mjs'), JSON.stringify(options)];
      const child = spawn(process.execPath, parameters, {
        env: { ...process.env, CBED_CACHE: cache, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let result = '';
      let stderr = '';
      child.stdout.on('data', (text) => {
        result += text;
      });
      child.stderr.on('data', (text) => {
        stderr += text;
      });
      const done = new Promise<Awaited<Provisioning['done']>>((resolve) => {
        child.on('close', (code, signal) => resolve({ code, signal, result, stderr }));
      });
      return { kill: () => child.kill('SIGKILL'), done };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
