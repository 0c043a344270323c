import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SPLITS } from '../../src/dataset/split.ts';
import type { RowInput } from '../../src/dataset/store/rows.ts';
import { isStore, openStore, type Store, verifyStore } from '../../src/dataset/store/store.ts';
import { writeStore } from '../../src/dataset/store/store-write.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
const path = join(folder, 'store.h5');
const SIZE = 8;
const COUNT = 137;
const ROW = SIZE * SIZE * 3;
const camera = { size: SIZE, pixel: 0.64, centre: 3.5 };

const factsOf = (i: number): RowInput['facts'] => {
  const {
    key: _,
    camera: __,
    stack: ___,
    ...facts
  } = sampleOf(i, {
    spaceGroup: [225, 14, 62][i % 3],
    material: `mp-${i % 50}`,
  });
  return i % 7 === 0
    ? {
        ...facts,
        inPlane: null,
        semiAngles: null,
        spacings: null,
        cell: null,
        thickness: null,
        formula: 'Å₂',
      }
    : facts;
};

const rows = Array.from(
  { length: COUNT },
  (_, i): RowInput => ({
    key: `sample_${i}_0`,
    split: SPLITS[i % 5 === 0 ? 2 : i % 5 === 1 ? 1 : 0]!,
    facts: factsOf(i),
  }),
);

/** Row i holds i in its first pixel and 255 - i in its last. */
const pixelsOf = (i: number): Uint8Array => {
  const pixels = new Uint8Array(ROW).fill(7);
  pixels[0] = i;
  pixels[ROW - 1] = 255 - i;
  return pixels;
};

function* blocks(of: number): Generator<Uint8Array> {
  for (let at = 0; at < COUNT; at += of) {
    const count = Math.min(of, COUNT - at);
    const block = new Uint8Array(count * ROW);
    for (let k = 0; k < count; k++) block.set(pixelsOf(at + k), k * ROW);
    yield block;
  }
}

const content = (of = 20) => ({
  camera,
  rows,
  images: blocks(of),
  config: { size: SIZE },
  sources: [],
});

let store: Store;
beforeAll(async () => {
  await writeStore(path, content());
  store = await openStore(path);
});
afterAll(() => {
  store.close();
  remove();
});

describe('a store', () => {
  it('gives back every fact, also what is not known', () => {
    rows.forEach(({ facts, key }, i) => {
      expect(store.facts(i)).toEqual(facts);
      expect(store.rows.key[i]).toBe(key);
    });
    expect(store.classes).toEqual([14, 62, 225]);
    expect(store.materials).toHaveLength(50);
    expect(store.camera).toEqual(camera);
  });

  it.each([0, ROW * 10, 1 << 20])(
    'reads rows in any order, with a budget of %i bytes',
    async (memoryBudget) => {
      const opened = await openStore(path, { memoryBudget });
      const wanted = [5, 6, 7, 8, 0, COUNT - 1, 5, 40, 41];
      const pixels = opened.images(wanted);
      wanted.forEach((row, i) => {
        expect(pixels.subarray(i * ROW, (i + 1) * ROW)).toEqual(pixelsOf(row));
      });
      expect(() => opened.images([COUNT])).toThrow(RangeError);
      expect(() => opened.images([-1])).toThrow(RangeError);
      opened.close();
    },
  );

  it('gives its splits as examples', () => {
    const seen = SPLITS.flatMap((split) => [...store.indices(split)]);
    expect(seen.sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
    const examples = store.examples('test');
    expect(examples.count).toBe(28);
    const third = examples.rows[2]!;
    expect(examples.images([2])).toEqual(pixelsOf(third));
    expect(examples.classes[examples.labels[2]!]).toBe(rows[third]!.facts.spaceGroup);
    expect(examples.materials[2]).toBe(rows[third]!.facts.material);
    expect(store.examples([9, 3]).images([1])).toEqual(pixelsOf(3));
  });

  it('has a digest of its content, not of how it was written', async () => {
    expect(
      await writeStore(join(folder, 'again.h5'), { ...content(3), config: { other: true } }),
    ).toBe(store.digest);
    const other = rows.map((row, i) => (i === 3 ? { ...row, split: 'test' as const } : row));
    expect(await writeStore(join(folder, 'other.h5'), { ...content(), rows: other })).not.toBe(
      store.digest,
    );
    expect(await verifyStore(path)).toBe(store.digest);
  });
});

describe('what is no store', () => {
  it('is refused in one line', async () => {
    const summit = join(folder, 'summit.h5');
    await writeSummit(summit, [sampleOf(0)]);
    const text = join(folder, 'text.h5');
    writeFileSync(text, 'text');
    const cut = join(folder, 'cut.h5');
    copyFileSync(path, cut);
    truncateSync(cut, 9000);
    const cases = [
      [join(folder, 'absent.h5'), /no such file/],
      [text, /not an HDF5 file/],
      [cut, /cut off: 8\.8 KiB of/],
      [summit, /is not a prepared store/],
    ] as const;
    for (const [bad, reason] of cases) {
      expect(await isStore(bad)).toBe(false);
      await expect(openStore(bad)).rejects.toMatchObject({
        fault: 'input',
        message: expect.stringMatching(reason),
      });
    }
    expect(await isStore(path)).toBe(true);
  });

  it('does not disturb a store that is open', () => {
    expect(store.images([1])).toEqual(pixelsOf(1));
  });

  it('is one whose pixels have changed', async () => {
    const changed = join(folder, 'changed.h5');
    const bytes = readFileSync(path);
    const at = bytes.indexOf(Buffer.from(pixelsOf(50)));
    bytes[at + 9]! ^= 1;
    writeFileSync(changed, bytes);
    await expect(verifyStore(changed)).rejects.toThrow(/changed\.h5 is damaged/);
  });

  it('cannot be written: no rows, or too few pixels', async () => {
    const empty = { ...content(), rows: [] };
    await expect(writeStore(join(folder, 'e.h5'), empty)).rejects.toMatchObject({ fault: 'input' });
    const few = { ...content(), images: [pixelsOf(0)] };
    await expect(writeStore(join(folder, 'e.h5'), few)).rejects.toThrow(
      /pixels of 1 samples for 137 rows/,
    );
  });
});
