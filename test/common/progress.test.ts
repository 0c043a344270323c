import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { Pace } from '../../src/common/progress.ts';
import { buildSources } from '../engine/support/checkout.ts';

/** A duration as the bar shows it, in seconds. */
function seconds(text: string): number {
  const [, hours = 0, minutes = 0, rest = 0] = /(?:(\d+) h )?(?:(\d+) min)?(?: ?(\d+) s)?/.exec(
    text,
  )!;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

describe('the time that is left', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const near = (text: string, expected: number): void => {
    expect(seconds(text)).toBeGreaterThan(0.7 * expected);
    expect(seconds(text)).toBeLessThan(1.3 * expected);
  };

  it('is unknown until something is done', () => {
    const pace = new Pace(10);
    vi.advanceTimersByTime(60_000);
    expect(pace.left()).toBe('?');
  });

  it.each([
    [0, 1000],
    [900, 1000],
    [4000, 10_000],
  ])('is right for a run resumed at %i of %i', (before, total) => {
    const pace = new Pace(total);
    pace.advance(before);
    expect(pace.left()).toBe('?');
    for (let step = before + 1; step <= before + 50; step++) {
      vi.advanceTimersByTime(500);
      pace.advance(1);
      if (step > before + 5) near(pace.left(), (total - step) / 2);
    }
  });

  it.each([
    ['slow at first', 20_000, 500],
    ['slower from now on', 500, 2000],
  ])('follows a pace that changes: %s', (_, first, then) => {
    const pace = new Pace(1000);
    for (let step = 0; step < 40; step++) {
      vi.advanceTimersByTime(step < 5 ? first : 500);
      pace.advance(1);
    }
    for (let step = 40; step < 900; step++) {
      vi.advanceTimersByTime(then);
      pace.advance(1);
    }
    near(pace.left(), (100 * then) / 1000);
  });

  it.each([
    [1, 60_000, 55],
    [500, 60_000, 35],
    [20_000, 600_000, 500],
  ])('is no more than the stage may last, from step %i of %i ms on', (step, most, left) => {
    const pace = new Pace(500, most);
    expect(seconds(pace.left())).toBe(most / 1000);
    for (let passed = 0; passed < most - 1000 * left; passed += 5000) {
      vi.advanceTimersByTime(5000);
      if (passed >= step) pace.advance(1);
    }
    expect(seconds(pace.left())).toBe(left);
  });

  it('is that of the steps where they end sooner', () => {
    const pace = new Pace(20, 3_600_000);
    for (let step = 0; step < 10; step++) {
      vi.advanceTimersByTime(1000);
      pace.advance(1);
    }
    near(pace.left(), 10);
  });

  it.each([
    [0, 46_000, 6000],
    [200, 46_000, 500],
    [499, 3000, 100],
  ])('leaves out the first step, from %i on: %i ms instead of %i', (before, first, each) => {
    const pace = new Pace(1000);
    pace.advance(before);
    vi.advanceTimersByTime(first);
    pace.advance(1);
    pace.restart();
    for (let step = 0; step < 3; step++) {
      vi.advanceTimersByTime(each);
      pace.advance(1);
      near(pace.left(), ((1000 - pace.at) * each) / 1000);
    }
  });

  it('goes on when steps are taken back', () => {
    const pace = new Pace(100);
    for (let step = 0; step < 60; step++) {
      vi.advanceTimersByTime(1000);
      pace.advance(1);
    }
    pace.advance(-30);
    vi.advanceTimersByTime(1000);
    pace.advance(1);
    expect(seconds(pace.left())).toBeGreaterThan(30);
  });
});

const hasScript = spawnSync('script', ['--version']).status === 0;

describe.skipIf(!hasScript)('on a terminal', () => {
  it('the bar shows after TensorFlow was loaded', () => {
    buildSources();
    const built = (name: string): string => join(packageRoot, 'dist', 'src', name);
    const program = `
      await import(${JSON.stringify(built('engine/tf.js'))});
      const { terminalProgress } = await import(${JSON.stringify(built('common/progress.js'))});
      const bar = terminalProgress('a stage', 4);
      for (let i = 0; i < 4; i++) { await new Promise((r) => setTimeout(r, 150)); bar.advance(); }
      bar.done();`;
    const command = `'${process.execPath}' --input-type=module -e '${program.replaceAll("'", "'\\''")}'`;
    const run = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
    expect(run.stdout).toMatch(/a stage .*%/);
    expect(run.stdout).toContain('a stage: done in');
    expect(run.status).toBe(0);
  });
});
