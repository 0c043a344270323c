import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oversample, rowsByClass, toMiddle, undersample } from '../../src/balance/sampling.ts';
import {
  parseStrategy,
  resolveStrategy,
  STRATEGY_WORDS,
  type Strategy,
} from '../../src/balance/strategy.ts';
import { Stream } from '../../src/common/stream.ts';

const counts = [100, 0, 30, 4, 30];
const resolved = (strategy: Strategy, direction: 'over' | 'under') =>
  Object.fromEntries(resolveStrategy(strategy, counts, direction));

describe('strategies resolve to target counts as in imbalanced-learn', () => {
  it.each([
    ['auto', 'over', { 2: 100, 3: 100, 4: 100 }],
    ['minority', 'over', { 3: 100 }],
    ['not-minority', 'over', { 2: 100, 4: 100 }],
    ['not-majority', 'over', { 2: 100, 3: 100, 4: 100 }],
    ['all', 'over', { 2: 100, 3: 100, 4: 100 }],
    ['middle', 'over', { 3: 20 }],
    [50, 'over', { 2: 50, 3: 50, 4: 50 }],
    [{ 3: 9 }, 'over', { 3: 9 }],
    ['auto', 'under', { 0: 4, 2: 4, 4: 4 }],
    ['majority', 'under', { 0: 4 }],
    ['not-majority', 'under', { 2: 4, 4: 4 }],
    ['middle', 'under', { 0: 20, 2: 20, 4: 20 }],
    [50, 'under', { 0: 50 }],
    [{ 0: 7, 2: 8 }, 'under', { 0: 7, 2: 8 }],
  ] as [Strategy, 'over' | 'under', object][])('%j, %s', (strategy, direction, targets) => {
    expect(resolved(strategy, direction)).toEqual(targets);
  });

  it.each([
    [{ 1: 9 }, 'over', 'class 1, which has no example'],
    [{ 0: 50 }, 'over', 'oversampling cannot shrink'],
    [{ 3: 50 }, 'under', 'undersampling cannot grow'],
    [{ 3: 2.5 }, 'under', 'not a positive integer'],
    [0, 'over', 'not a positive integer'],
  ] as [Strategy, 'over' | 'under', string][])('refuses %j, %s', (strategy, direction, message) => {
    expect(() => resolved(strategy, direction)).toThrow(message);
  });

  it('reads words and counts, and suggests the nearest word', () => {
    expect(parseStrategy('45')).toBe(45);
    expect(parseStrategy('middle')).toBe('middle');
    expect(() => parseStrategy('minorty')).toThrow('did you mean "minority"');
  });

  it('changes nothing where there is nothing', () => {
    expect(resolveStrategy('auto', [0, 0], 'over').size).toBe(0);
  });
});

const labelSets = fc.array(fc.nat(4), { minLength: 1, maxLength: 60 });
const words = fc.constantFrom(...STRATEGY_WORDS);

describe('samplers', () => {
  it('keep every row when they oversample and reach the target', () => {
    fc.assert(
      fc.property(labelSets, words, fc.nat(99), (labels, word, seed) => {
        const data = { labels, classCount: 5 };
        const before = rowsByClass(data).map((rows) => rows.length);
        const rows = oversample(data, word, new Stream(seed, 'over'));
        expect(new Set(rows).size).toBe(labels.length);
        const targets = resolveStrategy(word, before, 'over');
        const after = rowsByClass({ labels: Array.from(rows, (r) => labels[r]!), classCount: 5 });
        after.forEach((of, label) => {
          expect(of.length).toBe(targets.get(label) ?? before[label]);
        });
        // Repeats go round: no row comes twice more often than another of its class.
        const uses = labels.map((_, row) => rows.filter((drawn) => drawn === row).length);
        rowsByClass(data).forEach((of) => {
          const times = of.map((row) => uses[row]!);
          if (of.length > 0) expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  it('take a part without repeats when they undersample', () => {
    fc.assert(
      fc.property(labelSets, words, fc.nat(99), (labels, word, seed) => {
        const data = { labels, classCount: 5 };
        const before = rowsByClass(data).map((rows) => rows.length);
        const rows = undersample(data, { target: word }, new Stream(seed, 'under'));
        expect(new Set(rows).size).toBe(rows.length);
        const targets = resolveStrategy(word, before, 'under');
        rowsByClass({ labels: Array.from(rows, (r) => labels[r]!), classCount: 5 }).forEach(
          (of, label) => {
            expect(of.length).toBe(targets.get(label) ?? before[label]);
          },
        );
      }),
    );
  });

  it('bring all classes to one count in the middle', () => {
    const labels = [...Array(100).fill(0), ...Array(4).fill(1), ...Array(20).fill(2)];
    const rows = toMiddle({ labels, classCount: 3 }, 'middle', new Stream(1, 'middle'));
    const after = rowsByClass({ labels: Array.from(rows, (r) => labels[r]), classCount: 3 });
    expect(after.map((of) => of.length)).toEqual([20, 20, 20]);
  });

  it('draw the same rows for the same seed, others for another', () => {
    const data = { labels: Array.from({ length: 40 }, (_, i) => (i < 35 ? 0 : 1)), classCount: 2 };
    const draw = (seed: number) => [
      ...undersample(data, { target: 'auto' }, new Stream(seed, 'x')),
    ];
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});
