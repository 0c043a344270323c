import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCell } from '../../src/benchmark/cells/cell.ts';
import { ganOf } from '../../src/benchmark/pools/shown-gan.ts';
import {
  openStudyFolder,
  readStudyFolder,
  type StudyFolder,
} from '../../src/benchmark/study/folder.ts';
import { needsGan, planCells, studySchema } from '../../src/benchmark/study/study.ts';
import { packageRoot } from '../../src/common/paths.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { saveSummary } from '../../src/common/summary.ts';
import { reportRuns } from '../../src/report/pages/runs.ts';
import { compareFolder } from '../../src/report/pages/study-files.ts';
import { leadOf } from '../../src/report/pages/study-page.ts';
import { SCORE_FILE, SCORED_FILE } from '../../synthetic/archive/archive.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyGanStudy } from '../support/gan-study.ts';

const folder = temporaryFolder('report');
const at = (...parts: string[]) => join(folder, ...parts);
const page = at('study', 'report.html');
const progress = silentProgress;
let study: StudyFolder;
let printed: string[];

beforeAll(async () => {
  study = await toyGanStudy(folder);
  printed = await reportRuns([study.path], { format: 'html', progress });
}, 240_000);

const headingsOf = (html: string): string[] =>
  [...html.matchAll(/<h2>([^<]*)/g)].map((match) => match[1]!);

it('draws a study: data, arms, classes, curves, boundary, samples, where it comes from', () => {
  expect(printed.at(-1)).toBe(`report: ${page}`);
  expect(printed.join('\n')).toMatch(/GAN: undecided/);
  expect(headingsOf(readFileSync(page, 'utf8')).map((text) => text.replace(/ \d+/g, ' N'))).toEqual(
    [
      'How imbalanced the data are',
      'With and without',
      'Differences',
      'Class by class',
      'What is confused',
      'How many samples, how near',
      'What validation chose',
      'At the boundary of N and N',
      'Real and synthetic',
      'What the classifier trained on',
      'Where it comes from',
      'How to repeat it',
    ],
  );
});

it('says what is gone instead of failing', async () => {
  cpSync(study.path, at('bare'), { recursive: true });
  rmSync(at('bare', 'shared'), { recursive: true });
  await reportRuns([at('bare')], { format: 'html', progress });
  const html = readFileSync(at('bare', 'report.html'), 'utf8');
  expect(html).toContain(`Nothing is drawn of the GAN: its files under ${at('bare', 'shared')}`);
  expect(html).not.toContain('class="slides"');
  const { data } = study.study;
  renameSync(data, `${data}.away`);
  await reportRuns([at('bare')], { format: 'html', progress });
  renameSync(`${data}.away`, data);
  expect(readFileSync(at('bare', 'report.html'), 'utf8')).toContain(
    `the store of this study, ${data}, is not there`,
  );
}, 120_000);

it('shows the samples of a score run that a study is made for', async () => {
  const gan = ganOf(study, planCells(study.study).find(needsGan)!);
  mkdirSync(at('scored'));
  cpSync(gan.archive, at('scored', SCORED_FILE));
  cpSync(gan.score, at('scored', SCORE_FILE));
  const given = openStudyFolder(
    at('given'),
    studySchema.parse({
      ...study.study,
      name: 'given',
      seeds: 1,
      archive: at('scored', SCORED_FILE),
      arms: [{ name: 'plain' }, { name: 'these samples', synthetic: 'archive' }],
    }),
  );
  for (const cell of planCells(given.study)) await runCell({ folder: given, cell });
  await reportRuns([given.path], { format: 'html', progress });
  const html = readFileSync(at('given', 'report.html'), 'utf8');
  expect(html).toContain('class="gallery"');
  expect(html).not.toContain('No arm of this study has samples');
  expect(headingsOf(html)).toContain('What the classifier trained on');
  rmSync(at('scored', SCORE_FILE));
  await reportRuns([given.path], { format: 'html', progress });
  expect(readFileSync(at('given', 'report.html'), 'utf8')).toContain(
    `Nothing is drawn of these samples: ${at('scored', SCORE_FILE)} is not there`,
  );
}, 120_000);

it('gives the results as text, to the terminal or a file', async () => {
  const comparison = JSON.parse(readFileSync(join(study.path, 'comparison.json'), 'utf8'));
  const [json] = await reportRuns([study.path], { format: 'json', progress });
  expect(JSON.parse(json!)).toEqual(comparison);
  const [csv] = await reportRuns([study.path], { format: 'csv', progress });
  expect(csv!.split('\n').map((line) => line.split(',')[0])).toEqual([
    'arm',
    'plain',
    'GAN',
    'GAN once',
  ]);
  const out = at('texts', 'report.md');
  await reportRuns([study.path], { format: 'markdown', out, progress });
  expect(readFileSync(out, 'utf8')).toContain(comparison.verdict[0]);
});

it('opens with the rare groups where these alone were helped, and with what to do', () => {
  const recorded = readStudyFolder(join(packageRoot, 'benchmarks', 'studies', 'quick'));
  const lead = leadOf(compareFolder(recorded).compared, 'again');
  expect([lead.tone, lead.badge]).toEqual(['helped', 'rare groups helped']);
  expect(lead.lines[0]).toMatch(/undecided, .* points of macro-F1/);
  expect(lead.lines[1]).toMatch(/helped: .* points of few-shot recall/);
  expect(lead.next!.command).toMatch(/^npx gan mix --fill 36 /);
});

it('joins studies and other runs to one page, and knows what is no run', async () => {
  mkdirSync(at('probe-run'));
  writeFileSync(at('probe-run', 'probe.json'), '{"pair":[14,62]}');
  writeFileSync(at('probe-run', 'config.json'), '{"seed":41}');
  writeFileSync(at('probe-run', 'plane.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const out = at('joined.html');
  await reportRuns([at('bare'), at('probe-run')], { format: 'html', out, progress });
  const html = readFileSync(out, 'utf8');
  const headings = headingsOf(html);
  expect(headings).toContain('bare: With and without');
  expect(headings.at(-1)).toBe('probe: probe-run');
  expect(html).toContain('alt="plane.svg"');
  expect(html).toMatch(/class="lead undecided"><span class="badge">undecided<\/span><p>bare: GAN/);
  mkdirSync(at('empty'));
  await expect(reportRuns([at('empty')], { format: 'html', progress })).rejects.toThrow(
    /empty is no run or study/,
  );
}, 120_000);

it('opens the page of one run with what it came to and the command that follows', async () => {
  mkdirSync(at('trained'));
  for (const name of ['classifier.safetensors', 'learning-phone.svg', 'learning.svg']) {
    writeFileSync(
      at('trained', name),
      `<svg xmlns="http://www.w3.org/2000/svg"><!--${name}--></svg>`,
    );
  }
  const said = ['other heads: fine', 'validation: macro-F1 51 %'];
  saveSummary(
    { file: (name) => at('trained', name) },
    { figure: 'macro-F1 51 %', lines: said, next: { text: 'test it.', command: 'npx gan x' } },
  );
  const lines = await reportRuns([at('trained')], { format: 'html', progress });
  expect(lines.slice(0, 2)).toEqual(said);
  const html = readFileSync(at('trained', 'report.html'), 'utf8');
  expect(html).toMatch(/class="badge">macro-F1 51 %<\/span><p>validation: <abbr/);
  expect(html).toContain('<p>What to do next: test it.</p><pre>npx gan x</pre>');
  // The drawing for a phone is the same figure, not another one.
  expect(html.match(/alt="learning.svg"/g)).toHaveLength(2);
  expect(html).not.toContain('alt="learning-phone.svg"');
  const [text] = await reportRuns([at('trained')], { format: 'markdown', progress });
  expect(text).toContain(said[1]);
});

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(() => browser?.close());

  /** Opens the page, collecting what it complains of and asks the network for. */
  async function open(options: { width: number; colorScheme: 'light' | 'dark' }) {
    const { width, colorScheme } = options;
    const opened = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    opened.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    await opened.goto(`file://${page}`);
    return { opened, complaints, requests };
  }

  async function moveSlider(opened: Page): Promise<void> {
    const image = opened.locator('.slides img');
    const slider = opened.locator('.slides input');
    const before = await image.getAttribute('src');
    const last = (await slider.getAttribute('max'))!;
    expect(Number(last)).toBeGreaterThan(2);
    expect(await opened.locator('.slides figcaption').textContent()).toMatch(/^t = 0\.00/);
    await slider.fill(last);
    expect(await image.getAttribute('src')).not.toBe(before);
    expect(await opened.locator('.slides figcaption').textContent()).toMatch(/^t = 1\.00: p\(/);
  }

  async function sortTable(opened: Page): Promise<void> {
    const table = opened.locator('table').first();
    const column = (): Promise<string[]> =>
      table.locator('tbody td:nth-child(2)').allTextContents();
    await table.locator('thead button').nth(1).click();
    const values = (await column()).map(Number.parseFloat);
    expect(values.length).toBeGreaterThan(1);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    await table.locator('thead button').nth(1).click();
    expect((await column()).map(Number.parseFloat)).toEqual(values.toReversed());
  }

  /** What a term means shows on focus, as a tap gives it. */
  async function explainTerm(opened: Page): Promise<void> {
    const term = opened.locator('thead abbr').first();
    await term.focus();
    const shown = await term.evaluate((node) => getComputedStyle(node, '::after').content);
    expect(shown).toContain(await term.getAttribute('title'));
  }

  async function lookAtGallery(opened: Page): Promise<void> {
    const pictures = opened.locator('.gallery figure');
    expect(await pictures.count()).toBeGreaterThan(4);
    const titles = await pictures.evaluateAll((all) =>
      all.map((one) => `${one.className}: ${one.getAttribute('title')}`),
    );
    expect(titles.some((title) => title.startsWith('real: real training triplet'))).toBe(true);
    expect(
      titles.some((title) =>
        /made for space group: \d+\npartner across the boundary: \d+/.test(title),
      ),
    ).toBe(true);
    // Of every chart one of two layouts shows, for a wide or a narrow screen.
    const seen = await opened.locator('img:visible').all();
    for (const image of seen) await image.scrollIntoViewIfNeeded();
    const broken = await opened.evaluate(async () => {
      const images = [...document.images];
      // Lazy ones far below the fold are not read, and never decoded.
      for (const image of images) image.loading = 'eager';
      await Promise.all(images.map((image) => image.decode().catch(() => undefined)));
      return images.filter((image) => image.naturalWidth === 0).length;
    });
    expect(broken).toBe(0);
  }

  const cases = [1280, 390].flatMap((width) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
  );

  it.each(cases)('reads well at $width px, $colorScheme', async (options) => {
    const { opened, complaints, requests } = await open(options);
    expect(await opened.locator('.lead').textContent()).toMatch(/helped|undecided|hurt/);
    const widths = await opened.evaluate(() => [
      document.documentElement.scrollWidth,
      window.innerWidth,
    ]);
    expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
    await lookAtGallery(opened);
    await moveSlider(opened);
    await sortTable(opened);
    await explainTerm(opened);
    const inverted = await opened
      .locator('.chart img')
      .first()
      .evaluate((node) => getComputedStyle(node).filter);
    expect(inverted.includes('invert')).toBe(options.colorScheme === 'dark');
    const [ink, paper] = await opened.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.color, style.backgroundColor];
    });
    expect(ink).not.toBe(paper);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([`file://${page}`]);
    if (process.env.CBED_SCREENSHOTS) {
      const name = `page-${options.width}-${options.colorScheme}.png`;
      await opened.screenshot({ path: join(process.env.CBED_SCREENSHOTS, name), fullPage: true });
    }
    await opened.close();
  });
});
