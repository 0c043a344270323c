/**
 * Every technique against imbalance on one store: test macro-F1 and recall of rare classes over
 * seeds, equal updates. Cells that are done are not run again, so the benchmark can be stopped.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/techniques.js STORE FOLDER
 *     [--updates 600] [--seeds 1,2,3] [--only "plain;focal"] [--resplit]
 *
 * --resplit divides the materials anew for each seed (where classes have few test materials).
 * FOLDER gets one JSON file a cell, the settings, and summary.md.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluateOn } from '../classifier/on-store.ts';
import { classifierSpec } from '../classifier/spec.ts';
import { TECHNIQUES } from '../classifier/techniques.ts';
import { trainClassifier } from '../classifier/train.ts';
import { resplit } from '../src/dataset/resplit.ts';
import { DEFAULT_SPLIT_RULE } from '../src/dataset/split.ts';
import { openStore } from '../src/dataset/store.ts';
import { writeAtomic, writeJson } from '../src/ground/files.ts';
import { textTable } from '../src/ground/log.ts';
import { terminalProgress } from '../src/ground/progress.ts';
import { readJson } from '../src/ground/run.ts';

interface Cell {
  arm: string;
  seed: number;
  macroF1: number;
  balancedAccuracy: number;
  top1: number;
  many: number | null;
  medium: number | null;
  few: number | null;
  ece: number;
  seconds: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    updates: { type: 'string', default: '600' },
    seeds: { type: 'string', default: '1,2,3' },
    only: { type: 'string' },
    resplit: { type: 'boolean', default: false },
  },
});
const [path, folder] = positionals;
if (!path || !folder) throw new Error('give a store and a folder for the results');
const updates = Number(values.updates);
const seeds = values.seeds.split(',').map(Number);

const BEST = 'logit-adjustment,flips,dilation';
/** Arms as technique words with commas; a leading `multitask` adds the other heads. */
const ALL_ARMS = [
  'plain',
  ...TECHNIQUES.map(({ name }) => name),
  'flips,dilation',
  BEST,
  `${BEST},ensemble`,
  `${BEST},ensemble:budget=0.34`,
  `multitask,${BEST}`,
];
const arms = values.only ? values.only.split(';') : ALL_ARMS;

const fileOf = (arm: string, seed: number): string =>
  join(folder, `${arm.replaceAll(/[^a-z0-9.-]+/g, '_')}-${seed}.json`);

const store = await openStore(path);

async function runCell(arm: string, seed: number): Promise<Cell> {
  const divided = values.resplit ? resplit(store, { seed, rule: DEFAULT_SPLIT_RULE }) : store;
  const words = arm.split(',');
  const start = performance.now();
  const classifier = await trainClassifier({
    examples: divided.examples('train'),
    validation: divided.examples('validation'),
    spec: classifierSpec(divided, { multitask: words.includes('multitask') }),
    techniques: words.filter((word) => word !== 'multitask'),
    ...{ updates, seed, progress: terminalProgress },
  });
  const seconds = (performance.now() - start) / 1000;
  const { report } = evaluateOn(divided, 'test', classifier);
  classifier.dispose();
  const { macroF1, balancedAccuracy, top1, many, medium, few, ece } = report;
  return { arm, seed, macroF1, balancedAccuracy, top1, many, medium, few, ece, seconds };
}

const numbers = (cells: Cell[], of: 'macroF1' | 'few' | 'medium' | 'many' | 'ece' | 'seconds') =>
  cells.map((cell) => cell[of]).filter((value): value is number => value !== null);

function meanSd(list: number[], digits = 3): string {
  if (list.length === 0) return '-';
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const square = list.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, list.length - 1);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(square).toFixed(digits)}`;
}

function summary(): string {
  const rows = arms.map((arm) => {
    const done = seeds.map((seed) => fileOf(arm, seed)).filter(existsSync);
    const cells = done.map((file) => readJson<Cell>(file));
    return [
      arm,
      cells.length,
      meanSd(numbers(cells, 'macroF1')),
      meanSd(numbers(cells, 'many')),
      meanSd(numbers(cells, 'medium')),
      meanSd(numbers(cells, 'few')),
      meanSd(numbers(cells, 'ece')),
      meanSd(numbers(cells, 'seconds'), 0),
    ];
  });
  const heads = ['arm', 'seeds', 'macro-F1', 'many', 'medium', 'few', 'ECE', 'seconds'];
  return textTable([heads, ...rows]);
}

mkdirSync(folder, { recursive: true });
writeJson(join(folder, 'settings.json'), {
  ...{ store: basename(path), digest: store.digest, updates, seeds, arms },
  resplit: values.resplit,
});
for (const seed of seeds) {
  for (const arm of arms) {
    const file = fileOf(arm, seed);
    if (existsSync(file)) continue;
    console.error(`${arm}, seed ${seed}`);
    writeJson(file, await runCell(arm, seed));
  }
}
const text = summary();
writeAtomic(
  join(folder, 'summary.md'),
  `${updates} updates, mean ± sd over seeds.\n\n\`\`\`\n${text}\n\`\`\`\n`,
);
console.log(text);
store.close();
