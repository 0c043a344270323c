import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { classifyCommand } from '../../src/commands/classify.ts';
import { toyStore } from '../support/toy-store.ts';

let folder: string;
let files: { summit: string; store: string };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'classify-'));
  process.env.CBED_WORKSPACE = folder;
  files = await toyStore(folder, { counts: [30, 20, 12], classes: [2, 62, 225] });
});
afterAll(() => {
  delete process.env.CBED_WORKSPACE;
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command and gives what it printed on standard output. */
async function run(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const command = classifyCommand().exitOverride();
  for (const inner of command.commands) inner.exitOverride();
  try {
    await command.parseAsync(args, { from: 'user' });
  } finally {
    for (const spy of [log, error, write]) spy.mockRestore();
  }
  return lines.join('\n');
}

const SMALL = ['--width', '4', '--batch', '8', '--updates', '20', '--rate', '0.002', '--seed', '3'];

it('lists the techniques, as text and as JSON', async () => {
  expect(await run('--list-techniques')).toMatch(/logit-adjustment +loss +tau=1:synthetic=0/);
  const listed = JSON.parse(await run('--list-techniques', '--json')) as { name: string }[];
  expect(listed.map(({ name }) => name)).toContain('progressive-undersample');
});

describe('train, evaluate, predict', () => {
  it('trains into a run folder, tests on other materials and predicts files', async () => {
    const words = ['--technique', 'logit-adjustment,flips', '--multitask'];
    const trained = JSON.parse(await run('train', ...SMALL, ...words, '--json')) as {
      run: string;
      validation: { macroF1: number };
    };
    expect(trained.validation.macroF1).toBeGreaterThan(0);
    for (const name of ['config.json', 'validation.json', 'learning.png']) {
      expect(existsSync(join(trained.run, name))).toBe(true);
    }
    expect(existsSync(join(trained.run, 'checkpoint.safetensors'))).toBe(false);

    const text = await run('evaluate');
    expect(text).toMatch(/test: macro-F1 0\.\d+/);
    expect(text).toMatch(/other heads: crystal system/);
    const saved = JSON.parse(readFileSync(join(trained.run, 'evaluation-test.json'), 'utf8')) as {
      perClass: unknown[];
      bins: unknown[];
    };
    expect(saved.perClass).toHaveLength(3);
    expect(saved.bins).toHaveLength(15);
    for (const name of ['confusion', 'scores', 'reliability']) {
      expect(existsSync(join(trained.run, `${name}-test.png`))).toBe(true);
    }

    const picture = join(folder, 'seen.png');
    const csv = await run('predict', files.summit, '--picture', picture);
    const rows = csv.trim().split('\n');
    expect(rows[0]).toMatch(/^file,sample,material,labelled,group1,p1/);
    expect(rows).toHaveLength(1 + 62);
    expect(existsSync(picture)).toBe(true);
    const json = JSON.parse(await run('predict', files.summit, '--json')) as {
      top: { probability: number }[];
    }[];
    for (const { top } of json) {
      const total = top.reduce((sum, { probability }) => sum + probability, 0);
      expect(total).toBeGreaterThan(0.999);
    }
  });

  it('takes settings from a file, flags first, and keeps the resolved ones', async () => {
    const config = join(folder, 'settings.yaml');
    writeFileSync(config, 'updates: 500\nwidth: 4\ntechnique: [focal]\n');
    const out = join(folder, 'mine');
    await run('train', '--config', config, '--updates', '4', '--batch', '8', '--out', out);
    const saved = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as object;
    expect(saved).toMatchObject({ updates: 4, width: 4, technique: ['focal'], seed: 1 });
  });

  it('trains an ensemble and leaves no checkpoint behind', async () => {
    const out = join(folder, 'several');
    const words = ['--technique', 'ensemble:members=2', '--out', out];
    await run('train', ...SMALL, '--updates', '6', ...words);
    expect(readdirSync(out).filter((name) => name.includes('checkpoint'))).toEqual([]);
    expect(await run('evaluate', '--classifier', out, '--views')).toMatch(/test: macro-F1/);
  });

  it.each([
    [['train', '--technique', 'focl'], 'did you mean "focal"'],
    [['train', '--updates', 'many'], 'updates = "many": is not a number'],
    [['train', '--network', 'vgg'], 'is none of stack, residual, shared'],
    [['train', '--data', '/nowhere.h5'], '/nowhere.h5'],
    [['evaluate', '--classifier', '/nowhere'], '/nowhere is no classifier run'],
    [['predict', '/nowhere.h5'], 'no file or folder at /nowhere.h5'],
  ])('refuses %j with one line', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
  });
});
