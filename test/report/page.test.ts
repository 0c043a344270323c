import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareStudy, type StudyComparison } from '../../src/benchmark/comparison/compare.ts';
import { loadStudy } from '../../src/benchmark/study/load.ts';
import { type Study, studySchema } from '../../src/benchmark/study/study.ts';
import { Stream } from '../../src/common/stream.ts';
import { census } from '../../src/dataset/census.ts';
import { PHONE } from '../../src/report/draw/figure.ts';
import { groupText } from '../../src/report/draw/notation.ts';
import { dataUrl } from '../../src/report/draw/raster.ts';
import { contactSheet, tripletPicture } from '../../src/report/draw/sheet.ts';
import { stripFigure } from '../../src/report/figures/boundary-path.ts';
import { classHistogram } from '../../src/report/figures/census.ts';
import { classChangeFigure, variedArms } from '../../src/report/figures/comparison.ts';
import { mixFigure } from '../../src/report/figures/mix.ts';
import { namedRows } from '../../src/report/figures/rows.ts';
import {
  escapeHtml,
  figureHtml,
  foldedHtml,
  galleryHtml,
  page,
  tableHtml,
} from '../../src/report/pages/page.ts';
import {
  leadOf,
  studyFigures,
  studySections,
  verdictOf,
} from '../../src/report/pages/study-page.ts';
import { armRows, budgetTable } from '../../src/report/pages/study-text.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { randomOutcome } from '../support/outcomes.ts';

const study: Study = studySchema.parse({
  name: 'demo',
  baseline: 'logit adjustment',
  arms: [
    { name: 'plain' },
    { name: 'logit adjustment', techniques: ['logit-adjustment'] },
    { name: 'logit adjustment + GAN', techniques: ['logit-adjustment'], synthetic: 'gan-both' },
  ],
});

const groups = [
  225, 62, 194, 14, 166, 205, 12, 136, 148, 2, 63, 139, 15, 227, 221, 186, 141, 164, 11, 216, 61,
];

/** The classes of a store, many enough for bars to stand narrow on a phone. */
const classes = census(
  groups.flatMap((spaceGroup, i) =>
    Array.from({ length: 100 - 4 * i }, (_, n) => ({
      spaceGroup,
      material: `${spaceGroup}-${n}`,
      energy: 100,
      split: 'train' as const,
    })),
  ),
);
const mixed = groups.map((spaceGroup, i) => ({
  spaceGroup,
  before: 90 - 4 * i,
  real: 10,
  synthetic: i,
}));

function demoComparison() {
  const stream = new Stream(5, 'demo');
  const gains = [-0.1, 0, 0.2];
  const outcomes = Array.from({ length: 6 }, (_, seed) =>
    study.arms.map((arm, i) =>
      randomOutcome({
        arm: arm.name,
        seed,
        split: seed,
        perClass: 20,
        skill: [0.9, 0.7, 0.6, 0.5, 0.4].map((p) => Math.min(1, p + gains[i]!)),
        trainCounts: [150, 80, 30, 12, 5],
        stream,
      }),
    ),
  ).flat();
  return compareStudy(study, outcomes);
}

it('escapes what a user wrote', () => {
  expect(escapeHtml('<b>"&')).toBe('&lt;b&gt;&quot;&amp;');
  expect(tableHtml([['a<b'], ['<script>']])).not.toContain('<script>');
});

it('draws the same figures for the same results', async () => {
  const figures = studyFigures({ study, comparisons: [demoComparison()] });
  expect(Object.keys(figures)).toEqual([
    'arms-macro-f1',
    'arms-few-recall',
    'interval-macro-f1',
    'interval-few-recall',
    'class-change',
    'confusions',
  ]);
  await expect(figures['interval-macro-f1']!()).toMatchFileSnapshot(
    'snapshots/interval-macro-f1.svg',
  );
  await expect(figures['class-change']!()).toMatchFileSnapshot('snapshots/class-change.svg');
});

it('lays every figure of a study out anew for a phone, with all that the wide one shows', () => {
  const budgets = [5, 20].map((budget) => ({ ...demoComparison(), budget }));
  const figures = {
    ...studyFigures({ study, comparisons: [demoComparison()] }),
    'budget-curve': studyFigures({ study, comparisons: budgets })['budget-curve']!,
    classes: (width?: number) => classHistogram(classes, width),
    mix: (width?: number) => mixFigure(mixed, width),
  };
  for (const [name, draw] of Object.entries(figures)) {
    const [wide, narrow] = [draw(), draw(PHONE)];
    const width = (svg: string) => Number(/width="([\d.]+)"/.exec(svg)![1]);
    expect(width(wide), name).toBeGreaterThan(PHONE);
    expect(width(narrow), name).toBe(PHONE);
    for (const mark of ['<circle', '<rect']) {
      expect(narrow.split(mark).length, `${name}: ${mark}`).toBe(wide.split(mark).length);
    }
  }
});

it.each([
  [1, 1],
  [6, 4],
])('puts long names above their rows on a phone: %i times one in %i lines', (times, lines) => {
  const name = 'undersampled + crystal GAN '.repeat(times).trim();
  const { marks, options } = namedRows([name, 'plain'], { width: PHONE, pitch: 26, rest: 70 });
  expect(marks).toHaveLength(1);
  expect(options.height).toBe(70 + 2 * (26 + 14 * lines));
});

it('counts in percent on the axes as in the tables', () => {
  const figures = studyFigures({ study, comparisons: [demoComparison()] });
  for (const name of ['arms-macro-f1', 'arms-few-recall', 'class-change', 'confusions']) {
    expect(figures[name]!(), name).toContain('(%)');
  }
  const ticks = [...figures['class-change']!().matchAll(/>(\d+)<\/text>/g)].map(([, n]) => n);
  expect(ticks).toContain('100');
});

it('draws curves where arms differ in one setting only', () => {
  const techniques = ['logit-adjustment', 'flips', 'dilation'];
  const both = [0.5, 1, 2, 4].map((ratio) => ({
    name: `ratio ${ratio}`,
    techniques,
    synthetic: 'gan-both',
    ratio,
  }));
  const near = [0.05, 0.1, 0.3].map((epsilon) => ({
    name: `epsilon ${epsilon}`,
    techniques,
    synthetic: 'gan-boundary',
    epsilon,
  }));
  const ablations = studySchema.parse({
    name: 'ablations',
    baseline: 'nothing',
    arms: [{ name: 'nothing', techniques }, ...both, ...near],
  });
  const values = (varied: 'ratio' | 'epsilon') =>
    variedArms(ablations, varied).map((steps) => steps.map(({ value }) => value));
  expect(values('ratio')).toEqual([[0, 0.5, 1, 2, 4]]);
  expect(values('epsilon')).toEqual([[0.05, 0.1, 0.3]]);
  expect(variedArms(ablations, 'ratio')[0]![0]!.arm).toBe(ablations.baseline);
  expect(variedArms(loadStudy('default'), 'ratio')).toEqual([]);
});

it('leads with every budget, draws their curve, and keeps tables apart by budget', () => {
  const comparison = demoComparison();
  const budgets = [5, 20].map((budget) => ({ ...comparison, budget }));
  const compared = { study, comparisons: budgets };
  const first = verdictOf(compared).filter((line) => line.startsWith('At most'));
  expect(first.map((line) => line.slice(0, 47))).toEqual([
    'At most 5 training materials of a class: logit ',
    'At most 20 training materials of a class: logit',
  ]);
  const figures = Object.keys(studyFigures(compared));
  expect(figures).toContain('budget-curve');
  expect(figures).toContain('arms-macro-f1-b20');
  const headings = studySections(compared).map(({ heading }) => heading);
  expect(new Set(headings).size).toBe(headings.length);
  const rows = budgetTable(budgets, armRows);
  expect(rows.map((row) => row[0])).toEqual(['budget', '5', '5', '5', '20', '20', '20']);
});

it.each([
  [0.5, 0.7, '#009E73'],
  [0.7, 0.5, '#D55E00'],
  [0.5, 0.5, '#777777'],
  [0, 0, '#777777'],
  [1, 1, '#777777'],
  // The same recalls of the seeds in another order.
  [(0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3, '#777777'],
  [(0.3 + 0.2 + 0.1) / 3, (0.1 + 0.2 + 0.3) / 3, '#777777'],
  [(0.1 + 0.4 + 0.7) / 3, (0.7 + 0.4 + 0.1) / 3, '#777777'],
  [0.5, 0.5001, '#009E73'],
])('colours recall %d -> %d as gained, lost or equal', (baseline, treated, colour) => {
  const svg = classChangeFigure({
    baseline: 'plain',
    best: null,
    classes: [{ spaceGroup: 14, trainCount: 9, band: 'few', recall: { baseline, treated } }],
  } as unknown as StudyComparison);
  const fills = [...svg.matchAll(/<circle[^>]*fill="(#\w+)"/g)].map((match) => match[1]);
  expect(fills.at(-1)).toBe(colour);
});

it('opens with one sentence, the rest of the verdict folded, and the command that follows', () => {
  const compared = { study, comparisons: [demoComparison()] };
  const lead = leadOf(compared, 'npx gan bench run --seeds 12');
  expect(lead.lines).toHaveLength(1);
  const { verdict } = compared.comparisons[0]!;
  expect([...lead.lines, ...lead.more!, lead.next!.text]).toEqual(verdict);
  expect(lead.next!.command).toMatch(
    lead.tone === 'helped'
      ? /^npx gan mix --fill 45 .*\nnpx gan classify train --mixture --technique logit-adjustment$/
      : /^npx gan bench run --seeds 12$/,
  );
});

describe.skipIf(!chromiumPath)('the look of a page', () => {
  let browser: Browser;
  let html: string;

  beforeAll(async () => {
    browser = await openBrowser();
    const size = 32;
    const rings = (n: number) =>
      Uint8Array.from({ length: size * size * 3 }, (_, i) => {
        const pixel = Math.floor(i / 3);
        const away = Math.hypot((pixel % size) - 15.5, Math.floor(pixel / size) - 15.5);
        return 75 + 75 * Math.cos(away * (1 + 0.2 * n + (i % 3) / 4));
      });
    const cells = [0, 1, 2, 3].map((n) => ({
      pixels: rings(n),
      size,
      pixel: 0.08,
      caption: ['Fe₂O₃', groupText(167), '[001] [100] [110]'],
    }));
    const sheet = await contactSheet({ title: 'Examples', cells, columns: 4 });
    const items = await Promise.all(
      [0, 1, 2, 3, 4].map(async (n) => ({
        image: await dataUrl(tripletPicture(rings(n), size), 2),
        caption: n === 0 ? 'Fe₂O₃ · real' : `Fe₂O₃ · most realistic: realism ${n}`,
        passport: 'made for space group: 167\nseed: 0',
        frame: (['real', 'accepted', 'accepted', 'rejected', 'rejected'] as const)[n],
      })),
    );
    const strip = await stripFigure({
      ...{ spaceGroup: 14, partner: 62, size, crossing: 0.21, leader: null, verifiers: [] },
      axis: { name: 'amplitude of the distortion', unit: 'angstrom' },
      frames: Array.from({ length: 9 }, (_, n) => ({ t: n / 10, pixels: rings(n) })),
      curve: Array.from({ length: 9 }, (_, n) => ({
        ...{ t: n / 10, own: n / 8, partner: 1 - n / 8, likeliest: n < 4 ? 62 : 14 },
      })),
    });
    const comparison = demoComparison();
    html = page({
      title: 'A page',
      subtitle: 'What every page is made of.',
      lead: leadOf({ study, comparisons: [comparison] }, 'npx gan bench run'),
      sections: [
        { heading: 'With and without', body: tableHtml(armRows(comparison)) },
        {
          heading: 'Chart',
          body: figureHtml((width) => classChangeFigure(comparison, width), 'chart'),
        },
        { heading: 'Sheet', body: figureHtml(sheet, 'sheet') },
        { heading: 'Strip', body: figureHtml(strip, 'strip') },
        {
          heading: 'Gallery',
          body: galleryHtml([{ heading: `Space group ${groupText(167)}`, items }]),
        },
        { heading: 'How to repeat it', body: foldedHtml('settings', '{ "seed": 0 }') },
      ],
    });
  }, 60_000);

  afterAll(() => browser?.close());

  const looks = [
    ...[1280, 390].flatMap((width) =>
      (['light', 'dark'] as const).map((scheme) => ({ width, scheme, media: 'screen' as const })),
    ),
    { width: 794, scheme: 'light' as const, media: 'print' as const },
  ];

  async function opened({ width, scheme, media }: (typeof looks)[number]) {
    const at = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme });
    await at.emulateMedia({ media });
    await at.setContent(html);
    // The fonts of the machine that is asked for one must not decide.
    await at.addStyleTag({ content: '*{font-family:"DejaVu Sans"!important}' });
    if (media === 'print') await at.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await at.evaluate(() =>
      Promise.all(
        [...document.images].map((one) => {
          one.loading = 'eager'; // far below the fold they are not read, and never decoded
          return one.decode();
        }),
      ),
    );
    return at;
  }

  /** A picture in blocks of 10 x 10 pixels, grey. */
  const blocks = (image: Buffer | string, width: number, height: number) =>
    sharp(image).greyscale().resize(width, height, { fit: 'fill', kernel: 'linear' });

  it.each(looks)('is the recorded one: $width px, $scheme, $media', async (look) => {
    const at = await opened(look);
    const shot = await at.screenshot({ fullPage: true, animations: 'disabled' });
    await at.close();
    const name = `page-${look.width}-${look.media === 'print' ? 'print' : look.scheme}.png`;
    const file = join(import.meta.dirname, 'snapshots', name);
    const { width = 0, height = 0 } = await sharp(shot).metadata();
    const [w, h] = [Math.round(width / 10), Math.round(height / 10)];
    if (process.env.CBED_SCREENSHOTS === 'record') await blocks(shot, w, h).png().toFile(file);
    expect(existsSync(file), `${name}: record it with CBED_SCREENSHOTS=record`).toBe(true);
    const known = await sharp(file).metadata();
    expect(Math.abs(known.height! / h - 1)).toBeLessThan(0.03);
    const raw = async (picture: Sharp) => new Uint8Array(await picture.raw().toBuffer());
    const [now, then] = await Promise.all([
      raw(blocks(shot, known.width!, known.height!)),
      raw(sharp(file).greyscale()),
    ]);
    const off = now.filter((grey, i) => Math.abs(grey - then[i]!) > 40).length;
    expect(off / now.length).toBeLessThan(0.01);
  });

  it('follows the dark in charts and sheets, not in the patterns of a sheet', async () => {
    const looked = async (scheme: 'light' | 'dark') => {
      const at = await opened({ width: 1400, scheme, media: 'screen' });
      const grey = async (selector: string, x: number, y: number) => {
        const shot = await at.locator(selector).screenshot();
        const { data, info } = await sharp(shot)
          .greyscale()
          .raw()
          .toBuffer({ resolveWithObject: true });
        return data[Math.round(y * info.height) * info.width + Math.round(x * info.width)]!;
      };
      const found = {
        chart: await grey('.chart .roomy', 0.01, 0.02),
        sheet: await grey('.sheet .roomy >> nth=0', 0.005, 0.02),
        pattern: await grey('.sheet .roomy >> nth=0', 0.054, 0.43),
      };
      await at.close();
      return found;
    };
    const [light, dark] = [await looked('light'), await looked('dark')];
    for (const paper of ['chart', 'sheet'] as const) {
      expect(light[paper]).toBeGreaterThan(240);
      expect(dark[paper]).toBeLessThan(20);
    }
    expect(Math.abs(dark.pattern - light.pattern)).toBeLessThan(5);
    expect(light.pattern).not.toBeCloseTo(127, -1); // an inverted one would differ
  });

  it('is whole in print: nothing wider than the paper, nothing folded', async () => {
    const at = await opened(looks.at(-1)!);
    const wide = await at.evaluate(() =>
      [...document.querySelectorAll('table, img, pre')]
        .filter((one) => one.getBoundingClientRect().right > innerWidth)
        .map((one) => one.outerHTML.slice(0, 80)),
    );
    expect(wide).toEqual([]);
    expect(await at.locator('details:not([open])').count()).toBe(0);
    await at.close();
  });

  it('shows charts and sheets whole on a phone, the wide ones in print and on a screen', async () => {
    const shown = async (look: (typeof looks)[number]) => {
      const at = await opened(look);
      const found = await at.evaluate(() =>
        [...document.querySelectorAll('.wide')].map((figure) => ({
          over: figure.scrollWidth - figure.clientWidth,
          images: [...figure.querySelectorAll('img')]
            .filter((image) => image.getBoundingClientRect().width > 0)
            .map((image) => image.className),
        })),
      );
      await at.close();
      return found;
    };
    const of = (name: string) => Array(3).fill({ over: 0, images: [name] });
    expect(await shown({ width: 390, scheme: 'light', media: 'screen' })).toEqual(of('phone'));
    expect(await shown({ width: 1280, scheme: 'light', media: 'screen' })).toEqual(of('roomy'));
    expect(await shown({ width: 390, scheme: 'light', media: 'print' })).toEqual(of('roomy'));
  });

  it('keeps the first column of a table in sight while the others scroll', async () => {
    const at = await opened({ width: 390, scheme: 'light', media: 'screen' });
    const places = await at.evaluate(() => {
      const table = document.querySelector('.table')!;
      const left = () => table.querySelector('td')!.getBoundingClientRect().left;
      const before = left();
      table.scrollLeft = 150;
      return { before, after: left(), scrolled: table.scrollLeft };
    });
    expect(places.scrolled).toBe(150);
    expect(places.after).toBe(places.before);
    await at.close();
  });

  it('shows text of charts and sheets at 9 px or more on a phone', async () => {
    const at = await opened({ width: 390, scheme: 'light', media: 'screen' });
    const sizes = await at.evaluate(() =>
      [...document.querySelectorAll<HTMLImageElement>('.wide img:not(.roomy)')].map((image) => {
        const svg = atob(image.src.split(',')[1]!);
        const fonts = [...svg.matchAll(/font-size="([\d.]+)/g)].map(([, size]) => Number(size));
        return (Math.min(...fonts) * image.width) / image.naturalWidth;
      }),
    );
    expect(sizes.length).toBe(3);
    for (const size of sizes) expect(size).toBeGreaterThanOrEqual(9);
    await at.close();
  });
});
