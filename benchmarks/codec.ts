/**
 * The disc codec: how fast, how exact, and what a classifier loses.
 *
 *   npx tsc -p benchmarks
 *   node dist/benchmarks/codec.js speed STORE FOLDER
 *   node dist/benchmarks/codec.js classified STORE FOLDER [--updates 400] [--seed 1]
 *   node dist/benchmarks/codec.js variants FOLDER [--crystals 36] [--only NAME]
 *   node dist/benchmarks/codec.js detection STORE FOLDER [--patterns 120]
 *
 * FOLDER gets a JSON file a measurement, with the command and its settings.
 */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeJson } from '../src/common/files.ts';
import { openStore } from '../src/dataset/store/store.ts';
import { classified } from './codec/classified.ts';
import { detection } from './codec/detection.ts';
import { speed } from './codec/speed.ts';
import { VARIANTS, variant } from './codec/variants.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    updates: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    crystals: { type: 'string', default: '36' },
    patterns: { type: 'string', default: '120' },
    only: { type: 'string' },
  },
});
const [what, first, second] = positionals;
const techniques = ['logit-adjustment', 'flips', 'dilation'];

function record(folder: string, name: string, result: object): void {
  mkdirSync(folder, { recursive: true });
  const command = ['node dist/benchmarks/codec.js', ...process.argv.slice(2)].join(' ');
  const file = join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.json`);
  writeJson(file, { command, node: process.version, ...result });
  console.log(file, JSON.stringify(result, null, 2));
}

async function onStore(path: string, folder: string): Promise<void> {
  const store = await openStore(path);
  const task = basename(path, '.h5');
  const about = { store: task, digest: store.digest, camera: store.camera };
  if (what === 'speed') record(folder, `speed ${task}`, { ...about, ...speed(store) });
  else if (what === 'detection') {
    const patterns = Number(values.patterns);
    record(folder, `detection ${task}`, { ...about, ...detection(store, patterns) });
  } else {
    const options = { updates: Number(values.updates), seed: Number(values.seed), techniques };
    const result = await classified(store, options);
    record(folder, `classified ${task}`, { ...about, ...options, ...result });
  }
  store.close();
}

async function onVariants(folder: string): Promise<void> {
  for (const name of Object.keys(VARIANTS)) {
    if (values.only && values.only !== name) continue;
    record(folder, name, { variant: name, ...(await variant(name, Number(values.crystals))) });
  }
}

if (what === 'variants' && first) await onVariants(first);
else if (['speed', 'classified', 'detection'].includes(what ?? '') && first && second) {
  await onStore(first, second);
} else throw new Error('give speed, classified, variants or detection, and where results go');
