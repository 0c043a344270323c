import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { launcher } from '../../src/common/paths.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../support/toy-store.ts';

// Ctrl-C on a real terminal: `script` (util-linux) gives the command a pseudo-terminal.
const hasTerminal = spawnSync('script', ['--version']).status === 0;
const CTRL_C = '\x03';
const CRASH = /Aborted|Segmentation|corrupted|core dumped|terminate called|Error:/;

/** Fifty by hand: INTERRUPTIONS=50 npx vitest run test/gan/interruption.test.ts. */
const TIMES = Number(process.env.INTERRUPTIONS ?? 3);

const folder = temporaryFolder('interruption');
const config = join(folder, 'small.yaml');
let store: string;

interface Ended {
  code: number | null;
  output: string;
}

/** `gan ARGS` on a pseudo-terminal; each key is typed once the condition before it holds. */
async function onTerminal(
  args: string[],
  keys: { when: (said: string) => boolean; type: string }[],
) {
  const command = [process.execPath, launcher, ...args].join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...process.env, CBED_WORKSPACE: join(folder, 'workspace') },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += String(data);
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
  const waiting = [...keys];
  const timer = setInterval(() => {
    if (!waiting[0]?.when(output)) return;
    child.stdin.write(waiting.shift()!.type);
  }, 50);
  const result = await ended;
  clearInterval(timer);
  return result;
}

const train = (run: string, ...rest: string[]) => [
  ...['train', '--data', store, '--generator', 'codec', '--classes', 'all'],
  ...['--config', config, '--out', join(folder, run), ...rest],
];
const checkpoints = (run: string): string[] => {
  const path = join(folder, run, 'checkpoints');
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.safetensors')) : [];
};

/** True some milliseconds after this has been said. */
function later(what: RegExp, milliseconds: number) {
  let since: number | null = null;
  return (said: string): boolean => {
    if (what.test(said)) since ??= performance.now();
    return since !== null && performance.now() - since >= milliseconds;
  };
}

beforeAll(async () => {
  execFileSync(process.execPath, [launcher, '--version']); // builds what is not up to date
  ({ store } = await toyStore(folder, { counts: [14, 10, 8], size: 32 }));
  writeFileSync(config, 'latent: 6\nembedding: 8\nhidden: 32\ncomponents: 8\nbatch: 8\n');
}, 300_000);

describe.skipIf(!hasTerminal)('Ctrl-C in a training on a terminal', () => {
  it('finishes the step, writes a checkpoint, says how to go on; what goes on has no step twice', async () => {
    const started = () => checkpoints('stopped').length > 0;
    const first = await onTerminal(train('stopped', '--steps', '1000000'), [
      { when: started, type: CTRL_C },
    ]);
    expect(first.output).toMatch(/stopped at step \d+; go on with: npx gan train --resume/);
    expect(first.output).not.toMatch(CRASH);
    expect(first.code).toBe(130);
    const step = Number(/stopped at step (\d+)/.exec(first.output)![1]);
    expect(checkpoints('stopped').at(-1)).toBe(`step-${String(step).padStart(6, '0')}.safetensors`);
    const run = join(folder, 'stopped');
    const again = await onTerminal(['train', '--resume', run, '--steps', String(step + 60)], []);
    expect(again.output).toContain(`going on at step ${step} of ${step + 60}`);
    expect(again.code).toBe(0);
    const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
    const steps = lines.map((line) => (JSON.parse(line) as { step: number }).step);
    expect(new Set(steps).size).toBe(steps.length);
    expect(steps.at(-1)).toBe(step + 60);
    // Steps that are done already, another generator, and nothing left to do are said.
    const done = await onTerminal(['train', '--resume', run, '--steps', '1'], []);
    expect(done.output).toMatch(/--steps 1: .* has done \d+ steps already/);
    expect(done.code).toBe(2);
    const other = await onTerminal(['train', '--resume', run, '--generator', 'pixel'], []);
    expect(other.output).toMatch(/--generator pixel: the run .* trains a codec generator/);
    expect(other.code).toBe(2);
  }, 600_000);

  it('leaves at once at a second one, without a native crash', async () => {
    const said = (output: string) => output.includes('finishing this step');
    const ended = await onTerminal(train('twice', '--steps', '1000000'), [
      { when: () => checkpoints('twice').length > 0, type: CTRL_C + CTRL_C },
      { when: said, type: CTRL_C },
    ]);
    expect(ended.output).not.toMatch(CRASH);
    expect(ended.code).toBe(130);
  }, 600_000);

  it('and does so whenever it is pressed, time and again', async () => {
    const run = join(folder, 'often');
    let before = 0;
    for (let i = 0; i < TIMES; i++) {
      const twice = i % 3 === 2;
      const begun =
        i === 0 ? () => checkpoints('often').length > 0 : later(/going on at step/, 37 * (i % 20));
      const { code, output } = await onTerminal(
        i === 0 ? train('often', '--steps', '1000000') : ['train', '--resume', run],
        [
          { when: begun, type: CTRL_C },
          ...(twice ? [{ when: later(/finishing this step/, 0), type: CTRL_C }] : []),
        ],
      );
      const which = `${i}: ${output}`;
      expect(output, which).not.toMatch(CRASH);
      expect(code, which).toBe(130);
      const stopped = /stopped at step (\d+); go on with: npx gan train --resume/.exec(output);
      if (!twice) expect(stopped, which).not.toBeNull();
      const step = Number(/step-(\d+)/.exec(checkpoints('often').at(-1)!)![1]);
      expect(step, which).toBeGreaterThanOrEqual(stopped ? Number(stopped[1]) : before);
      before = step;
    }
    // A run that is stopped after a few steps has no line yet.
    const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n').slice(0, -1);
    expect(new Set(lines.map((line) => JSON.parse(line).step)).size).toBe(lines.length);
  }, 3_600_000);

  it('a run without a checkpoint starts at step 0 and says so', async () => {
    const run = join(folder, 'twice');
    for (const name of checkpoints('twice')) {
      rmSync(join(run, 'checkpoints', name));
    }
    const ended = await onTerminal(['train', '--resume', run, '--steps', '3'], []);
    expect(ended.output).toContain('has no checkpoint: starting at step 0');
    expect(ended.code).toBe(0);
  }, 600_000);
});
