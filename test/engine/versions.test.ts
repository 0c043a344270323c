import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  parseRequirement,
  requirementsOf,
  satisfies,
} from '../../src/engine/pypi.ts';

// Lines of the METADATA of tensorflow_cpu 2.21.0.
const METADATA = `Requires-Dist: protobuf<8.0.0,>=6.31.1
Requires-Dist: packaging
Provides-Extra: and-cuda
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"
Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; (sys_platform != "win32") and extra == "gcs-filesystem"
`;

describe('requirements', () => {
  it('reads those of an extra from METADATA', () => {
    expect(requirementsOf(METADATA, 'and-cuda')).toEqual([
      { project: 'nvidia-cublas-cu12', specifier: '<13.0,>=12.5.3.2', extra: 'and-cuda' },
      { project: 'nvidia-cudnn-cu12', specifier: '<10.0,>=9.3.0.75', extra: 'and-cuda' },
    ]);
  });

  it.each([
    ['packaging', { project: 'packaging', specifier: '', extra: null }],
    ['numpy (>=1.26, <3)', { project: 'numpy', specifier: '>=1.26,<3', extra: null }],
  ])('parses %s', (line, expected) => {
    expect(parseRequirement(line)).toEqual(expected);
  });

  it('refuses what is none', () => {
    expect(() => parseRequirement('<=3')).toThrow('"<=3" is no requirement');
  });
});

describe('versions', () => {
  // Orders stated in the version specifiers document of the Python Packaging Authority.
  it.each([
    ['12.9.2.10', '12.9.2.9'],
    ['12.9.3', '12.9'],
    ['10.0', '9.99.99'],
    ['11.4.0.6.post1', '11.4.0.6'],
    ['11.4.0.7', '11.4.0.6.post1'],
    ['2.1', '2.0.post3'],
  ])('%s is newer than %s', (newer, older) => {
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(compareVersions(older, newer)).toBeLessThan(0);
  });

  it('is an order', () => {
    const version = fc
      .array(fc.nat(20), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('.'));
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        const [low, middle, high] = [a, b, c].sort(compareVersions);
        expect(compareVersions(low!, high!)).toBeLessThanOrEqual(0);
        expect(compareVersions(low!, middle!)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it.each([
    ['12.9.2.10', '<13.0,>=12.5.3.2', true],
    ['13.0', '<13.0,>=12.5.3.2', false],
    ['12.5.3.1', '<13.0,>=12.5.3.2', false],
    ['2.21.0', '==2.21.0', true],
    ['2.21.0rc1', '', false],
    ['0.5.1', '!=0.5.0,!=0.5.1', false],
    ['2.21.0', '', true],
  ])('%s against "%s": %s', (version, specifier, expected) => {
    expect(satisfies(version, specifier)).toBe(expected);
  });
});
