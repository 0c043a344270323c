// Makes the package that is published: node scripts/tarball.mjs [FOLDER] (npm run tarball).
// It carries what is needed of @tensorflow/tfjs-node-gpu in vendor/, without that package's own
// installer, which would run when someone installs cbed-gan, fetch a TensorFlow of 2022 and fail
// offline. `gan setup` provides the native library. The checkout stays as it is.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const engine = '@tensorflow/tfjs-node-gpu/package.json';
const source = dirname(createRequire(import.meta.url).resolve(engine));
const stage = mkdtempSync(join(tmpdir(), 'cbed-gan-'));
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

try {
  const { scripts: _, devDependencies: __, ...published } = readJson(join(root, 'package.json'));
  for (const part of published.files.filter((name) => name !== 'vendor')) {
    cpSync(join(root, part), join(stage, part), { recursive: true });
  }
  cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
  const vendor = join(stage, 'vendor', 'tfjs-node-gpu');
  for (const part of ['dist', 'binding', 'scripts']) {
    cpSync(join(source, part), join(vendor, part), {
      recursive: true,
      filter: (path) => !/_test\.|run_tests|\.d\.ts$|\.map$|\.sh$/.test(path),
    });
  }
  const { name, version, license, main, repository, binary } = readJson(join(source, 'package.json'));
  writeJson(join(vendor, 'package.json'), { name, version, license, main, repository, binary });
  writeJson(join(stage, 'package.json'), published);
  const target = resolve(process.argv[2] ?? '.');
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', target], {
    cwd: stage,
    stdio: 'inherit',
  });
  process.exitCode = packed.status ?? 1;
} finally {
  rmSync(stage, { recursive: true, force: true });
}
