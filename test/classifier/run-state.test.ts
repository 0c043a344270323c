import { expect, it } from 'vitest';
import { RunState } from '../../classifier/run-state.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { Stream } from '../../src/common/stream.ts';

const spec = classifierSpec({ size: 16, classes: [1, 2] }, { width: 2 });

it('keeps the latest weights that cannot be told from the best', () => {
  const state = new RunState({ spec, stream: new Stream(1, 'run'), weightDecay: 0 });
  const kept: number[] = [];
  const better = [0.5, 0.7, 0.69, 0.6, 0.72, 0.4].map((score, i) => {
    state.update = i + 1;
    const said = state.consider(score, 0.02);
    kept.push(state.best!.update);
    return said;
  });
  expect(kept).toEqual([1, 2, 3, 3, 5, 5]);
  expect(better).toEqual([true, true, false, false, true, false]);
  state.dispose();
});
