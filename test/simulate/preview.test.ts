import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formulaText, groupText, indicesText } from '../../src/report/draw/notation.ts';
import { contactSheet } from '../../src/report/draw/sheet.ts';
import { ganLearningFigure } from '../../src/report/figures/gan-figures.ts';
import { annotatedTriplet, previewSheet } from '../../src/report/figures/preview.ts';
import { cameraFor } from '../../src/simulate/camera.ts';
import { sampleOf } from '../dataset/fixture.ts';

// Rock salt with every pixel alight, so that every disc that has room is named.
const A = 5.64;
const camera = cameraFor(64, 1.28);
const sample = { ...sampleOf(0), camera, stack: new Float32Array(3 * 64 * 64).fill(1e-3) };

/** A drawing without its pixels, which another version of the encoder may pack otherwise. */
const withoutPixels = (svg: string): string =>
  `${svg.replace(/href="data:[^"]+"/g, 'href="…"').replaceAll('><', '>\n<')}\n`;

const snapshot = (name: string): string => join(import.meta.dirname, 'snapshots', name);

interface Label {
  x: number;
  y: number;
  hkl: number[];
}

/** The named discs of each of the three patterns. */
function labelsOf(svg: string): Label[][] {
  const panels = svg.split('<g transform').slice(1);
  return panels.map((panel) =>
    [...panel.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*#ffd34d[^>]*>([^<]+)</g)].map(
      ([, x, y, text]) => {
        const digits = [...text!.matchAll(/(\d)(\u0305?)/g)];
        const hkl = digits.map(([, digit, bar]) => (bar ? -Number(digit) : Number(digit)));
        return { x: Number(x), y: Number(y) - 4, hkl };
      },
    ),
  );
}

describe('the large triplet', () => {
  it('names discs where Bragg has them, on the zone, with room between the names', async () => {
    const side = 440;
    const labels = labelsOf(await annotatedTriplet(sample));
    labels.forEach((panel, zone) => {
      expect(panel.length).toBeGreaterThan(8);
      panel.forEach(({ x, y, hkl }, i) => {
        const onZone = sample.zones[zone as 0 | 1 | 2].reduce((sum, u, j) => sum + u * hkl[j]!, 0);
        expect([hkl.length, Math.abs(onZone)]).toEqual([3, 0]);
        const found = (Math.hypot(x - side / 2, y - side / 2) / side) * 2.56;
        expect(found).toBeCloseTo(Math.hypot(...hkl) / A, 2);
        for (const other of panel.slice(i + 1)) {
          expect(Math.hypot(x - other.x, y - other.y)).toBeGreaterThan(54);
        }
      });
    });
  });

  it('draws a bar as long as it says', async () => {
    const svg = await annotatedTriplet(sample);
    const [, width, length] =
      /width="([\d.]+)" height="4" fill="white"\/><text[^>]*>([\d.]+) 1\/Å</.exec(svg)!;
    expect((Number(width) / 440) * 2.56).toBeCloseTo(Number(length), 3);
  });

  it('looks as it did', async () => {
    const svg = withoutPixels(await annotatedTriplet(sample));
    await expect(svg).toMatchFileSnapshot(snapshot('triplet.svg'));
  });
});

it('the sheet names formula, group and zones under each triplet, as it did', async () => {
  const svg = withoutPixels((await previewSheet([sample, sampleOf(1)], 'Simulated triplets'))());
  await expect(svg).toMatchFileSnapshot(snapshot('sheet.svg'));
});

it('the sheet says how many of all triplets it shows, where not all', async () => {
  const words = (svg: string) => svg.replaceAll(/<[^>]*>/g, ' ').replaceAll(/ +/g, ' ');
  expect(words((await previewSheet([sample], 'Some', 42))())).toContain('; 1 of 42 triplets');
  expect(words((await previewSheet([sample], 'All'))())).not.toContain(' triplets ');
});

it('the key of a GAN’s training names what the watchdog saw only where that is drawn', () => {
  const row = { step: 1, discriminator: 1, generator: 2, real: 0, fake: 0 };
  const health = { step: 1, diversity: 1, overfitting: 0.1, distance: 0.1, floor: 0.01 };
  const history = (looks: number) =>
    [1, 2, 3].map((step) => ({
      ...row,
      step,
      ...(step <= looks && { health: { ...health, step } }),
    }));
  expect(ganLearningFigure(history(0))).not.toMatch(/diversity|overfitting/);
  expect(ganLearningFigure(history(2))).toMatch(/diversity.*overfitting/);
});

it('the sheet draws a bar as long as it says in each triplet whose calibration is known', async () => {
  const cell = { pixels: new Uint8Array(3 * 64 * 64), size: 64, caption: ['a'] };
  const cells = [{ ...cell, pixel: 0.04 }, cell, { ...cell, pixel: 0.008 }];
  const sheet = await contactSheet({ title: 'Bars', cells, columns: 3, cellWidth: 300 });
  const svg = sheet();
  const bars = [...svg.matchAll(/class="bar"><rect [^>]*? width="([\d.]+)".*?>([\d.]+) 1\/Å</g)];
  const drawn = bars.map(([, width, length]) => [Number(width) / 100, Number(length)]);
  expect(drawn).toEqual([
    [expect.closeTo(0.5 / (64 * 0.04), 2), 0.5],
    [expect.closeTo(0.1 / (64 * 0.008), 2), 0.1],
  ]);
});

it.each([
  [[1, 1, 0], '110'],
  [[1, -1, 0], '11\u03050'],
  [[-12, 0, 3], '1\u03052\u0305 0 3'],
])('%j is written %s', (indices, text) => {
  expect(indicesText(indices)).toBe(text);
});

it.each([
  ['Ti4 O8', 'TiO\u2082'],
  ['Na4 Cl4', 'NaCl'],
  ['Si8', 'Si'],
  ['Al12 O18', 'Al\u2082O\u2083'],
  ['Y Ba2 Cu3 O7', 'YBa\u2082Cu\u2083O\u2087'],
  ['Ca(OH)2', 'Ca(OH)\u2082'],
  ['C10H10Fe', 'C\u2081\u2080H\u2081\u2080Fe'],
  ['Mg0.5 Fe0.5 O', 'Mg\u2080.\u2085Fe\u2080.\u2085O'],
])('the formula %j is written %s', (formula, text) => {
  expect(formulaText(formula)).toBe(text);
});

it.each([
  [186, 'P6\u2083mc (186)'],
  [225, 'Fm-3m (225)'],
  [164, 'P-3m1 (164)'],
  [62, 'Pnma (62)'],
  [92, 'P4\u20812\u20812 (92)'],
])('space group %i is written %s', (spaceGroup, text) => {
  expect(groupText(spaceGroup)).toBe(text);
});
