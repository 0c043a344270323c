import { expect, it } from 'vitest';
import { progressiveUndersample, type ShrinkStep } from '../../src/balance/progressive.ts';
import { rowsByClass } from '../../src/balance/sampling.ts';
import { Stream } from '../../src/common/stream.ts';

const labels = [...Array(80).fill(0), ...Array(60).fill(1), ...Array(10).fill(2)] as number[];
const data = { labels, classCount: 3 };
const base = { data, largest: 2, factor: 0.5, threshold: 0.05, recallThreshold: 0.2, floor: 5 };

const countsOf = (rows: Iterable<number>): number[] =>
  rowsByClass({ labels: Array.from(rows, (row) => labels[row]!), classCount: 3 }).map(
    (of) => of.length,
  );

it('shrinks the largest classes until macro-F1 falls and gives the rows before', async () => {
  const steps: ShrinkStep[] = [];
  const rows = await progressiveUndersample({
    ...base,
    stream: new Stream(1, 'progressive'),
    record: (step) => steps.push(step),
    score: async (some) => ({ macroF1: some.length < 60 ? 0.5 : 0.8, recalls: [0.9, 0.8, 0.7] }),
  });
  expect(steps.map(({ cap, accepted }) => [cap, accepted])).toEqual([
    [80, true],
    [40, true],
    [20, false],
  ]);
  expect(countsOf(rows)).toEqual([40, 40, 10]);
});

it('stops when the recall of a shrunk class falls, and looks past classes without examples', async () => {
  const score = async (some: Int32Array) => ({
    macroF1: 0.8,
    recalls: [some.length < 150 ? 0.5 : 0.9, Number.NaN, 0],
  });
  const rows = await progressiveUndersample({ ...base, stream: new Stream(1, 'p'), score });
  expect(countsOf(rows)).toEqual([80, 60, 10]);
});

it('shrinks to the floor, each step a part of the one before', async () => {
  const seen: Int32Array[] = [];
  const score = async (some: Int32Array) => {
    seen.push(some);
    return { macroF1: 1, recalls: [1, 1, 1] };
  };
  const rows = await progressiveUndersample({ ...base, stream: new Stream(1, 'p'), score });
  expect(countsOf(rows)).toEqual([5, 5, 10]);
  seen.slice(1).forEach((some, i) => {
    const before = new Set(seen[i]);
    expect([...some].every((row) => before.has(row))).toBe(true);
  });
});
