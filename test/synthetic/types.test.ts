import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';

const folder = join(packageRoot, `dist.types-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = `
import type { Stream } from '../src/common/stream.ts';
import type { RealExamples } from '../src/dataset/examples.ts';
import type { Store } from '../src/dataset/store/store.ts';
import type { TrainOptions } from '../classifier/options.ts';
import type { SyntheticArchive } from '../synthetic/archive/archive.ts';
import { type CleanArchive, refuseLeaks } from '../synthetic/leak-guard.ts';
import { type Mixture, type MixOptions, mix } from '../synthetic/mixing/mix.ts';
declare const mixture: Mixture, store: Store, archive: SyntheticArchive;
declare const options: MixOptions & { stream: Stream };
`;

/** A line of code each, and whether the compiler must take it. */
const LINES: [string, boolean][] = [
  [`export const training: TrainOptions['examples'] = mixture;`, true],
  [`export const validation: TrainOptions['validation'] = store.examples('validation');`, true],
  [`export const again: Mixture = mix(refuseLeaks(archive, store), options);`, true],
  [`export const measure: TrainOptions['validation'] = mixture;`, false],
  [`export const chosen: RealExamples = mixture;`, false],
  [`export const part: ReturnType<Store['examples']> = mixture;`, false],
  [`export const unchecked = mix(archive, options);`, false],
  [`export const forged: CleanArchive = { ...archive, origin: archive.origin! };`, false],
];

it('the compiler lets synthetic triplets train, and nowhere else', () => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'uses.ts');
  writeFileSync(file, HEAD + LINES.map(([line]) => line).join('\n'));
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = { noEmit: true, rootDir: packageRoot };
  const inherited = join(packageRoot, 'tsconfig.json');
  writeFileSync(config, JSON.stringify({ extends: inherited, compilerOptions, include: [file] }));
  const tsc = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  const first = HEAD.split('\n').length;
  const refused = [...stdout.matchAll(/uses\.ts\((\d+),\d+\): error/g)].map(
    (m) => Number(m[1]) - first,
  );
  const wanted = LINES.flatMap(([, fine], i) => (fine ? [] : [i]));
  expect([...new Set(refused)]).toEqual(wanted);
});
