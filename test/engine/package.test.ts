import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { buildSources } from './support/checkout.ts';

/** A folder of another project whose path has a blank and an umlaut, with the package in it. */
let project: string;
let home: string;
const modules = join(packageRoot, 'node_modules');

const node = (parameters: string[]) =>
  spawnSync(process.execPath, parameters, { cwd: project, encoding: 'utf8' });

/** Every package of this checkout but the one whose installer npm would run. */
function linkOthers(target: string): void {
  for (const name of readdirSync(modules)) {
    if (name.startsWith('.')) continue;
    if (name !== '@tensorflow') symlinkSync(join(modules, name), join(target, name));
  }
  mkdirSync(join(target, '@tensorflow'));
  for (const name of readdirSync(join(modules, '@tensorflow'))) {
    if (name === 'tfjs-node-gpu') continue;
    symlinkSync(join(modules, '@tensorflow', name), join(target, '@tensorflow', name));
  }
}

beforeAll(() => {
  buildSources();
  home = mkdtempSync(join(tmpdir(), 'gan-package-'));
  project = join(home, 'Mein Gerät ü');
  const place = join(project, 'node_modules', 'cbed-gan');
  mkdirSync(place, { recursive: true });
  const packed = spawnSync(process.execPath, ['scripts/tarball.mjs', home], { cwd: packageRoot });
  expect(packed.status).toBe(0);
  const tarball = readdirSync(home).find((name) => name.endsWith('.tgz'))!;
  spawnSync('tar', ['-xzf', join(home, tarball), '--strip-components=1', '-C', place]);
  linkOthers(join(project, 'node_modules'));
}, 300_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the package that is published', () => {
  it('asks for nothing whose installer downloads', () => {
    const place = join(project, 'node_modules', 'cbed-gan');
    const { dependencies, scripts } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
    expect(Object.keys(dependencies).filter((name) => name.startsWith('@tensorflow'))).toEqual([
      '@tensorflow/tfjs',
    ]);
    expect(scripts).toBeUndefined();
    const carried = JSON.parse(
      readFileSync(join(place, 'vendor', 'tfjs-node-gpu', 'package.json'), 'utf8'),
    );
    expect(carried.scripts).toBeUndefined();
  });

  it('is set up, imported and required, where the path has a blank and an umlaut', () => {
    const place = join(project, 'node_modules', 'cbed-gan');
    const setup = node([join(place, 'src', 'launch.mjs'), 'setup']);
    expect(setup.stderr + setup.stdout).toMatch(/TensorFlow .* is (ready|in place)/);
    const use = `console.log(generateCrystal({ spaceGroup: 62, stream: new Stream(1, 'x') }).spaceGroup)`;
    writeFileSync(
      join(project, 'a.mjs'),
      `import { generateCrystal, Stream } from 'cbed-gan';\n${use}`,
    );
    expect(node(['a.mjs']).stdout).toBe('62\n');
    if (!process.features.require_module) return; // Node before 20.19 requires no ES modules
    writeFileSync(
      join(project, 'b.cjs'),
      `const { generateCrystal, Stream } = require('cbed-gan');\n${use}`,
    );
    expect(node(['b.cjs']).stdout).toBe('62\n');
  }, 300_000);

  it('has types of its own without a fault where libraries are checked', () => {
    writeFileSync(
      join(project, 'c.ts'),
      "import { type Crystal, loadMinerals, openStore, type Store } from 'cbed-gan';\n" +
        'export const crystal: Crystal = loadMinerals()[0]!;\n' +
        "export const store: Promise<Store> = openStore('x.h5');\n",
    );
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2022',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
    };
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['c.ts', 'wrong.ts'] }),
    );
    // One error that must be found: the compiler ran.
    writeFileSync(join(project, 'wrong.ts'), "export const wrong: number = 'text';\n");
    const { stdout } = node([join(modules, 'typescript', 'bin', 'tsc'), '-p', '.']);
    expect(stdout).toMatch(/^wrong\.ts.*TS2322/m);
    const own = stdout.split('\n').filter((line) => /cbed-gan|^c\.ts/.test(line));
    expect(own).toEqual([]);
  }, 300_000);
});
