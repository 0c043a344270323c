import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveSources } from '../../src/dataset/summit/sources.ts';
import { temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
beforeAll(() => {
  mkdirSync(at('deep', 'er'), { recursive: true });
  for (const name of ['b.h5', 'a.h5', 'notes.md', 'deep/c.hdf5', 'deep/er/d.h5'])
    writeFileSync(at(name), '');
  writeFileSync(at('list.txt'), '# two files\na.h5\n\ndeep/c.hdf5\nabsent.h5\n');
  symlinkSync(at('a.h5'), at('link.h5'));
});
afterAll(remove);

const names = (...inputs: string[]): string[] =>
  resolveSources(inputs).paths.map((path) => basename(path));

describe('sources', () => {
  it.each([
    ['a file', ['b.h5'], ['b.h5']],
    ['a folder, with all below', ['deep'], ['c.hdf5', 'd.h5']],
    ['a pattern', ['[ab].h5'], ['a.h5', 'b.h5']],
    ['a pattern of one letter', ['?.h5'], ['a.h5', 'b.h5']],
    ['a pattern through folders', ['**/*.h5'], ['a.h5', 'b.h5', 'd.h5']],
    ['a list, also of what is not there', ['list.txt'], ['a.h5', 'absent.h5', 'c.hdf5']],
    ['several, in order of their names', ['deep', 'a.h5'], ['a.h5', 'c.hdf5', 'd.h5']],
  ])('may be %s', (_, inputs, expected) => {
    expect(names(...inputs.map((input) => at(input)))).toEqual(expected);
  });

  it('that are one file are read once and told', () => {
    const { paths, anomalies } = resolveSources([at('a.h5'), at('link.h5'), at('a.h5')]);
    expect(paths).toHaveLength(1);
    expect(anomalies.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['same-file', `the same file as ${at('a.h5')}`],
      ['same-file', 'given twice, read once'],
    ]);
  });

  it.each([
    ['its parent', ['..']],
    ['itself', ['here']],
    ['a folder above that links back', ['../..', '../../loop']],
    ['each other, many times', Array.from({ length: 12 }, (_, i) => (i % 2 ? '..' : '../..'))],
  ])('with a link to %s give each file once, at once', (name, targets) => {
    const base = at('loop', name.replaceAll(' ', '-'));
    mkdirSync(join(base, 'one', 'two'), { recursive: true });
    for (const path of ['x.h5', 'one/y.h5', 'one/two/z.HDF5']) writeFileSync(join(base, path), '');
    targets.forEach((target, i) => {
      symlinkSync(target, join(base, 'one', 'two', target === 'here' ? 'here' : `up${i}`));
      symlinkSync(target, join(base, 'one', `again${i}`));
    });
    const start = performance.now();
    for (const input of [join(base, 'one'), join(base, 'one', '**', '*.[hH]*5')]) {
      const { paths, anomalies } = resolveSources([input]);
      expect(anomalies).toEqual([]);
      expect(new Set(paths.map((path) => basename(path)))).toContain('y.h5');
      expect(new Set(paths.map((path) => basename(path))).size).toBe(paths.length);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('that link to a folder elsewhere are followed, and a dead link is passed over', () => {
    mkdirSync(at('links'));
    symlinkSync(at('deep'), at('links', 'to-deep'));
    symlinkSync(at('nowhere'), at('links', 'dead'));
    expect(names(at('links'))).toEqual(['c.hdf5', 'd.h5']);
  });

  it.runIf(process.platform === 'linux').each(['pipe.h5', 'pipe.txt'])(
    'that are a pipe are an input error: %s',
    (name) => {
      execFileSync('mkfifo', [at(name)]);
      expect(() => resolveSources([at(name)])).toThrow(/is neither a file nor a folder/);
    },
  );

  it.each([
    ['absent.h5', /no file or folder at .*absent\.h5/],
    ['*.hdf4', /no file matches .*\.hdf4/],
    ['empty', /no \.h5 file in .*empty/],
  ])('that are not there are an input error: %s', (input, message) => {
    mkdirSync(at('empty'), { recursive: true });
    expect(() => resolveSources([at(input)])).toThrow(message);
  });
});
