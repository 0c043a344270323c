import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { checksOf, type Findings, worstState } from '../../src/engine/doctor-checks.ts';
import {
  type DoctorReport,
  doctorJsonSchema,
  doctorSchema,
} from '../../src/engine/doctor-report.ts';
import { describeMachine, parseInstructions } from '../../src/engine/machine.ts';
import { parseGpus } from '../../src/engine/nvidia.ts';
import { buildSources } from './support/checkout.ts';

const published = join(packageRoot, 'docs', 'reference', 'doctor.schema.json');

const healthy: Findings = {
  project: '0.1.0',
  machine: {
    node: '20.20.2',
    platform: 'linux',
    arch: 'x64',
    glibc: '2.36',
    processor: 'a processor',
    cores: 2,
    instructions: ['avx', 'avx2', 'fma'],
    memoryBytes: 24 * 2 ** 30,
    freeMemoryBytes: 20 * 2 ** 30,
  },
  tools: { compiler: 'g++ 12.2.0', pip: '23.2.1 (Python 3.11)' },
  gpus: [],
  engine: {
    tensorflow: '2.21.0',
    tfjs: '4.22.0',
    build: 'cpu',
    gpu: false,
    threads: 2,
    oneDnn: true,
    kernels: true,
    loadSeconds: 1,
  },
  selfTest: {
    passed: true,
    differences: { convolution: 1e-6, inputGradient: 2e-6, filterGradient: 1e-6 },
    tolerance: 1e-4,
    matmul: { size: 1024, gflops: 90 },
    seconds: 1.5,
  },
  cache: {
    folder: '/c',
    bytes: 8e8,
    freeBytes: 5e10,
    entries: [{ name: 'tensorflow', bytes: 8e8 }],
  },
  linked: true,
  damaged: null,
  loadFailure: null,
  compilerMend: '',
};

const h200 = { name: 'NVIDIA H200', memoryBytes: 143771 * 2 ** 20, driver: '580.159.03' };

/** What is off after a change, as 'name: mend'. */
function off(change: Partial<Findings>): string[] {
  return checksOf({ ...healthy, ...change })
    .filter((check) => check.state !== 'ok')
    .map((check) => `${check.name}: ${check.mend}`);
}

const engine = healthy.engine!;

describe('the judgement of what doctor finds', () => {
  it('is ok for a healthy engine', () => {
    expect(off({})).toEqual([]);
    expect(worstState(checksOf(healthy))).toBe('ok');
  });

  it.each<[string, Partial<Findings>, RegExp, DoctorReport['state']]>([
    [
      'an old Node',
      { machine: { ...healthy.machine, node: '20.10.0' } },
      /^node: install Node 20\.11/,
      'problems',
    ],
    [
      'macOS',
      { machine: { ...healthy.machine, platform: 'darwin', glibc: null } },
      /^system: tfjs-node's own/,
      'warnings',
    ],
    [
      'musl',
      { machine: { ...healthy.machine, glibc: null } },
      /^system: TensorFlow needs glibc/,
      'problems',
    ],
    [
      'no AVX',
      { machine: { ...healthy.machine, instructions: [] } },
      /^processor: .*AVX/,
      'problems',
    ],
    [
      'little memory',
      { machine: { ...healthy.machine, memoryBytes: 2 ** 31 } },
      /^memory: .*4 GiB/,
      'warnings',
    ],
    [
      'no compiler, set up',
      { tools: { compiler: null, pip: 'x' }, compilerMend: 'sudo apt-get install g++' },
      /^compiler: sudo apt-get install g\+\+/,
      'warnings',
    ],
    [
      'no compiler',
      {
        tools: { compiler: null, pip: 'x' },
        compilerMend: 'c',
        linked: false,
        engine: null,
        selfTest: null,
      },
      /^compiler: c/,
      'problems',
    ],
    [
      'no fused kernels',
      { engine: { ...healthy.engine!, kernels: false } },
      /^kernels: npx gan setup/,
      'warnings',
    ],
    ['no pip', { tools: { compiler: 'x', pip: null } }, /^pip: /, 'warnings'],
    [
      'a full disk',
      { linked: false, engine: null, selfTest: null, cache: { ...healthy.cache, freeBytes: 1e6 } },
      /^cache: .*CBED_CACHE/,
      'problems',
    ],
    ['a damaged file', { damaged: '/c/lib/x.so' }, /^files: npx gan setup --force/, 'problems'],
    [
      'a load failure',
      { engine: null, selfTest: null, loadFailure: { message: 'm', signal: null } },
      /^tensorflow: npx gan setup --force/,
      'problems',
    ],
    [
      'a missing instruction',
      { engine: null, selfTest: null, loadFailure: { message: 'm', signal: 'SIGILL' } },
      /^tensorflow: use another machine/,
      'problems',
    ],
    [
      'wrong numbers',
      { selfTest: { ...healthy.selfTest!, passed: false } },
      /^self-test: /,
      'problems',
    ],
    ['an idle GPU', { gpus: [h200] }, /^gpu: npx gan setup --device cuda/, 'warnings'],
    [
      'a CUDA engine without a GPU',
      { engine: { ...engine, build: 'cuda' } },
      /^gpu: .*driver/,
      'problems',
    ],
  ])('names the mend for %s', (_name, change, mend, state) => {
    const found = off(change);
    expect(
      found.some((each) => mend.test(each)),
      found.join('\n'),
    ).toBe(true);
    expect(worstState(checksOf({ ...healthy, ...change }))).toBe(state);
  });

  it('is content with a GPU in use', () => {
    const change: Partial<Findings> = {
      gpus: [h200],
      engine: { ...engine, build: 'cuda', gpu: true },
    };
    expect(off(change)).toEqual([]);
    const gpu = checksOf({ ...healthy, ...change }).find((check) => check.name === 'gpu');
    expect(gpu?.detail).toBe('NVIDIA H200, 140.4 GiB (driver 580.159.03)');
  });
});

describe('facts of the machine', () => {
  it('are read from what the system prints', () => {
    // The lines of `nvidia-smi --query-gpu=name,memory.total,driver_version`.
    expect(parseGpus('NVIDIA H200, 143771, 580.159.03\nTesla T4, 15360, 580.159.03\n')).toEqual([
      h200,
      { name: 'Tesla T4', memoryBytes: 15360 * 2 ** 20, driver: '580.159.03' },
    ]);
    expect(parseGpus('')).toEqual([]);
    expect(parseInstructions('processor : 0\nflags\t\t: fpu sse avx avx2 fma avx512f\n')).toEqual([
      'avx',
      'avx2',
      'fma',
      'avx512f',
    ]);
    expect(parseInstructions('Features\t: fp asimd\n')).toEqual(['asimd']);
    const machine = describeMachine();
    expect(machine.node).toBe(process.versions.node);
    expect(machine.memoryBytes).toBeGreaterThan(2 ** 30);
  });
});

describe('gan doctor', { timeout: 300_000 }, () => {
  beforeAll(() => buildSources(), 300_000);

  it('publishes its schema', () => {
    expect(JSON.parse(readFileSync(published, 'utf8'))).toEqual(doctorJsonSchema());
  });

  it('prints a report that keeps to the published schema', () => {
    const launch = join(packageRoot, 'src', 'launch.mjs');
    const run = spawnSync(process.execPath, [launch, 'doctor', '--json'], { encoding: 'utf8' });
    const report = JSON.parse(run.stdout);
    const validate = new Ajv2020().compile(JSON.parse(readFileSync(published, 'utf8')));
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...report, state: 'fine' })).toBe(false);
    expect(validate({ ...report, engine: undefined })).toBe(false);
    expect(doctorSchema.parse(report)).toEqual(report);
    expect(report.selfTest.passed).toBe(true);
    expect(report.cache.entries.length).toBeGreaterThan(0);
    expect(run.status).toBe(report.state === 'problems' ? 3 : 0);
    expect(run.stderr).toBe('');
  });

  it('tells a person what to do', () => {
    const launch = join(packageRoot, 'src', 'launch.mjs');
    const env = { ...process.env, CXX: '', PATH: '/nowhere' };
    const run = spawnSync(process.execPath, [launch, 'doctor'], { encoding: 'utf8', env });
    expect(run.stdout).toMatch(/ ! {2}compiler +none found\n +-> .*g\+\+/);
    expect(run.stdout).toMatch(/ok {2}tensorflow +\d+\.\d+\.\d+ \(/);
    expect(run.stdout).toContain('Ready to run.');
    expect(run.status).toBe(0);
  });
});
