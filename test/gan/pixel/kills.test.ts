import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { beforeAll, expect, it } from 'vitest';
import { launcher } from '../../../src/common/paths.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { lastLine } from '../../support/killed.ts';
import { toyExamples } from '../../support/toy-examples.ts';

const folder = temporaryFolder('gan-pixel-kills');
const dataFile = join(folder, 'data.bin');
const settings = { latent: 4, embedding: 4, width: 2, batch: 4, steps: 15, penaltyEvery: 3 };

/** Trains with checkpoints every 4 steps, tells every step, and at the end the model's digest. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
const built = (path) => import(process.argv[1] + '/dist/' + path);
const { trainPixelGan } = await built('gan/pixel/kind.js');
const { Checkpoints } = await built('gan/training/checkpoint.js');
const { pixelConfig } = await built('gan/pixel/config.js');
const { kid } = await built('synthetic/metrics/kid.js');
const { pixels, ...facts } = deserialize(readFileSync(process.argv[2]));
const each = 3 * facts.size ** 2;
const images = (rows) =>
  Uint8Array.from({ length: rows.length * each }, (_, i) => pixels[rows[Math.floor(i / each)] * each + (i % each)]);
const { model } = await trainPixelGan({
  data: { examples: { ...facts, images }, store: 'toy' },
  config: pixelConfig.parse(JSON.parse(process.argv[3])),
  checkpoints: new Checkpoints(process.argv[4], { every: 4 }),
  watch: kid,
  reportEvery: 1,
  onReport: ({ step }) => console.log(step),
});
console.log(model.digest);
`;

/** Runs the training; killed when it tells a step. Gives the last line that it told. */
const run = (checkpoints: string, killAt?: number): Promise<string> =>
  lastLine(PROGRAM, [dataFile, JSON.stringify(settings), join(folder, checkpoints)], killAt);

beforeAll(() => {
  execFileSync(process.execPath, [launcher, '--version']); // builds what is not up to date
  const { images, labels, ...facts } = toyExamples({ counts: [10, 6], size: 16 });
  const pixels = images([...labels.keys()]);
  const { size, classes, materials, count } = facts;
  writeFileSync(dataFile, serialize({ pixels, labels, size, classes, materials, count }));
}, 120_000);

it('a training on pixels that is killed ends with the very weights of one that was not', async () => {
  const whole = await run('whole');
  expect(whole).toMatch(/^[0-9a-f]{64}$/);
  await run('killed', 9);
  expect(await run('killed')).toBe(whole);
}, 120_000);
