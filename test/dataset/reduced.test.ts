import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { reduceStack } from '../../src/dataset/intensity/transform.ts';
import { SummitFile } from '../../src/dataset/summit/summit-file.ts';
import { discStack, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const SIZE = 64;

/** A file with one stack, written as the options say. */
async function written(name: string, options: object): Promise<string> {
  const path = join(folder, `${name}.h5`);
  const { File } = await hdf5();
  const file = new File(path, 'w');
  const group = file.create_group('sample_0_0');
  const stack = { name: 'cbed_stack', data: discStack(3, SIZE), shape: [3, SIZE, SIZE] };
  group.create_dataset({ ...stack, dtype: '<f', ...options });
  file.close();
  return path;
}

const layouts: [string, object][] = [
  ['contiguous', {}],
  ['double', { data: Float64Array.from(discStack(3, SIZE)), dtype: '<d' }],
  ['chunked', { chunks: [1, 16, SIZE] }],
  ['chunked-across', { chunks: [3, 10, 7] }],
  ['compressed', { chunks: [1, 16, SIZE], compression: 'gzip', compression_opts: 4 }],
];

it.each(layouts)('a %s stack is reduced to the same, in pieces or whole', async (name, options) => {
  const file = await SummitFile.open(await written(name, options));
  const whole = Float32Array.from((await file.stack('sample_0_0', SIZE))!);
  expect(whole).toEqual(discStack(3, SIZE));
  for (const size of [16, 8, 20, SIZE]) {
    const expected = reduceStack(whole, SIZE, size);
    const into = new Uint8Array(3 * size * size);
    const found = await file.reduced('sample_0_0', { from: SIZE, size, into });
    expect(found).toEqual(expected);
    expect(into).toEqual(expected.pixels);
  }
  file.close();
});

it('a contiguous stack comes in pieces, of which none is kept', async () => {
  const path = await written('large', {
    data: discStack(5, 512),
    shape: [3, 512, 512],
  });
  const library = await hdf5();
  const file = await SummitFile.open(path);
  const longest: number[] = [];
  const { files } = library as unknown as {
    files: { read: (...words: [unknown, unknown, unknown, number, unknown]) => number };
  };
  const read = files.read;
  files.read = (...words) => {
    longest.push(words[3]);
    return read(...words);
  };
  const found = await file.reduced('sample_0_0', { from: 512, size: 64 });
  files.read = read;
  expect(found).toEqual(reduceStack(discStack(5, 512), 512, 64));
  // The library asks once for all of it; asking again would mean that the pieces did not serve.
  expect(longest.filter((bytes) => bytes >= 3 * 512 * 512 * 4)).toHaveLength(1);
  file.close();
});

it('big-endian stacks are read in the order of this machine', async () => {
  const path = join(import.meta.dirname, 'golden', 'big-endian.h5');
  const file = await SummitFile.open(path);
  const found = await file.reduced('sample_0_0', { from: 16, size: 4 });
  const stack = Float32Array.from({ length: 768 }, (_, i) => 2 ** ((i % 24) - 12));
  expect(found).toEqual(reduceStack(stack, 16, 4));
  file.close();
});
