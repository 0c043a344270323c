import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { reportCommand } from '../../src/commands/report.ts';
import { listRuns, newestReported } from '../../src/report/pages/run-list.ts';
import { temporaryFolder } from '../support/folder.ts';

let workspace: string;

beforeEach(() => {
  workspace = temporaryFolder('runs');
  vi.stubEnv('CBED_WORKSPACE', workspace);
});

afterEach(() => vi.unstubAllEnvs());

function run(folder: string, files: Record<string, unknown>, minute: number): void {
  const path = join(workspace, folder);
  mkdirSync(path, { recursive: true });
  const time = new Date(Date.UTC(2026, 0, 1, 12, minute));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(
      join(path, name),
      typeof content === 'string' ? content : JSON.stringify(content),
    );
    utimesSync(join(path, name), time, time);
  }
}

it('lists runs and studies with kind, store, date and main figure, newest first', () => {
  run(
    'runs/a-gan',
    { 'config.json': { data: 'x.h5' }, 'metrics.jsonl': '{"step":1}\n{"step":500}\n' },
    1,
  );
  run(
    'runs/b-score',
    { 'config.json': {}, 'score.json': { samples: [{ accepted: true }, { accepted: false }] } },
    2,
  );
  run(
    'runs/c-classifier',
    { 'config.json': { data: 'x.h5' }, 'validation.json': { macroF1: 0.4567 } },
    3,
  );
  run(
    'studies/mine',
    { 'study.json': { data: 'minerals' }, 'comparison.json': { verdict: ['copies: helped'] } },
    4,
  );
  run('runs/d-broken', { 'config.json': '{' }, 5);
  run('runs/e-gan', { 'config.json': { data: 5 }, 'metrics.jsonl': '{"step":1}\n{"st' }, 6);
  run('runs/f-score', { 'config.json': 'null', 'score.json': { samples: 7 } }, 7);
  mkdirSync(join(workspace, 'runs', 'empty'));
  expect(listRuns().map(({ kind, store, date, figure }) => [kind, store, date, figure])).toEqual([
    ['score', null, '2026-01-01 12:07', ''],
    ['gan', null, '2026-01-01 12:06', ''],
    ['broken', null, '2026-01-01 12:05', ''],
    ['study', 'minerals', '2026-01-01 12:04', 'copies: helped'],
    ['classifier', 'x.h5', '2026-01-01 12:03', 'macro-F1 45.7 % on validation'],
    ['score', null, '2026-01-01 12:02', '1 of 2 accepted'],
    ['gan', 'x.h5', '2026-01-01 12:01', '500 steps'],
  ]);
  expect(newestReported()).toBe(join(workspace, 'studies', 'mine'));
});

it('goes by the time that is recorded, and no clock of the future wins', () => {
  const began = (started: string) => ({ 'config.json': {}, 'run.json': { started } });
  run('runs/a-quickstart', began('2026-03-02T10:00:00Z'), 1);
  run('runs/b-quickstart', began('2026-03-01T10:00:00Z'), 50);
  run('runs/2100-01-01_000000-quickstart', began('2100-01-01T00:00:00Z'), 20);
  run('studies/copied', { 'study.json': {}, 'run.json': { started: '2026-02-01T10:00:00Z' } }, 40);
  run('studies/future', { 'study.json': {} }, 60 * 24 * 365 * 100);
  expect(listRuns().map(({ folder }) => basename(folder))).toEqual([
    'a-quickstart',
    'b-quickstart',
    'copied',
    '2100-01-01_000000-quickstart',
    'future',
  ]);
  expect(newestReported()).toBe(join(workspace, 'runs', 'a-quickstart'));
});

it('reports the newest run where there is no study', () => {
  const began = (day: number) => ({
    'config.json': {},
    'run.json': { started: `2026-03-0${day}` },
  });
  run('runs/a-mix', { ...began(1), 'mixture.json': {} }, 2);
  run('runs/a-score', { ...began(2), 'score.json': {} }, 1);
  // Of these no page can be made: one command draws none, the other has not ended.
  run('runs/a-prepare', began(3), 0);
  run('runs/a-classifier', began(4), 0);
  expect(newestReported()).toBe(join(workspace, 'runs', 'a-score'));
});

it('says how to get a study where there is none to report', async () => {
  expect(listRuns()).toEqual([]);
  await expect(reportCommand().exitOverride().parseAsync([], { from: 'user' })).rejects.toThrow(
    /no run to report.*npx gan quickstart/s,
  );
});
