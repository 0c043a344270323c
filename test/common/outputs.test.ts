import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CbedError } from '../../src/common/errors.ts';
import {
  allowReplacing,
  checkOutputFile,
  checkOutputFolder,
  explainSystemError,
} from '../../src/common/outputs.ts';
import { launcher } from '../../src/common/paths.ts';
import { claimOutput, defaultStorePath, newestRun, openRun } from '../../src/common/run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outputs-'));
  process.env.CBED_WORKSPACE = join(folder, 'workspace');
});
afterEach(() => {
  allowReplacing(false);
  delete process.env.CBED_WORKSPACE;
  rmSync(folder, { recursive: true, force: true });
});

describe('a run folder', () => {
  it.each(['classifier', 'sample', 'score', 'mix', 'quickstart'] as const)(
    'of %s is not replaced by one of other settings, unless forced',
    (kind) => {
      const out = join(folder, 'run');
      openRun(kind, { seed: 1 }, out);
      openRun(kind, { seed: 1 }, out);
      expect(() => openRun(kind, { seed: 2 }, out)).toThrow(
        /holds a run of other settings .*--force/,
      );
      expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toEqual({ seed: 1 });
      allowReplacing(true);
      openRun(kind, { seed: 2 }, out);
      expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toEqual({ seed: 2 });
    },
  );

  it('of the GAN is not begun anew by chance: it goes on with --resume', () => {
    const out = join(folder, 'run');
    openRun('gan', { steps: 2000 }, out);
    expect(() => openRun('gan', { steps: 2000 }, out)).toThrow(/by --resume/);
    expect(() => openRun('gan', { steps: 10 }, out)).toThrow('other settings');
  });

  it('is not made where other files lie', () => {
    const out = join(folder, 'photos');
    mkdirSync(out);
    writeFileSync(join(out, 'holiday.jpg'), '');
    expect(() => openRun('mix', {}, out)).toThrow('files that are no run');
  });

  it('has a name of its own where many start in one second', () => {
    const folders = Array.from({ length: 20 }, () => openRun('score', {}).folder);
    expect(new Set(folders).size).toBe(20);
  });

  it('keeps what it chose by itself, and goes on with the settings that it was given', () => {
    const out = join(folder, 'chosen');
    const run = openRun('score', { data: 'a.h5' }, out, { classifier: 'newest' });
    const config = () => JSON.parse(readFileSync(run.file('config.json'), 'utf8'));
    expect(config()).toEqual({ data: 'a.h5', chosen: { classifier: 'newest' } });
    openRun('score', { data: 'a.h5' }, out, { classifier: 'newer' });
    expect(config().chosen).toEqual({ classifier: 'newer' });
    expect(() => openRun('score', { data: 'b.h5' }, out)).toThrow('a run of other settings');
  });

  it('is the newest by its recorded time, whatever its name and however wrong a clock was', () => {
    const write = (name: string, started: string) => {
      const path = join(folder, 'workspace', 'runs', name);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'config.json'), '{}');
      writeFileSync(join(path, 'run.json'), JSON.stringify({ kind: 'gan', started }));
    };
    write('2100-01-01_000000-gan', '2100-01-01T00:00:00Z');
    write('zzz-gan', '2020-01-01T00:00:00Z');
    write('aaa-gan', '2024-05-05T00:00:00Z');
    expect(newestRun('gan')?.folder).toMatch(/aaa-gan$/);
    const mine = openRun('gan', {});
    expect(newestRun('gan')?.folder).toBe(mine.folder);
  });

  it('without a record counts by its age', () => {
    const runs = join(folder, 'workspace', 'runs');
    for (const [name, age] of [
      ['b-mix', 1000],
      ['a-mix', 10],
    ] as const) {
      mkdirSync(join(runs, name), { recursive: true });
      writeFileSync(join(runs, name, 'config.json'), '{}');
      const time = Date.now() / 1000 - age;
      utimesSync(join(runs, name, 'config.json'), time, time);
    }
    expect(newestRun('mix')?.folder).toMatch(/a-mix$/);
  });
});

describe('a file', () => {
  const made = (seed: number) => ({ seed, out: join(folder, 'store.h5') });

  it('made with other settings is not replaced, unless forced', () => {
    const out = join(folder, 'store.h5');
    claimOutput('prepare', out, made(1));
    writeFileSync(out, 'store');
    openRun('prepare', made(1));
    claimOutput('prepare', out, made(1));
    expect(() => claimOutput('prepare', out, made(2))).toThrow(
      /made with other settings .*--force/,
    );
    allowReplacing(true);
    claimOutput('prepare', out, made(2));
  });

  it('of unknown origin is not replaced', () => {
    writeFileSync(join(folder, 'store.h5'), 'measured in three years');
    expect(() => claimOutput('simulate', join(folder, 'store.h5'), made(1))).toThrow('--force');
  });

  it('of the quickstart serves as the default store only where there is no other', () => {
    const run = openRun('quickstart', {});
    expect(defaultStorePath()).toBe(join(folder, 'workspace', 'prepared.h5'));
    writeFileSync(run.file('prepared.h5'), '');
    expect(defaultStorePath()).toBe(run.file('prepared.h5'));
    writeFileSync(join(folder, 'workspace', 'prepared.h5'), '');
    expect(defaultStorePath()).toBe(join(folder, 'workspace', 'prepared.h5'));
  });
});

describe('a place that cannot be written', () => {
  it.each<[string, () => void, RegExp]>([
    ['a file as a folder', () => checkOutputFolder(join(folder, 'file')), /is a file/],
    ['a file above', () => checkOutputFile(join(folder, 'file', 'a', 'b.h5')), /is a file, so/],
    ['a folder as a file', () => checkOutputFile(folder), /is a folder/],
    ['a name too long', () => checkOutputFile(join(folder, 'x'.repeat(255))), /name is too long/],
  ])('is named before the work: %s', (_, check, message) => {
    writeFileSync(join(folder, 'file'), '');
    expect(check).toThrow(message);
    expect(check).toThrow(CbedError);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])(
    '%s is one line with a mend',
    (code) => {
      const error = Object.assign(new Error(`${code}: bad`), { code, path: '/some/file' });
      const explained = explainSystemError(error);
      expect(explained?.message).toMatch(/^\/some\/file: [^\n]+ \([^\n]+\)$/);
      expect(explained?.exitCode).toBe(3);
    },
  );

  it('leaves other errors alone', () => {
    expect(explainSystemError(new TypeError('a bug'))).toBeNull();
  });
});

describe('the command line', () => {
  const gan = (command: string) =>
    spawnSync('bash', ['-c', `node '${launcher}' ${command}`], {
      encoding: 'utf8',
      env: { ...process.env, CBED_WORKSPACE: join(folder, 'workspace') },
    });

  it.each(['--help | head -3', 'data simulate --help | head -1', 'bench --help | true'])(
    'ends without a trace when its pipe is closed: gan %s',
    (command) => {
      const { stderr } = gan(command);
      expect(stderr).toBe('');
    },
  );

  it.each([
    ['a file where the workspace should be', 'workspace', 'workspace'],
    ['a file where the runs should be', 'workspace/runs', 'runs'],
  ])('says in one line: %s', (_, file, named) => {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), '');
    const { stderr, status } = gan('data simulate --crystals generated --groups 225 --materials 1');
    expect(stderr).toMatch(new RegExp(`^gan: .*${named}.*\n$`));
    expect(status).toBe(3);
    expect(existsSync(join(folder, file))).toBe(true);
  });
});
