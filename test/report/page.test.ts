import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareStudy } from '../../src/benchmark/compare.ts';
import { type Study, studySchema } from '../../src/benchmark/study.ts';
import { Stream } from '../../src/ground/stream.ts';
import { escapeHtml, galleryHtml, slidesHtml, tableHtml } from '../../src/report/page.ts';
import { dataUrl } from '../../src/report/raster.ts';
import { tripletPicture } from '../../src/report/sheet.ts';
import { studyFigures, studyPage } from '../../src/report/study.ts';
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

function demoComparison() {
  const stream = new Stream(5, 'demo');
  const gains = [-0.1, 0, 0.2];
  const outcomes = Array.from({ length: 6 }, (_, seed) =>
    study.arms.map((arm, i) =>
      randomOutcome({
        arm: arm.name,
        seed,
        perClass: 20,
        skill: [0.9, 0.7, 0.6, 0.5, 0.4].map((p) => Math.min(1, p + gains[i]!)),
        trainCounts: [150, 80, 30, 12, 5],
        stream,
      }),
    ),
  ).flat();
  return compareStudy(study, outcomes);
}

const frames = async () => {
  const shades = [40, 120, 200];
  return Promise.all(
    shades.map(async (shade, i) => ({
      image: await dataUrl(tripletPicture(new Uint8Array(16 * 16 * 3).fill(shade), 16)),
      caption: `t = ${i / 2}`,
    })),
  );
};

it('escapes what a user wrote', () => {
  expect(escapeHtml('<b>"&')).toBe('&lt;b&gt;&quot;&amp;');
  expect(tableHtml([['a<b'], ['<script>']])).not.toContain('<script>');
});

it('draws the same figures for the same results', async () => {
  const figures = studyFigures(demoComparison());
  expect(Object.keys(figures)).toEqual([
    'arms-macro-f1',
    'arms-few-recall',
    'interval-macro-f1',
    'interval-few-recall',
    'class-change',
  ]);
  await expect(figures['interval-macro-f1']).toMatchFileSnapshot('snapshots/interval-macro-f1.svg');
  await expect(figures['class-change']).toMatchFileSnapshot('snapshots/class-change.svg');
});

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser;
  let file: string;

  beforeAll(async () => {
    const slides = await frames();
    const extra = [
      { heading: 'Along the path', body: slidesHtml(slides, 'position along the path') },
      {
        heading: 'Gallery',
        body: galleryHtml(
          slides.map(({ image, caption }) => ({ image, caption, passport: 'realism 1.1' })),
        ),
      },
    ];
    file = join(mkdtempSync(join(tmpdir(), 'cbed-page-')), 'report.html');
    writeFileSync(
      file,
      studyPage({
        comparison: demoComparison(),
        settings: study,
        command: 'npx gan bench run',
        extra,
      }),
    );
    browser = await openBrowser();
  });

  afterAll(() => browser?.close());

  const cases = [1280, 390].flatMap((width) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
  );

  it.each(cases)('reads well at $width px, $colorScheme', async ({ width, colorScheme }) => {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    await page.goto(`file://${file}`);
    expect(await page.locator('.lead').textContent()).toMatch(/helped|undecided|hurt/);
    const widths = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      window.innerWidth,
    ]);
    expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
    await page.locator('.gallery').scrollIntoViewIfNeeded();
    const broken = await page.evaluate(
      () =>
        [...document.images].filter((image) => image.complete && image.naturalWidth === 0).length,
    );
    expect(broken).toBe(0);
    const image = page.locator('.slides img');
    const before = await image.getAttribute('src');
    await page.locator('.slides input').fill('2');
    expect(await image.getAttribute('src')).not.toBe(before);
    expect(await page.locator('.slides figcaption').textContent()).toBe('t = 1');
    const [ink, paper] = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.color, style.backgroundColor];
    });
    expect(ink).not.toBe(paper);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([`file://${file}`]);
    if (process.env.CBED_SCREENSHOTS) {
      await page.screenshot({
        path: join(process.env.CBED_SCREENSHOTS, `page-${width}-${colorScheme}.png`),
        fullPage: true,
      });
    }
    await page.close();
  });
});
