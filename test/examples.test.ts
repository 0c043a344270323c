import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { File } from 'h5wasm/node';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Stream } from '../src/common/stream.ts';
import { cifText } from '../src/crystal/cif/write.ts';
import { generateCrystal } from '../src/crystal/generate.ts';
import { exportPng } from '../src/dataset/export/png.ts';
import { openStore } from '../src/dataset/store/store.ts';
import { buildReaders } from './dataset/built.ts';

// The five scripts in the order of a story: each takes up what the one before has left.
const folder = mkdtempSync(join(tmpdir(), 'examples-'));
const at = (name: string): string => join(folder, name);
process.env.CBED_WORKSPACE = folder;
const { argv } = process;
afterAll(() => {
  process.argv = argv;
  rmSync(folder, { recursive: true, force: true });
});

const GROUPS = [194, 221, 225];
const EXAMPLES = join(import.meta.dirname, '..', 'examples');

beforeAll(async () => {
  await buildReaders();
  mkdirSync(at('cifs'));
  for (const spaceGroup of GROUPS) {
    for (let n = 0; n < 5; n++) {
      const crystal = generateCrystal({
        spaceGroup,
        stream: new Stream(n, `example ${spaceGroup}`),
      });
      writeFileSync(at(`cifs/${spaceGroup}-${n}.cif`), cifText(crystal));
    }
  }
}, 300_000);

/** Runs a script with arguments and gives what it printed. */
async function run(name: string, ...words: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi
    .spyOn(console, 'log')
    .mockImplementation((...parts) => void lines.push(parts.join(' ')));
  process.argv = [argv[0]!, name, ...words];
  try {
    await import(pathToFileURL(join(EXAMPLES, name)).href);
  } finally {
    log.mockRestore();
  }
  return lines.join('\n');
}

it('CIF files to a verdict', async () => {
  const told = await run('cifs-to-verdict.mjs', at('cifs'), at('own'), '0.02');
  expect(told).toMatch(/^15 triplets of 3 space groups\nwith GAN crystals: undecided/);
}, 300_000);

it("a technique of one's own", async () => {
  const told = await run('own-technique.mjs', at('own/prepared.h5'), '8');
  expect(told).toMatch(/^plain macro-F1 [\d.]+ on test materials\nrarity-weights macro-F1 [\d.]+/);
}, 120_000);

it('measured patterns to predictions', async () => {
  const store = await openStore(at('own/prepared.h5'));
  const rows = [0, 1].map((row) => ({
    key: `scan-${row}`,
    facts: store.facts(row),
    pixels: store.images([row]),
  }));
  await exportPng(folder, 'scans', rows, { camera: store.camera });
  store.close();
  const told = await run(
    'measured-to-predictions.mjs',
    at('scans.csv'),
    at('own/prepared.h5'),
    at('c'),
    '8',
  );
  expect(told.split('\n')).toEqual([
    expect.stringMatching(/^sample_2_scan-0_1\.png (\d+ \(\d+ %\), ){2}\d+ \(\d+ %\)$/),
    expect.stringMatching(/^sample_3_scan-1_1\.png/),
  ]);
}, 120_000);

it('crystals of the GAN', async () => {
  const told = await run('crystals.mjs', at('own/prepared.h5'), at('made'), '225', '3');
  const count = Number(/^(\d+) crystals/.exec(told)![1]);
  expect(count).toBeGreaterThan(0);
  expect(readdirSync(at('made'))).toHaveLength(count);
}, 120_000);

it("another tool's samples", async () => {
  const store = await openStore(at('own/prepared.h5'));
  const file = new File(at('theirs.h5'), 'w');
  const rows = [...store.indices('train')];
  const shape = [rows.length, store.size, store.size, 3];
  file.create_dataset({ name: 'images', data: store.images(rows), shape });
  const labels = Int32Array.from(rows, (row) => store.rows.spaceGroup[row]!);
  file.create_dataset({ name: 'labels', data: labels, shape: [rows.length] });
  file.close();
  store.close();
  const told = await run('score-theirs.mjs', at('theirs.h5'), at('own/prepared.h5'), '8');
  expect(told).toMatch(/convolution.*: kid/);
}, 120_000);

it('are five', () => {
  expect(readdirSync(EXAMPLES).filter((name) => name.endsWith('.mjs'))).toHaveLength(5);
});
