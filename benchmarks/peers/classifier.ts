/**
 * A training step of the classifier, from stored pixels to updated weights, beside the same network
 * in PyTorch on the same machine in one run: both take turns, one thread each (CBED_THREADS=1),
 * processor time, against the fastest of eager, fused (channels_last) and compiled.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/classifier.js [network] [turns]
 *
 * PEERS_PYTHON names an interpreter that has PyTorch; without one only our own run.
 */
import { batchRows, makeBatch } from '../../classifier/batches.ts';
import { trainStep } from '../../classifier/loop.ts';
import { RunState } from '../../classifier/run-state.ts';
import { classifierSpec, type NetworkKind } from '../../classifier/spec.ts';
import { chooseTechniques, recipeOf } from '../../classifier/techniques.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { comparison, processorTime, startPeer, takeTurns } from './turns.ts';

const network = (process.argv[2] ?? 'stack') as NetworkKind;
const turns = Number(process.argv[3] ?? 6);
const STEPS = 10;
const BATCH = 64;
const SIZE = 64;
const COUNT = 1024;
const CLASSES = 56;
const CASES = { plain: [], 'flips and dilation': ['flips', 'dilation'] } as const;
type Case = keyof typeof CASES;

const stream = new Stream(1, 'peers');
const each = SIZE * SIZE * 3;
const pixels = Uint8Array.from({ length: COUNT * each }, () => stream.index(256));
const examples: Examples = {
  count: COUNT,
  size: SIZE,
  classes: Array.from({ length: CLASSES }, (_, i) => i + 1),
  labels: Int32Array.from({ length: COUNT }, (_, i) => i % CLASSES),
  materials: [],
  images(rows) {
    const out = new Uint8Array(rows.length * each);
    for (let i = 0; i < rows.length; i++) {
      out.set(pixels.subarray(rows[i]! * each, (rows[i]! + 1) * each), i * each);
    }
    return out;
  },
};

/** Milliseconds of each of `STEPS` training steps. */
function ourTurn(state: RunState, which: Case): number[] {
  const recipe = recipeOf(chooseTechniques(CASES[which]));
  const loss = recipe.loss({
    classes: examples.classes,
    real: new Int32Array(CLASSES),
    synthetic: new Int32Array(CLASSES),
  });
  return Array.from({ length: STEPS }, () => {
    const start = processorTime();
    const update = state.update++;
    const rows = batchRows(COUNT, { update, batch: BATCH, stream });
    const draws = stream.split(`update ${update}`);
    const batch = makeBatch({ examples, rows, recipe, classWeights: null, stream: draws });
    const value = trainStep(state, loss, batch, 1e-3);
    value.dataSync();
    value.dispose();
    batch.dispose();
    return processorTime() - start;
  });
}

const spec = classifierSpec(examples, { network });
const state = new RunState({ spec, stream, weightDecay: 1e-3 });
const compared = await takeTurns({
  cases: Object.keys(CASES) as Case[],
  turns,
  ours: (which) => ourTurn(state, which),
  peer: startPeer('classifier.py', [network, COUNT, SIZE, CLASSES, BATCH, STEPS]),
});
console.log(
  `${network}, ${state.network.parameters.size} parameters, batch ${BATCH} of ${SIZE} x ${SIZE} x 3, ` +
    `median of ${turns * STEPS} steps`,
);
console.log(comparison(compared));
