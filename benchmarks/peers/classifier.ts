/**
 * A training step of the classifier, from stored pixels to updated weights, beside the same network
 * in PyTorch (eager) on the same machine in one run: both take turns, two threads each.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/classifier.js [network] [turns]
 *
 * PEERS_PYTHON names an interpreter that has PyTorch; without one only our own run.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { batchRows, makeBatch } from '../../classifier/batches.ts';
import { RunState } from '../../classifier/run.ts';
import { classifierSpec, type NetworkKind } from '../../classifier/spec.ts';
import { trainStep } from '../../classifier/step.ts';
import { chooseTechniques, recipeOf } from '../../classifier/techniques.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { textTable } from '../../src/ground/log.ts';
import { packageRoot } from '../../src/ground/paths.ts';
import { Stream } from '../../src/ground/stream.ts';

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
    const start = performance.now();
    const update = state.update++;
    const rows = batchRows(COUNT, { update, batch: BATCH, stream });
    const draws = stream.split(`update ${update}`);
    const batch = makeBatch({ examples, rows, recipe, classWeights: null, stream: draws });
    const value = trainStep(state, loss, batch, 1e-3);
    value.dataSync();
    value.dispose();
    batch.dispose();
    return performance.now() - start;
  });
}

/** The peer process: a line with a case in, a line with its times out. */
function startPeer() {
  const script = join(packageRoot, 'benchmarks', 'peers', 'classifier.py');
  const sizes = [COUNT, SIZE, CLASSES, BATCH, STEPS].map(String);
  const python = process.env.PEERS_PYTHON ?? 'python3';
  const child = spawn(python, [script, network, ...sizes], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async turn(which: Case): Promise<number[] | null> {
      child.stdin.write(`${which}\n`);
      const { value, done } = await lines.next();
      return done ? null : (JSON.parse(value) as number[]);
    },
    end: () => child.stdin.end(),
  };
}

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const spec = classifierSpec(examples, { network });
const state = new RunState({ spec, stream, weightDecay: 1e-3 });
const peer = startPeer();
const times = Object.keys(CASES).map((name) => ({
  name: name as Case,
  ours: [] as number[],
  theirs: [] as number[],
}));
for (let turn = 0; turn <= turns; turn++) {
  for (const { name, ours, theirs } of times) {
    const mine = ourTurn(state, name);
    const other = await peer.turn(name);
    if (turn === 0) continue; // warm-up
    ours.push(...mine);
    theirs.push(...(other ?? []));
  }
}
peer.end();
const text = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(1));
console.log(
  `${network}, ${state.network.parameters.size} parameters, batch ${BATCH} of ${SIZE} x ${SIZE} x 3, ` +
    `median of ${turns * STEPS} steps`,
);
console.log(
  textTable([
    ['step', 'here, ms', 'PyTorch, ms', 'here / PyTorch'],
    ...times.map(({ name, ours, theirs }) => [
      name,
      text(median(ours)),
      text(median(theirs)),
      theirs.length > 0 ? (median(ours) / median(theirs)).toFixed(2) : '-',
    ]),
  ]),
);
