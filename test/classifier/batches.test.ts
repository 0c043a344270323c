import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batchRows } from '../../classifier/batches.ts';
import { Stream } from '../../src/common/stream.ts';

it('shows every row as often as every other one, whole passes at a time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 6 }),
      (batch, batches) => {
        const count = batch * batches;
        const stream = new Stream(3, 'batches');
        const drawn = Array.from({ length: 2 * batches }, (_, update) => [
          ...batchRows(count, { update, batch, stream }),
        ]);
        const seen = drawn.flat().sort((a, b) => a - b);
        expect(seen).toEqual(Array.from({ length: count }, (_, row) => [row, row]).flat());
      },
    ),
  );
});

it('draws with repeats where a batch is larger than the examples', () => {
  const rows = batchRows(3, { update: 4, batch: 8, stream: new Stream(1, 'few') });
  expect(rows).toHaveLength(8);
  expect([...rows].every((row) => row >= 0 && row < 3)).toBe(true);
});
