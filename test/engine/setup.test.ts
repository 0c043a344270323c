import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSources, type Checkout, makeCheckout } from './support/checkout.ts';
import { type IndexServer, serveIndex } from './support/index-server.ts';
import { nvidiaWheel, type StandIn, tensorflowWheel } from './support/wheels.ts';

// The wheels here are TensorFlow's in everything but the libraries' contents, so that the whole
// way is walked in seconds: fetching, unpacking, compiling the real binding, linking.

const PADDING = 120e6;
let workshop: Checkout;
let wheel: StandIn;
let index: IndexServer;

/** A folder with the named programs and nothing else. */
function pathWith(checkout: Checkout, folder: string, programs: string[]): string {
  const path = join(checkout.root, folder);
  mkdirSync(path, { recursive: true });
  for (const name of programs) {
    const real = execFileSync('which', [name], { encoding: 'utf8' }).trim();
    symlinkSync(real, join(path, name));
  }
  return path;
}

const NO_PROXY = { HTTPS_PROXY: '', https_proxy: '', HTTP_PROXY: '', http_proxy: '' };
const COMPILER = ['g++', 'as', 'ld'];

beforeAll(async () => {
  buildSources();
  workshop = makeCheckout();
  wheel = tensorflowWheel(
    workshop.root,
    'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl',
    PADDING,
  );
  index = await serveIndex([
    { project: 'tensorflow-cpu', version: '2.21.0', filename: wheel.name, ...wheel },
  ]);
}, 300_000);

afterAll(async () => {
  await index.close();
  workshop.remove();
});

/** Kills a setup as soon as `moment` is there; says whether it came before the end. */
async function killAt(checkout: Checkout, env: NodeJS.ProcessEnv, moment: () => boolean) {
  const run = checkout.provision({ device: 'cpu' }, env);
  let ended = false;
  run.done.then(() => {
    ended = true;
  });
  while (!ended && !moment()) await sleep(2);
  const early = !ended;
  run.kill();
  await run.done;
  return early;
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

describe.skipIf(process.platform !== 'linux')('setup', { timeout: 300_000 }, () => {
  it('completes after SIGKILL while fetching, unpacking and compiling, and goes on where it was', async () => {
    const checkout = makeCheckout();
    const path = pathWith(checkout, 'bin', COMPILER);
    const env = { PATH: path, CBED_PYPI: index.address, ...NO_PROXY };
    const { cache } = checkout;
    const folder = join(cache, `tensorflow-2.21.0-cpu-${process.arch}`);
    const part = join(cache, 'downloads', `${wheel.name}.part`);
    index.ranges.length = 0;

    index.blockBytes = 20_000;
    const arriving = () => (statSync(part, { throwIfNoEntry: false })?.size ?? 0) > 0;
    expect(await killAt(checkout, env, arriving)).toBe(true);
    index.blockBytes = Infinity;

    const unpacking = () =>
      namesIn(cache).some((name) => name.startsWith('tensorflow') && name.includes('.tmp@'));
    expect(await killAt(checkout, env, unpacking)).toBe(true);
    expect(index.ranges[0]).toBe('');
    expect(index.ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
    expect(existsSync(folder)).toBe(false);

    const compiling = () =>
      namesIn(folder).some((name) => name.startsWith('binding-') && name.includes('.tmp@'));
    expect(await killAt(checkout, env, compiling)).toBe(true);
    expect(index.ranges.length, 'the wheel was fetched once').toBe(2);

    const last = await checkout.provision({ device: 'cpu' }, env).done;
    expect(JSON.parse(last.result)).toMatchObject({
      version: '2.21.0',
      device: 'cpu',
      already: false,
    });
    expect(namesIn(cache), 'nothing is left behind').toEqual([
      `tensorflow-2.21.0-cpu-${process.arch}`,
    ]);
    expect(namesIn(folder).filter((name) => name.includes('tmp'))).toEqual([]);

    const seconds: number[] = [];
    for (let call = 0; call < 3; call++) {
      const start = performance.now();
      const again = await checkout.provision({ device: 'auto' }, env).done;
      expect(JSON.parse(again.result).already).toBe(true);
      seconds.push((performance.now() - start) / 1000);
    }
    expect(Math.min(...seconds)).toBeLessThan(2);

    const missing = await checkout.provision({ device: 'cuda' }, env).done;
    expect(missing).toMatchObject({ code: 3 });
    expect(missing.result).toMatch(/no NVIDIA driver .*--device cpu/);

    truncateSync(join(folder, 'lib', 'libtensorflow_cc.so.2'), 100);
    const mended = await checkout.provision({ device: 'cpu' }, env).done;
    expect(JSON.parse(mended.result).already).toBe(false);
    expect(index.ranges.length, 'a damaged library is fetched again').toBe(3);

    const bare = pathWith(checkout, 'bare', []);
    const forced = { device: 'cpu', force: true };
    const uncompiled = await checkout.provision(forced, { ...env, PATH: bare }).done;
    expect(uncompiled).toMatchObject({ code: 3 });
    expect(uncompiled.result).toMatch(/^there is no C\+\+ compiler \(.*g\+\+.*\)\n$/);
    expect(index.ranges.length, 'nothing is fetched in vain').toBe(3);
    checkout.remove();
  });

  it('serves two processes at once with one download and one compilation', async () => {
    const checkout = makeCheckout();
    const path = pathWith(checkout, 'bin', COMPILER);
    const env = { PATH: path, CBED_PYPI: index.address, ...NO_PROXY };
    index.ranges.length = 0;
    const runs = [1, 2].map(() => checkout.provision({ device: 'cpu' }, env).done);
    for (const run of await Promise.all(runs)) {
      expect(JSON.parse(run.result)).toMatchObject({ device: 'cpu', already: false });
    }
    expect(index.ranges).toEqual(['']);
    const link = join(
      checkout.root,
      'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node',
    );
    expect(readFileSync(link).subarray(1, 4).toString()).toBe('ELF');
    checkout.remove();
  });

  it('takes a wheel for another Python through pip, and asks an index that has none for no more', async () => {
    const checkout = makeCheckout();
    const offline = { PIP_NO_INDEX: '1', PIP_CONFIG_FILE: '/dev/null', ...NO_PROXY };
    const found = await checkout.provision(
      { device: 'cpu' },
      { ...offline, PIP_FIND_LINKS: workshop.root, CBED_PYPI: 'http://127.0.0.1:9' },
    ).done;
    expect(JSON.parse(found.result)).toMatchObject({ version: '2.21.0', device: 'cpu' });
    const manifest = join(checkout.cache, `tensorflow-2.21.0-cpu-${process.arch}`, 'manifest.json');
    expect(JSON.parse(readFileSync(manifest, 'utf8')).wheels).toEqual([
      { name: wheel.name, sha256: wheel.sha256, pinned: false },
    ]);
    const absent = await checkout.provision(
      { device: 'cpu', version: '2.20.0' },
      { ...offline, PIP_FIND_LINKS: checkout.root, CBED_PYPI: 'http://127.0.0.1:9' },
    ).done;
    expect(absent).toMatchObject({ code: 3 });
    expect(absent.result).toMatch(/^pip found no wheel of tensorflow-cpu==2\.20\.0 \(.+\)\n$/);
    checkout.remove();
  });

  it("runs tfjs-node's own installer on macOS and says so when it fails", async () => {
    const checkout = makeCheckout();
    const env = { ...NO_PROXY, GAN_TEST_PLATFORM: 'darwin', HTTPS_PROXY: 'http://127.0.0.1:9' };
    const run = await checkout.provision({ device: 'cpu' }, env).done;
    expect(run).toMatchObject({ code: 3 });
    expect(run.result + run.stderr).toContain('Downloading libtensorflow');
    expect(run.result).toMatch(/tfjs-node's own installer failed with code \d+ \(.*\)\n$/);
    checkout.remove();
  });

  it('says in one line what is missing', async () => {
    const checkout = makeCheckout();
    const path = pathWith(checkout, 'bin', COMPILER);
    const nowhere = { PATH: path, CBED_PYPI: 'http://127.0.0.1:9', ...NO_PROXY };
    const offline = await checkout.provision({ device: 'cpu' }, nowhere).done;
    expect(offline).toMatchObject({ code: 3 });
    expect(offline.result).toMatch(
      /^cannot fetch http.*\(check the network, or install pip.*\)\n$/,
    );
    const proxied = { ...nowhere, HTTPS_PROXY: 'http://proxy.example:3128' };
    const behind = await checkout.provision({ device: 'cpu' }, proxied).done;
    expect(behind.result).toContain('HTTPS_PROXY=http://proxy.example:3128');
    const odd = await checkout.provision({ device: 'cpu', version: 'newest' }, nowhere).done;
    expect(odd).toMatchObject({
      code: 2,
      result: '"newest" is no TensorFlow version (for example 2.21.0)\n',
    });
    const older = { ...nowhere, CBED_PYPI: index.address };
    const unknown = await checkout.provision({ device: 'cpu', version: '2.20.0' }, older).done;
    expect(unknown.result).toMatch(
      /no wheel of tensorflow-cpu==2\.20\.0 .*newest versions: 2\.21\.0/,
    );
    const locked = { ...nowhere, CBED_CACHE: join(checkout.root, 'package.json', 'cache') };
    const readOnly = await checkout.provision({ device: 'cpu' }, locked).done;
    expect(readOnly).toMatchObject({ code: 3 });
    expect(readOnly.result).toMatch(/CBED_CACHE/);
    checkout.remove();
  });
});

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
  'setup for CUDA, up to the driver',
  { timeout: 300_000 },
  () => {
    it('takes the pinned libraries, lays them out and opens them in order', async () => {
      const checkout = makeCheckout();
      const bin = pathWith(checkout, 'bin', [...COMPILER, 'sh']);
      writeFileSync(
        join(bin, 'nvidia-smi'),
        '#!/bin/sh\necho "NVIDIA H200, 143771, 580.159.03"\n',
        { mode: 0o755 },
      );
      const tensorflow = tensorflowWheel(
        checkout.root,
        'tensorflow-2.19.0-cp311-cp311-manylinux_2_27_x86_64.whl',
      );
      const cublas = nvidiaWheel(
        checkout.root,
        'nvidia_cublas_cu12-12.8.4.1-py3-none-manylinux_2_27_x86_64.whl',
        ['libcublas.so.12', 'libcublasLt.so.12', 'libnvblas.so.12'],
      );
      const offer = (file: StandIn, version: string) => ({
        project: file.name.split('-')[0]!.replaceAll('_', '-'),
        version,
        filename: file.name,
        ...file,
      });
      const newer = { ...cublas, name: cublas.name.replace('12.8.4.1', '13.0.0.1') };
      const altered = { ...cublas, name: cublas.name.replace('12.8.4.1', '12.9.2.10') };
      const server = await serveIndex([
        offer(tensorflow, '2.19.0'),
        offer(newer, '13.0.0.1'),
        offer(altered, '12.9.2.10'),
        { ...offer(altered, '12.9.2.10'), yanked: true },
        offer(cublas, '12.8.4.1'),
      ]);
      const env = { PATH: bin, CBED_PYPI: server.address, ...NO_PROXY };
      const done = await checkout.provision({ device: 'auto', version: '2.19.0' }, env).done;
      expect(done.result).toMatch(
        /^the engine for the GPU here could not be set up: nvidia_cublas_cu12-12\.9\.2\.10\S+ does not have the SHA-256 e4f53a8c/,
      );
      server.offers.splice(2, 2);
      const kept = await checkout.provision({ device: 'auto', version: '2.19.0' }, env).done;
      expect(kept.result).toContain('"device":"cuda"');
      const folder = join(checkout.cache, 'tensorflow-2.19.0-cuda-x64');
      expect(namesIn(join(folder, 'nvidia/cublas/lib')).sort()).toEqual([
        'libcublas.so.12',
        'libcublasLt.so.12',
        'libnvblas.so.12',
      ]);
      const binding = join(folder, namesIn(folder).find((name) => name.startsWith('binding-'))!);
      const dynamic = execFileSync('readelf', ['-d', join(binding, 'tfjs_binding.node')], {
        encoding: 'utf8',
      });
      expect(dynamic).toContain('Library runpath: [$ORIGIN/../lib]');
      expect(dynamic).toMatch(/NEEDED.*libtensorflow_cc\.so\.2/);

      // The loader's part: what preload opened is found by name alone, without any search path.
      const look = `
      import { createRequire } from 'node:module';
      import { preloadCuda, cudaLibraries } from './dist/src/engine/nvidia.js';
      const helper = createRequire(import.meta.url)(${JSON.stringify(join(binding, 'helper.node'))});
      const before = helper.preload('libcublas.so.12');
      const complaints = preloadCuda(${JSON.stringify(folder)}, helper);
      const after = helper.preload('libcublas.so.12');
      const order = cudaLibraries(${JSON.stringify(folder)}).map((path) => path.split('/').at(-1));
      console.log(JSON.stringify({ before, complaints, after, order }));`;
      writeFileSync(join(checkout.root, 'look.mjs'), look);
      const seen = JSON.parse(
        execFileSync(process.execPath, ['look.mjs'], { cwd: checkout.root, encoding: 'utf8' }),
      );
      expect(seen.before).toMatch(/libcublas\.so\.12: cannot open shared object file/);
      expect(seen).toMatchObject({
        complaints: [],
        after: '',
        order: ['libcublasLt.so.12', 'libcublas.so.12'],
      });
      await server.close();
      checkout.remove();
    });
  },
);
