import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WorkQueue } from '../../src/benchmark/executors/local.ts';

/** Pieces that need others by number, done by so many workers; some fail and make nothing. */
async function run(needs: readonly (readonly number[])[], workers: number, failing: Set<number>) {
  const made = new Set<number>();
  const order: number[] = [];
  let [atWork, mostAtWork] = [0, 0];
  const queue = new WorkQueue(
    needs.map((needed, id) => ({ id, isReady: () => needed.every((other) => made.has(other)) })),
  );
  const work = async () => {
    for (let piece = await queue.next(); piece; piece = await queue.next()) {
      mostAtWork = Math.max(mostAtWork, ++atWork);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(piece.id);
      if (!failing.has(piece.id)) made.add(piece.id);
      atWork--;
      queue.ended();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return { order, left: queue.left.map(({ id }) => id), mostAtWork };
}

it('does everything that can be done once, after what it needs, and leaves only what cannot', async () => {
  const cases = fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc.record({
      needs: fc.tuple(
        ...Array.from({ length: count }, (_, id) =>
          fc.subarray([...Array(count).keys()].slice(0, id)),
        ),
      ),
      failing: fc.subarray([...Array(count).keys()]),
      workers: fc.integer({ min: 1, max: 4 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ({ needs, failing, workers }) => {
      const failed = new Set(failing);
      const { order, left, mostAtWork } = await run(needs, workers, failed);
      expect([...order, ...left].toSorted((a, b) => a - b)).toEqual([...needs.keys()]);
      expect(mostAtWork).toBeLessThanOrEqual(workers);
      for (const id of order) {
        for (const other of needs[id]!) {
          expect(order.indexOf(other)).toBeLessThan(order.indexOf(id));
          expect(failed.has(other)).toBe(false);
        }
      }
      for (const id of left) {
        expect(needs[id]!.some((other) => failed.has(other) || left.includes(other))).toBe(true);
      }
    }),
  );
});

it('does not keep workers idle while others make what later pieces need', async () => {
  const { order, mostAtWork } = await run([[], [0], [0], []], 2, new Set());
  expect(order.slice(0, 2).toSorted()).toEqual([0, 3]);
  expect(mostAtWork).toBe(2);
});
