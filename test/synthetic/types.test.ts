import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/ground/paths.ts';

const folder = join(packageRoot, `dist.types-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler says of a few lines that use the rooms. */
function compiled(name: string, lines: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.ts`);
  const head = `
    import type { Examples, RealExamples } from '../src/dataset/examples.ts';
    import type { Store } from '../src/dataset/store.ts';
    import type { TrainOptions } from '../classifier/options.ts';
    import { type CleanArchive, refuseLeaks } from '../synthetic/leak.ts';
    import { type Mixture, type MixOptions, mix } from '../synthetic/mix.ts';
    import type { SyntheticArchive } from '../synthetic/archive.ts';
    import type { Stream } from '../src/ground/stream.ts';
    declare const mixture: Mixture, store: Store, archive: SyntheticArchive;
    declare const options: MixOptions & { stream: Stream };
    export const used = { refuseLeaks, mix };
  `;
  writeFileSync(file, `${head}\n${lines}\n`);
  const config = join(folder, `${name}.json`);
  const inherited = join(packageRoot, 'tsconfig.json');
  const settings = { noEmit: true, noUnusedLocals: false, rootDir: packageRoot };
  writeFileSync(
    config,
    JSON.stringify({ extends: inherited, compilerOptions: settings, files: [file], include: [] }),
  );
  const tsc = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

it('lets a mixture train, and the parts of a store judge', () => {
  const lines = `
    export const training: TrainOptions['examples'] = mixture;
    export const validation: TrainOptions['validation'] = store.examples('validation');
    export const again: Mixture = mix(refuseLeaks(archive, store), options);
  `;
  expect(compiled('right', lines)).toBe('');
});

it.each([
  ['a mixture as validation data', `export const judge: TrainOptions['validation'] = mixture;`],
  [
    'a mixture as examples of a store',
    `export const part: ReturnType<Store['examples']> = mixture;`,
  ],
  ['an archive that was not checked', `export const mixed = mix(archive, options);`],
  [
    'an archive that only says it was checked',
    `export const clean: CleanArchive = { ...archive, origin: archive.origin! };`,
  ],
])('the compiler refuses %s', (name, line) => {
  expect(compiled(name.replaceAll(' ', '-'), line)).toMatch(/error TS2/);
});
