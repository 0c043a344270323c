import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { storeCensus } from '../../src/dataset/census.ts';
import { exportSummit } from '../../src/dataset/export/summit.ts';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import { type PrepareOptions, prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { DEFAULT_SPLIT_RULE, heldOutCounts, SPLITS } from '../../src/dataset/split.ts';
import { openStore, type Store, verifyStore } from '../../src/dataset/store/store.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { buildReaders } from './built.ts';
import { discStack, sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (...names: string[]): string => join(folder, ...names);
const options: PrepareOptions = { size: 16, split: 'auto', seed: 3, workers: 0 };
const classSizes = [1, 2, 3, 12, 40];

/** Two energies of each material, over two files. */
async function writeSources(): Promise<string[]> {
  const materials = classSizes.flatMap((size, c) => Array.from({ length: size }, () => 10 + c));
  const samples = materials.flatMap((spaceGroup, i) =>
    [0, 5].map((energyIndex) => sampleOf(i, { spaceGroup, energyIndex })),
  );
  await writeSummit(at('a.h5'), samples.slice(0, 60));
  await writeSummit(at('b.h5'), samples.slice(60));
  return [at('a.h5'), at('b.h5')];
}

const opened: Store[] = [];
async function open(path: string): Promise<Store> {
  const store = await openStore(path);
  opened.push(store);
  return store;
}
afterAll(() => {
  for (const store of opened) store.close();
});

let sources: string[];
let digest: string;
beforeAll(async () => {
  buildReaders();
  sources = await writeSources();
  digest = (await prepareStore(sources, at('store.h5'), options)).digest;
}, 300_000);

describe('a prepared store', () => {
  it('holds every sample, reduced, with its facts', async () => {
    const store = await open(at('store.h5'));
    expect(store.count).toBe(2 * classSizes.reduce((a, b) => a + b));
    expect(store.camera).toEqual({ size: 16, pixel: 0.32, centre: 7.75 });
    for (const row of [0, 37, store.count - 1]) {
      const [, number, energy] = /sample_(\d+)_(\d)/.exec(store.rows.key[row]!)!.map(Number);
      const {
        key: _,
        camera: __,
        stack: ___,
        ...facts
      } = sampleOf(number!, {
        spaceGroup: store.rows.spaceGroup[row]!,
        energyIndex: energy!,
      });
      expect(store.facts(row)).toEqual(facts);
      expect(store.images([row])).toEqual(
        toPixels(discStack(number! + 1000 * energy!, 32), 32, 16),
      );
    }
  });

  it('keeps each material in one split, in the numbers of the rule', async () => {
    const store = await open(at('store.h5'));
    const splitOf = new Map<number, Set<number>>();
    store.rows.material.forEach((material, row) => {
      splitOf.set(material, (splitOf.get(material) ?? new Set()).add(store.rows.split[row]!));
    });
    expect([...splitOf.values()].every((splits) => splits.size === 1)).toBe(true);
    storeCensus(store).classes.forEach((one, c) => {
      const { validation, test } = heldOutCounts(classSizes[c]!, DEFAULT_SPLIT_RULE);
      expect(one.bySplit.validation.materials).toBe(validation);
      expect(one.bySplit.test.materials).toBe(test);
    });
  });

  it('has the digest of its content, whatever the number of workers and the order of the files', async () => {
    expect(await verifyStore(at('store.h5'))).toBe(digest);
    for (const workers of [1, 3]) {
      const again = await prepareStore([...sources].reverse(), at(`w${workers}.h5`), {
        ...options,
        workers,
      });
      expect(again.digest).toBe(digest);
    }
    expect((await prepareStore(sources, at('other.h5'), { ...options, seed: 4 })).digest).not.toBe(
      digest,
    );
  });

  it('tells its settings and its sources, and leaves no work behind', async () => {
    const store = await open(at('store.h5'));
    expect(store.config).toMatchObject({ size: 16, split: 'material', seed: 3 });
    expect(store.sources.map(({ name, samples }) => [name, samples])).toEqual([
      ['a.h5', 60],
      ['b.h5', 56],
    ]);
    expect(
      readdirSync(folder).filter((name) => name.includes('.parts') || name.endsWith('.tmp')),
    ).toEqual([]);
  });
});

describe('interruption', () => {
  it('loses no finished part', async () => {
    const seen: number[] = [];
    const stopAfter =
      (count: number): ProgressFactory =>
      (stage, total) => {
        if (stage === 'reading patterns') seen.push(total);
        let steps = 0;
        return {
          advance: () => {
            if (stage === 'reading patterns' && ++steps === count) throw new Error('stopped');
          },
          done() {},
        };
      };
    const out = at('resumed.h5');
    const run = (count: number) =>
      prepareStore(sources, out, { ...options, progress: stopAfter(count) });
    await expect(run(1)).rejects.toThrow('stopped');
    expect(existsSync(out)).toBe(false);
    expect((await run(99)).digest).toBe(digest);
    expect(seen).toEqual([116, 56]);
  });

  it('takes nothing from parts of other settings or of a changed file', async () => {
    const out = at('changed.h5');
    const failing: ProgressFactory = (stage) => ({
      advance: () => {
        if (stage === 'reading patterns') throw new Error('stopped');
      },
      done() {},
    });
    await expect(
      prepareStore(sources, out, { ...options, size: 8, progress: failing }),
    ).rejects.toThrow('stopped');
    expect((await prepareStore(sources, out, options)).digest).toBe(digest);
  });
});

describe('what is told', () => {
  it('counts what stands in the store, energies that are not known too', async () => {
    const samples = [0, 1, 2, 3].map((i) => sampleOf(i, { spaceGroup: 14, energyIndex: i }));
    const unknown = { ...sampleOf(9), key: 'nameless', energy: Number.NaN };
    await writeSummit(at('told.h5'), [...samples, unknown]);
    const notes: string[] = [];
    const progress: ProgressFactory = () => ({
      advance: (_count, note) => notes.push(note ?? ''),
      done() {},
    });
    const { census } = await prepareStore([at('told.h5')], at('census.h5'), {
      ...options,
      progress,
    });
    expect(census).toEqual(storeCensus(await open(at('census.h5'))));
    expect(census.energies).toContainEqual([Number.NaN, 1]);
    expect(notes).toContainEqual(expect.stringMatching(/^\d+ samples\/s$/));
  });
});

describe('selection', () => {
  it('takes energies, a number of samples a material, and classes with enough materials', async () => {
    const { samples } = await prepareStore(sources, at('e.h5'), { ...options, energies: [150] });
    expect(samples).toBe(58);
    await prepareStore(sources, at('m.h5'), { ...options, maxPerMaterial: 1, minMaterials: 3 });
    const store = await open(at('m.h5'));
    expect(store.classes).toEqual([12, 13, 14]);
    expect(store.count).toBe(55);
  });

  it('refuses more pixels than there are, and to find nothing', async () => {
    await expect(prepareStore(sources, at('x.h5'), { ...options, size: 64 })).rejects.toMatchObject(
      { fault: 'usage' },
    );
    await expect(
      prepareStore(sources, at('x.h5'), { ...options, energies: [300] }),
    ).rejects.toMatchObject({ fault: 'input' });
    await expect(prepareStore([at('absent.h5')], at('x.h5'), options)).rejects.toThrow(
      /no file or folder at .*absent\.h5/,
    );
    expect(existsSync(at('x.h5'))).toBe(false);
  });
});

describe('official files', () => {
  it('keep their split; what would leak is left out of training and named', async () => {
    mkdirSync(at('official'));
    const write = (name: string, numbers: number[], energyIndex: number) =>
      writeSummit(
        at('official', name),
        numbers.map((i) => sampleOf(i, { energyIndex })),
      );
    await write('batch_train_0.h5', [0, 1, 2, 3], 0);
    await write('batch_dev_0.h5', [4, 1], 1);
    await write('batch_test_0.h5', [5, 0], 2);
    const { splitBy, anomalies } = await prepareStore([at('official')], at('official.h5'), options);
    expect(splitBy).toBe('official');
    expect(anomalies.map(({ kind, group }) => [kind, group]).sort()).toEqual([
      ['material-in-two-splits', 'sample_0_0'],
      ['material-in-two-splits', 'sample_1_0'],
    ]);
    const store = await open(at('official.h5'));
    const bySplit = SPLITS.map((split) =>
      Array.from(store.indices(split), (row) => store.rows.key[row]),
    );
    expect(bySplit).toEqual([
      ['sample_2_0', 'sample_3_0'],
      ['sample_1_1', 'sample_4_1'],
      ['sample_0_2', 'sample_5_2'],
    ]);
    const strict = prepareStore([at('official')], at('y.h5'), { ...options, strict: true });
    await expect(strict).rejects.toThrow(/material mp-\d also stands in/);
  });

  it('are asked for only where every name says a split', async () => {
    const official = prepareStore(sources, at('y.h5'), { ...options, split: 'official' });
    await expect(official).rejects.toMatchObject({ fault: 'usage' });
  });
});

describe('across files', () => {
  it('the same sample is taken once, two labels of a material are told, another camera is left out', async () => {
    mkdirSync(at('across'));
    await writeSummit(at('across', '1.h5'), [sampleOf(0), sampleOf(1)]);
    await writeSummit(at('across', '2.h5'), [
      sampleOf(0),
      sampleOf(2, { material: 'mp-1', spaceGroup: 4 }),
    ]);
    await writeSummit(at('across', '3.h5'), [sampleOf(7, { size: 64 })]);
    const { samples, anomalies } = await prepareStore([at('across')], at('across.h5'), options);
    expect(samples).toBe(3);
    expect(new Set(anomalies.map(({ kind }) => kind))).toEqual(
      new Set(['duplicate-sample', 'material-in-two-groups', 'file-camera']),
    );
  });
});

describe('the index', () => {
  it('is used for a file that has not changed, and rebuilt for one that has', async () => {
    const readings: number[] = [];
    const progress: ProgressFactory = (stage, total) => {
      if (stage === 'reading attributes') readings.push(total);
      return { advance() {}, done() {} };
    };
    const run = () => prepareStore(sources, at('indexed.h5'), { ...options, progress });
    await run();
    utimesSync(sources[0]!, new Date(), new Date());
    await run();
    const [index] = readdirSync(at('workspace', 'index'));
    writeFileSync(at('workspace', 'index', index!), 'no JSON');
    await run();
    expect(readings).toEqual([0, 1, expect.any(Number)]);
    expect(readings[2]).toBeLessThanOrEqual(1);
    expect(readFileSync(at('workspace', 'index', index!), 'utf8').length).toBeGreaterThan(0);
  });

  it.each<[string, (text: string) => string]>([
    ['cut off in its facts', (text) => text.slice(0, text.indexOf('\n') + 200)],
    ['without facts', (text) => `${text.slice(0, text.indexOf('\n'))}\nnull\n`],
    ['with another number in them', (text) => text.replace(/(?<="energy":\d*)\d/g, '9')],
  ])('is read anew where it is damaged: %s', async (_, damage) => {
    const out = at('damaged-index.h5');
    const { digest } = await prepareStore(sources, out, options);
    const folder = at('workspace', 'index');
    // The folder may hold indices of other tests' files, without facts: those have nothing to damage.
    const texts = readdirSync(folder)
      .filter((one) => one.endsWith('.jsonl'))
      .map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }))
      .filter(({ text }) => text.includes('"energy":'));
    expect(texts.length).toBeGreaterThan(0);
    for (const { path, text } of texts) {
      expect(damage(text)).not.toBe(text);
      writeFileSync(path, damage(text));
    }
    rmSync(out);
    expect((await prepareStore(sources, out, options)).digest).toBe(digest);
  });
});

describe('export', () => {
  it('gives files that prepare to the same pixels and facts', async () => {
    const store = await open(at('store.h5'));
    const rows = Array.from(store.indices('test'), (row) => ({
      key: store.rows.key[row]!,
      facts: store.facts(row),
      pixels: store.images([row]),
    }));
    const paths = await exportSummit(at('exported'), 'batch_test', rows, {
      camera: store.camera,
      size: 32,
      perFile: 20,
    });
    expect(paths).toHaveLength(Math.ceil(rows.length / 20));
    await prepareStore([at('exported')], at('again.h5'), { ...options, split: 'official' });
    const again = await open(at('again.h5'));
    expect(again.camera).toEqual(store.camera);
    const byKey = new Map(again.rows.key.map((key, row) => [key, row]));
    for (const { key, facts, pixels } of rows) {
      expect(again.images([byKey.get(key)!])).toEqual(pixels);
      expect(again.facts(byKey.get(key)!)).toEqual(facts);
    }
  });
});
