import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_SPLIT_RULE,
  heldOutCounts,
  materialIdentity,
  officialSplit,
  type Split,
  splitMaterials,
} from '../../src/dataset/split.ts';

const counts = (splits: Map<string, Split>) => {
  const of = (split: Split) => [...splits.values()].filter((one) => one === split).length;
  return { train: of('train'), validation: of('validation'), test: of('test') };
};

const classOf = (sizes: readonly number[]) =>
  new Map<string, number>(
    sizes.flatMap((size, c) =>
      Array.from({ length: size }, (_, i) => [`m${c}-${i}`, c + 1] as const),
    ),
  );

describe('the rule', () => {
  it.each([
    [1, { validation: 0, test: 0 }],
    [2, { validation: 0, test: 1 }],
    [3, { validation: 1, test: 1 }],
    [10, { validation: 2, test: 3 }],
    [1000, { validation: 20, test: 30 }],
  ])('holds out of %i materials', (count, expected) => {
    expect(heldOutCounts(count, DEFAULT_SPLIT_RULE)).toEqual(expected);
  });

  it('leaves every class at least one material to train on, whatever the shares', () => {
    const share = fc.record({
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      cap: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), share, share, (count, test, validation) => {
        const held = heldOutCounts(count, { test, validation });
        expect(count - held.test - held.validation).toBeGreaterThanOrEqual(1);
        if (count >= 2) expect(held.test).toBeGreaterThanOrEqual(1);
        if (count >= 3) expect(held.validation).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('gives the ladder its numbers', () => {
    const rule = { test: { share: 1, cap: 30 }, validation: { share: 1, cap: 10 } };
    expect(heldOutCounts(45, rule)).toEqual({ test: 30, validation: 10 });
    expect(heldOutCounts(190, rule)).toEqual({ test: 30, validation: 10 });
  });
});

describe('the split by material', () => {
  it('gives each class the numbers of the rule', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 1000 }), (list, seed) => {
        const classes = classOf(list);
        const splits = splitMaterials(classes, { seed });
        expect(splits.size).toBe(classes.size);
        list.forEach((size, c) => {
          const part = new Map([...splits].filter(([name]) => classes.get(name) === c + 1));
          expect(counts(part)).toMatchObject(heldOutCounts(size, DEFAULT_SPLIT_RULE));
        });
      }),
    );
  });

  it('is the same for the same seed in any order of the input, and another for another seed', () => {
    const classes = classOf([40, 12, 3]);
    const reversed = new Map([...classes].reverse());
    const sorted = (splits: Map<string, Split>) => [...splits].sort();
    const first = sorted(splitMaterials(classes, { seed: 1 }));
    expect(sorted(splitMaterials(reversed, { seed: 1 }))).toEqual(first);
    expect(sorted(splitMaterials(classes, { seed: 2 }))).not.toEqual(first);
  });

  it('of a class does not depend on the other classes', () => {
    const alone = splitMaterials(classOf([30]), { seed: 5 });
    const among = splitMaterials(classOf([30, 50, 2]), { seed: 5 });
    for (const [name, split] of alone) expect(among.get(name)).toBe(split);
  });
});

it.each([
  ['batch_train_12.h5', 'train'],
  ['batch_dev_0.h5', 'validation'],
  ['batch_test_7.h5', 'test'],
  ['val.h5', 'validation'],
  ['contest_4.h5', null],
  ['trainer.h5', null],
])('reads the official split of %s', (name, split) => {
  expect(officialSplit(name)).toBe(split);
});

describe('spellings of one material', () => {
  const same = [
    ['mp-17', 'MP-17', 'mp_17', ' mp-17 ', 'mp\u200b-17', 'mp 17', '17', 'material 17', 'ｍｐ-17'],
    ['Quartz', 'quartz', 'QUARTZ\ufeff', ' quartz'],
    ['icsd-17', 'ICSD 17', 'icsd_17'],
  ];

  it('are one identity, and others are others', () => {
    for (const names of same) expect(new Set(names.map(materialIdentity)).size).toBe(1);
    expect(new Set(same.map(([first]) => materialIdentity(first!))).size).toBe(same.length);
    expect(materialIdentity('mp-170')).not.toBe(materialIdentity('mp-17'));
    expect(materialIdentity('mineral')).toBe('mineral');
    expect(materialIdentity('identity')).toBe('identity');
  });

  it.each([
    ['a minus sign', 'mp\u221217'],
    ['an invisible product', 'mp-17\u2062'],
    ['a Mongolian vowel separator', 'mp-17\u180e'],
    ['a variation selector', 'mp-17\ufe0f'],
    ['a mark of direction', '\u2066mp-17\u2069'],
    ['a joiner of graphemes', 'mp-17\u034f'],
    ['a Hangul filler', 'mp-17\u3164'],
    ['a tag', 'mp-17\u{e0020}'],
    ['a control character', 'mp-17\u0007'],
    ['a blank of Braille', 'mp-17\u2800'],
    ['a Cyrillic letter', '\u041cP-17'],
    ['a small Cyrillic letter', 'm\u0440-17'],
    ['Arabic digits', 'mp-\u0661\u0667'],
    ['Persian digits', 'mp-\u06f1\u06f7'],
    ['bold digits', 'mp-\u{1d7cf}\u{1d7d5}'],
    ['another separator', 'mp.17'],
    ['a leading zero', 'mp-017'],
    ['quotes', '"mp-17"'],
    ['an accent', 'mp-17\u0301'],
    ['the name of a file', 'mp-17.cif'],
    ['a longer prefix', 'Materials Project 17'],
  ])('count with %s', (_, spelling) => {
    expect(materialIdentity(spelling)).toBe(materialIdentity('mp-17'));
  });

  it.each([
    ['Quartz', 'Qu\u0430rtz'],
    ['Quartz', 'Quar\u1d1b\u1d22'],
    ['Quartz', '\u{1d410}uartz'],
    ['rock salt', 'rocksalt'],
    ['\u00c5kermanite', 'A\u030akermanite'],
    ['\u00c5kermanite', 'AKERMANITE'],
    ['wei\u00df', 'WEISS'],
    ['wei\u00df', 'WEI\u1e9e'],
    ['istanbulite', '\u0130STANBULITE'],
    ['istanbulite', '\u0131stanbulite'],
    ['\u03b1-SiO\u2082', 'alpha SiO2'],
    ['\u03c3 phase', '\u03a3-phase'],
    ['generated:14:0', 'generated\u223614\u22360'],
  ])('of %s count as %s', (name, spelling) => {
    expect(materialIdentity(spelling)).toBe(materialIdentity(name));
  });

  it.each([
    ['mp-17', 'mp-170'],
    ['mp-1-7', 'mp-17'],
    ['generated:14:10', 'generated:141:0'],
    ['Fe1.05S', 'Fe1.5S'],
    ['TiO2-62', 'TiO2-6-2'],
    ['?', '!'],
    ['\u77f3\u82f1', '\u65b9\u89e3\u77f3'],
  ])('are not %s and %s', (one, other) => {
    expect(materialIdentity(one)).not.toBe(materialIdentity(other));
    expect(materialIdentity(one)).not.toBe('');
  });

  it('stand in one part, and leave the division of the others as it is', () => {
    const plain = new Map(Array.from({ length: 30 }, (_, i) => [`mp-${i}`, 14] as const));
    const spelled = new Map([
      ...plain,
      ...Array.from(plain, ([name, g]) => [name.toUpperCase(), g] as const),
    ]);
    for (const seed of [0, 1, 2]) {
      const once = splitMaterials(plain, { seed });
      const twice = splitMaterials(spelled, { seed });
      for (const name of plain.keys()) expect(twice.get(name.toUpperCase())).toBe(twice.get(name));
      expect(new Set(once.values())).toEqual(new Set(twice.values()));
    }
  });
});
