import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { cardBeside, writeCard } from '../../src/common/card.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { writeArchive } from '../../synthetic/archive/archive.ts';
import { recordMaterials } from '../../synthetic/archive/passport.ts';
import { buildReaders } from '../dataset/built.ts';
import { temporaryFolder } from '../dataset/fixture.ts';
import { toyStore } from '../support/toy-store.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
beforeAll(buildReaders, 300_000);

/** Front matter as huggingface_hub finds it (REGEX_YAML_BLOCK), and the text after it. */
function readCard(path: string): { front: Record<string, unknown>; text: string } {
  const found = /^(\s*---[\r\n]+)([\S\s]*?)([\r\n]+---(\r\n|\n|$))/.exec(
    readFileSync(path, 'utf8'),
  );
  expect(found).not.toBeNull();
  return { front: parse(found![2]!), text: readFileSync(path, 'utf8').slice(found![0].length) };
}

const SECTIONS = ['Made from', 'Figures', 'Limits', 'Licence', 'Citation'];
const headings = (text: string): string[] =>
  [...text.matchAll(/^## (.*)$/gm)].map(([, name]) => name!);

describe('a card stands beside', () => {
  it('a store, and beside a classifier trained on it', async () => {
    const { store: path } = await toyStore(folder, { counts: [24, 12, 4], classes: [14, 62, 225] });
    const { front, text } = readCard(cardBeside(path));
    expect(basename(cardBeside(path))).toBe('prepared.card.md');
    expect(front).toMatchObject({
      license: 'other',
      task_categories: ['image-classification'],
      size_categories: ['n<1K'],
    });
    expect(headings(text)).toEqual(SECTIONS);
    const store = await openStore(path);
    expect(text).toContain(`| digest | ${store.digest} |`);
    expect(text).toMatch(/split \| train \d+ triplets of \d+ materials; validation/);
    const trained = await trainClassifier({
      examples: store.examples('train'),
      validation: store.examples('validation'),
      spec: classifierSpec(store, { width: 4 }),
      techniques: ['logit-adjustment'],
      updates: 10,
      seed: 3,
    });
    await trained.save(join(folder, 'c'));
    const card = readCard(join(folder, 'c', 'README.md'));
    expect(card.front).toMatchObject({
      library_name: 'cbed-gan',
      pipeline_tag: 'image-classification',
    });
    expect(headings(card.text)).toEqual(SECTIONS);
    expect(card.text).toContain('| techniques | logit-adjustment |');
    const { history, bestUpdate } = trained.training!;
    const { macroF1 } = history.validation.find(({ update }) => update === bestUpdate)!;
    expect(card.text).toContain(
      `| macro-F1 on validation materials | ${(100 * macroF1).toFixed(1)} % |`,
    );
    trained.dispose();
    store.close();
  });

  it('an archive, which counts what was accepted and why not', async () => {
    const passport = (accepted: boolean | null, reasons: string[]) => ({
      class: 62,
      partner: null,
      t: null,
      margin: null,
      seed: 1,
      parents: [],
      share: null,
      discriminator: null,
      realism: null,
      rarity: null,
      nearest: null,
      accepted,
      reasons,
    });
    const passports = [
      passport(true, []),
      passport(false, ['copies 12.5']),
      passport(false, ['copies 3']),
      passport(null, []),
    ];
    await writeArchive(join(folder, 'made.h5'), {
      size: 8,
      images: new Uint8Array(4 * 192),
      labels: [62, 62, 62, 62],
      classes: [62],
      camera: { size: 8, pixel: 0.3, centre: 3.5 },
      passports,
      origin: {
        store: 's',
        split: 'p',
        gan: recordMaterials('g', ['a', 'b']),
        guide: null,
        verifiers: [],
        scalers: null,
      },
    });
    const { front, text } = readCard(join(folder, 'made.card.md'));
    expect(front.tags).toContain('synthetic');
    expect(headings(text)).toEqual(SECTIONS);
    for (const row of [
      'training materials it saw | 2',
      'checked for realism | 3',
      'accepted | 1',
      'rejected | 2',
      'reasons for rejection | copies n (2)',
    ]) {
      expect(text).toContain(`| ${row} |`);
    }
  });
});

it('a card that a user edited, or a text that was there before, stays; an untouched one is renewed', () => {
  const path = join(folder, 'model.card.md');
  const card = {
    title: 'a|b',
    front: { license: 'mit' },
    about: '',
    origin: { x: 'a|b' },
    figures: {},
    limits: [],
    licence: '',
    citations: [],
  };
  writeCard(path, card);
  writeCard(path, { ...card, title: 'second' });
  expect(readFileSync(path, 'utf8')).toContain('# second');
  expect(readFileSync(path, 'utf8')).toContain('| x | a\\|b |');
  appendFileSync(path, 'mine');
  writeCard(path, card);
  expect(readFileSync(path, 'utf8')).toContain('# second');
  const edited = readFileSync(path, 'utf8').replace('mine', '').replace('# second', '# mine');
  writeFileSync(path, edited);
  writeCard(path, card);
  expect(readFileSync(path, 'utf8')).toBe(edited);
  rmSync(path);
  writeFileSync(path, 'notes');
  writeCard(path, card);
  expect(readFileSync(path, 'utf8')).toBe('notes');
  expect(existsSync(cardBeside(join(folder, 'none.h5')))).toBe(false);
});
