import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findWheel } from '../../src/engine/pypi.ts';
import {
  chooseWheel,
  expectedBytes,
  machineOf,
  parseWheelName,
  pinnedCuda,
  pinOf,
  platformTags,
  pythonsToTry,
  tensorflowProject,
  type WheelFile,
} from '../../src/engine/wheel.ts';
import { type IndexServer, type Offer, serveIndex } from './support/index-server.ts';

// The files of tensorflow 2.21.0 and of its CUDA libraries, recorded from a public lock file.
const recorded = JSON.parse(readFileSync('test/data/engine/index.json', 'utf8')) as {
  releases: Record<string, Record<string, { filename: string; sha256: string }[]>>;
};

const filesOf = (project: string, version: string): WheelFile[] =>
  recorded.releases[project]![version]!.map(({ filename, sha256 }) => ({
    name: filename,
    url: `https://example.org/${filename}`,
    sha256,
    bytes: 1,
  }));

describe('wheel names', () => {
  it('are taken apart', () => {
    const name = 'nvidia_nccl_cu12-2.30.7-py3-none-manylinux2014_x86_64.manylinux_2_18_x86_64.whl';
    expect(parseWheelName(name)).toEqual({
      project: 'nvidia-nccl-cu12',
      version: '2.30.7',
      python: 'py3',
      platforms: ['manylinux2014_x86_64', 'manylinux_2_18_x86_64'],
    });
    expect(() => parseWheelName('tensorflow-2.21.0.tar.gz')).toThrow('is no wheel name');
  });
});

describe('the choice of a wheel', () => {
  it('is the pinned one, for this machine, on the recorded index', () => {
    const files = filesOf('tensorflow', '2.21.0');
    expect(chooseWheel(files, 'x64')?.name).toMatch(/manylinux_2_27_x86_64/);
    expect(chooseWheel(files, 'arm64')?.name).toMatch(/manylinux_2_27_aarch64/);
    expect(chooseWheel(files.slice(0, 1), 'x64'), 'macOS only').toBeNull();
    for (const arch of ['x64', 'arm64'] as const) {
      const chosen = chooseWheel(files, arch)!;
      expect(pinOf(chosen.name)?.sha256).toBe(chosen.sha256);
    }
  });

  it('prefers the usual Python where nothing is pinned', () => {
    const files = ['cp313', 'cp311', 'cp312'].map((python) => ({
      ...filesOf('tensorflow', '2.21.0')[0]!,
      name: `tensorflow-9.0.0-${python}-${python}-manylinux_2_27_x86_64.whl`,
    }));
    expect(chooseWheel(files, 'x64')?.name).toContain('cp311');
    expect(chooseWheel(files.slice(0, 1), 'x64')?.name).toContain('cp313');
  });

  it('has a pin for every CUDA library of the tested version', () => {
    const libraries = pinnedCuda('2.21.0')!;
    expect(libraries.map((each) => each.project)).toContain('nvidia-cudnn-cu12');
    expect(libraries).toHaveLength(12);
    for (const { project, specifier } of libraries) {
      const wheel = chooseWheel(filesOf(project, specifier.slice(2)), 'x64')!;
      expect(pinOf(wheel.name)?.sha256, wheel.name).toBe(wheel.sha256);
    }
    expect(pinnedCuda('2.20.0')).toBeNull();
  });

  it('knows the projects and machines', () => {
    expect(tensorflowProject('cpu', 'x64')).toBe('tensorflow-cpu');
    expect(tensorflowProject('cuda', 'x64')).toBe('tensorflow');
    expect(tensorflowProject('cpu', 'arm64')).toBe('tensorflow');
    expect(() => tensorflowProject('cuda', 'arm64')).toThrow('use --device cpu');
    expect(() => machineOf('s390x')).toThrow('no wheels for s390x');
    expect(platformTags('arm64')).toContain('manylinux_2_27_aarch64');
    expect(pythonsToTry('3.12').slice(0, 3)).toEqual(['3.11', '3.12', '3.13']);
    expect(expectedBytes('tensorflow-cpu', '2.21.0')).toBe(273829956);
    expect(expectedBytes('tensorflow', '2.21.0')).toBeGreaterThan(5e8);
  });
});

describe('the index', () => {
  let server: IndexServer;

  beforeEach(async () => {
    const offers: Offer[] = Object.entries(recorded.releases).flatMap(([project, versions]) =>
      Object.entries(versions).flatMap(([version, files]) =>
        files.map((file) => ({ project, version, ...file })),
      ),
    );
    const cudnn = 'nvidia_cudnn_cu12';
    const newer = { project: 'nvidia-cudnn-cu12', sha256: 'f' };
    const platform = 'py3-none-manylinux_2_27_x86_64.whl';
    server = await serveIndex([
      ...offers,
      { ...newer, version: '9.99.0', filename: `${cudnn}-9.99.0-${platform}`, yanked: true },
      { ...newer, version: '10.0.1', filename: `${cudnn}-10.0.1-${platform}` },
      { ...newer, version: '9.98.0rc1', filename: `${cudnn}-9.98.0rc1-${platform}` },
      { ...newer, version: '9.97.0', filename: `${cudnn}-9.97.0-py3-none-win_amd64.whl` },
    ]);
    vi.stubEnv('CBED_PYPI', server.address);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.close();
  });

  it('gives the newest release in range that runs here: none yanked, early or for others', async () => {
    const cudnn = { project: 'nvidia-cudnn-cu12', specifier: '<10.0,>=9.3.0.75' };
    const wheel = await findWheel(cudnn, 'x64');
    expect(wheel.name).toBe('nvidia_cudnn_cu12-9.23.2.1-py3-none-manylinux_2_27_x86_64.whl');
    expect(wheel.url).toBe(`${server.address}/files/${wheel.name}`);
    expect(wheel.sha256).toBe('a5e706320218dc7d661b0e13402f204eeccd07b18d061b4d60668f80e464dd1e');
    expect((await findWheel(cudnn, 'arm64')).name).toContain('aarch64');
  });

  it('says which versions there are when none serves', async () => {
    const wanted = { project: 'tensorflow', specifier: '==2.99.0' };
    await expect(findWheel(wanted, 'x64')).rejects.toThrow(
      /no wheel of tensorflow==2\.99\.0 for Linux on x64 \(its newest versions: 2\.21\.0\)/,
    );
    const unknown = { project: 'no-such-project', specifier: '' };
    await expect(findWheel(unknown, 'x64')).rejects.toThrow(
      '/pypi/no-such-project/json answered 404',
    );
  });
});
