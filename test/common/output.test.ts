import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  appendLine,
  atomically,
  checkOutput,
  fileFault,
  writeAtomic,
} from '../../src/common/files.ts';
import { withOutputLock } from '../../src/common/lock.ts';
import { launcher, packageRoot } from '../../src/common/paths.ts';
import { openRun } from '../../src/common/run.ts';
import { toyStore } from '../support/toy-store.ts';

let store = '';
const folder = mkdtempSync(join(tmpdir(), 'gan-output-'));
beforeAll(() => {
  mkdirSync(join(folder, 'folder.h5'));
  writeFileSync(join(folder, 'file'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['a folder', 'folder.h5', /folder\.h5 is a folder/],
  ['below a file', 'file/out.h5', /file is a file, so .*out\.h5 cannot be written/],
  ['a name of 255 characters', `${'n'.repeat(252)}.h5`, /the name is too long/],
  ['a name of 300 characters', `${'n'.repeat(300)}.h5`, /the name is too long/],
])('an output that is %s is found before the work, in one line', (_, name, message) => {
  const fault = (): unknown => {
    try {
      checkOutput(join(folder, name));
    } catch (error) {
      return error;
    }
  };
  expect(fault()).toMatchObject({ fault: 'input', message: expect.stringMatching(message) });
  expect(String(fault())).not.toContain('\n');
});

it.runIf(process.platform === 'linux').each([
  ['/proc/out.h5', /no such file or folder|may not write/],
  ['/dev/full/out.h5', /is a file, so .* cannot be written/],
])('nor where the system takes no file: %s', (path, message) => {
  expect(() => checkOutput(path)).toThrow(message);
});

it('more room than is free is found before the work', () => {
  expect(() => checkOutput(join(folder, 'x.h5'), 1e18)).toThrow(/the disk is full/);
});

it('faults of the system while writing are one line, others stay what they are', async () => {
  expect(() => writeAtomic(join(folder, 'file', 'x'), '')).toThrow(
    /a file, not a folder|a file stands/,
  );
  await expect(
    atomically(join(folder, 'x'), () => {
      throw Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' });
    }),
  ).rejects.toMatchObject({ fault: 'input', message: expect.stringMatching(/the disk is full/) });
  const other = new TypeError('mine');
  expect(fileFault(other)).toBe(other);
});

// A real disk of a few pages: user namespaces let anyone mount one.
const small = (size: string, script: string) =>
  spawnSync(
    'unshare',
    [
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o size=${size} tmpfs "$0" && cd "$0" && { ${script}; }`,
      disk,
    ],
    {
      encoding: 'utf8',
      env: { ...process.env, CBED_WORKSPACE: join(disk, 'ws'), GAN: launcher, STORE: store },
    },
  );
const disk = join(folder, 'disk');
const hasDisk = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

describe.runIf(hasDisk)('a disk that is full, or becomes so,', () => {
  beforeAll(async () => {
    mkdirSync(disk);
    execFileSync(process.execPath, [launcher, '--version']); // builds what is not up to date
    ({ store } = await toyStore(folder, { counts: [14, 10, 8], size: 32 }));
    writeFileSync(
      join(folder, 'gan.yaml'),
      'latent: 6\nembedding: 8\nhidden: 32\ncomponents: 8\nbatch: 8\n',
    );
    writeFileSync(
      join(folder, 'study.yaml'),
      `name: full\ndata: ${store}\nbaseline: plain\nseeds: 1\nsplits: 1\nupdates: 400\narms:\n  - name: plain\n    techniques: [flips]\n  - name: made\n    techniques: [flips]\n    synthetic: interpolation\n    fillTo: 20\n`,
    );
  }, 300_000);

  // The disk is filled as soon as the named file is there, while the command goes on writing.
  it.each([
    [
      '64k',
      'data simulate --crystals minerals --groups 225 --materials 20 --size 32 --out o.h5',
      '',
    ],
    ['600k', 'data prepare "$(dirname "$STORE")/toy.h5" --size 32 --workers 0 --out o.h5', ''],
    [
      '20m',
      'train --data "$STORE" --generator codec --classes all --config ../gan.yaml --steps 1000000 --out gan',
      'gan/metrics.jsonl',
    ],
    ['20m', 'classify train --data "$STORE" --updates 100000 --out guide', 'guide/run.json'],
    ['20m', 'bench run --study ../study.yaml --out study --threads 1', 'study/logs'],
  ])(
    'of %s ends gan %s with one line, and nothing is half-written',
    (size, command, filled) => {
      const fill = filled
        ? `(until [ -e ${filled} ]; do sleep 0.1; done; cat /dev/zero > fill 2>/dev/null) & filler=$!; `
        : '';
      const { status, stderr, stdout } = small(
        size,
        `${fill}node "$GAN" ${command}; code=$?; kill $filler 2>/dev/null; rm -f fill; find . -name '*.tmp@*' -o -name '*.lock' -o -name '*.json' -size 0; exit $code`,
      );
      const last = stderr.trim().split('\n').at(-1)!;
      expect(stderr).not.toMatch(/\n {4}at |CBED_DEBUG/);
      expect(last).toMatch(/^gan: .*\/\S+: the disk is full \(free some space.*\)$/);
      expect(status).toBe(3);
      expect(stdout).not.toMatch(/^\.\//m);
    },
    300_000,
  );
});

it('a line that does not fit is not left in part', () => {
  const path = join(folder, 'lines');
  appendLine(path, 'first');
  const limited = spawnSync('bash', [
    '-c',
    `trap '' XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1" "$2"`,
    process.execPath,
    `import { appendLine } from '${pathToFileURL(join(packageRoot, 'dist/src/common/files.js'))}'; appendLine(process.argv[1], 'x'.repeat(4000));`,
    path,
  ]);
  expect(limited.status).not.toBe(0);
  expect(readFileSync(path, 'utf8')).toBe('first\n');
});

it('what killed processes left is swept, what others write is not', () => {
  const left = [
    `.a.h5.tmp@${hostname()}@4194305@0a1b2c3d`,
    `.b.h5.tmp@${hostname()}@${process.pid}@0a1b2c3d`,
    '.c.h5.tmp@elsewhere@1@0a1b2c3d',
  ];
  for (const name of left) writeFileSync(join(folder, name), '');
  checkOutput(join(folder, 'swept.h5'));
  expect(readdirSync(folder).filter((name) => name.includes('.tmp@'))).toEqual(left.slice(1));
});

it('one output is written by one process; who would not wait is told who writes', async () => {
  const output = join(folder, 'run');
  await withOutputLock(output, async () => {
    const second = withOutputLock(output, async () => {}, { refuse: output });
    await expect(second).rejects.toThrow(
      new RegExp(`run is being written by process ${process.pid}`),
    );
  });
  expect(await withOutputLock(output, async () => 'free')).toBe('free');
});

it('runs that start in one second have folders of their own', () => {
  process.env.CBED_WORKSPACE = join(folder, 'workspace');
  const runs = Array.from({ length: 12 }, () => openRun('gan', {}).folder);
  expect(new Set(runs).size).toBe(12);
});
