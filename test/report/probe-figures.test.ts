import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { PHONE } from '../../src/report/draw/figure.ts';
import {
  crossingFigure,
  movedAtomsFigure,
  stripFigure,
} from '../../src/report/figures/boundary-path.ts';
import { planeFigure } from '../../src/report/figures/boundary-plane.ts';
import {
  embeddingFigure,
  marginFigure,
  pairFigure,
  relationFigure,
} from '../../src/report/figures/boundary-sets.ts';

const PAIR = { spaceGroup: 62, partner: 14 };
const stream = new Stream(4, 'probe figures');
const draws = (count: number, centre: number) => {
  const own = stream.split(`${centre}`);
  return Array.from({ length: count }, () => Number((centre + own.normal()).toFixed(3)));
};

/** Four grid points a side, cut in half between the two classes. */
const plane = () => {
  const x = [0, 1, 2, 3];
  const margin = Float32Array.from({ length: 16 }, (_, i) => 1.5 - (i % 4));
  const region = Uint8Array.from(margin, (m) => (m > 0 ? 0 : 1));
  const other = region.map((v, i) => (i > 13 ? 2 : v));
  return {
    ...{ ...PAIR, x, y: x, agreement: 0.875 },
    points: [
      [0, 0],
      [3, 0],
      [1.5, 2],
    ] as const,
    panels: [
      { name: 'guide', region, margin },
      { name: 'another seed (1)', region: other, margin },
    ],
  };
};

const strip = (
  crossing: number | null,
  leader: { spaceGroup: number; probability: number } | null = null,
) => ({
  leader,
  ...{ ...PAIR, size: 4, crossing, axis: { name: 'share of the way', unit: '' }, verifiers: [] },
  frames: [0, 0.5, 1].map((t) => ({ t, pixels: new Uint8Array(48).fill(255 * t) })),
  curve: [0, 0.5, 1].map((t) => ({
    ...{ t, own: 0.9 - 0.8 * t, partner: 0.05 + 0.8 * t },
    likeliest: t <= 0.5 ? PAIR.spaceGroup : PAIR.partner,
  })),
});

const crossing = {
  ...{ ...PAIR, t: 0.44, axis: { name: 'share of the way', unit: '' } },
  patterns: (
    [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ] as const
  ).map((zone) => ({
    zone,
    reach: 1.2,
    reflections: [
      { hkl: [0, 0, 0] as const, x: 0, y: 0, from: 9, to: 9 },
      { hkl: [2, 0, 0] as const, x: 0.4, y: 0, from: 2, to: 5 },
      { hkl: [0, -1, 0] as const, x: 0, y: -0.3, from: 3, to: 0.1 },
    ],
  })),
  cells: {
    from: [5, 6, 7, 90, 90, 90] as const,
    to: [5, 6.3, 7, 90, 95, 90] as const,
  },
};

const AMPLITUDE = { name: 'amplitude of the distortion', unit: 'angstrom' };

/** The same pair along a distortion: 62 is the supergroup. */
const distorted = {
  ...strip(0.2134),
  ...{ spaceGroup: 14, partner: 62, axis: AMPLITUDE },
  verifiers: [strip(null).curve],
  curve: [0, 0.5, 1].map((t) => ({
    t,
    own: 0.8 * t,
    partner: 0.9 - 0.8 * t,
    likeliest: t ? 14 : 62,
  })),
};

/** The distortion with these classes likeliest at its three points. */
function lasting(middle: number, last: number, first = 62) {
  const likeliest = [first, middle, last];
  return {
    ...distorted,
    curve: distorted.curve.map((at, i) => ({ ...at, likeliest: likeliest[i]! })),
  };
}

const moved = {
  ...{ spaceGroup: 14, partner: 62, t: 0.2134, zone: [0, 1, 0] as const },
  edges: [
    [
      [0, 0],
      [5, 0],
    ],
    [
      [0, 0],
      [0, 4],
    ],
  ] as const,
  atoms: [
    { element: 'Fe', at: [1, 1] as const, move: [0.2, 0] as const, length: 0.2134 },
    { element: 'O', at: [3, 2] as const, move: [0, 0] as const, length: 0.1 },
  ],
};

const related = { tried: 6, unseen: 0, seenAtOnce: 0 };
const relations = [
  { ...related, spaceGroup: 14, from: 62, crossed: 4, amplitude: 0.21 },
  { ...related, spaceGroup: 14, from: 136, crossed: 0, amplitude: null, unseen: 5 },
  { ...related, spaceGroup: 2, from: 62, crossed: 0, amplitude: null, seenAtOnce: 4 },
];

const FIGURES: Record<string, (width?: number) => string | Promise<string>> = {
  plane: (width) => planeFigure(plane(), width),
  strip: async (width) => (await stripFigure(strip(0.53)))(width),
  margins: (width) =>
    marginFigure(
      {
        ...PAIR,
        real: draws(20, 4),
        realPartner: draws(18, -3),
        random: draws(12, 2),
        boundary: draws(12, 0.1),
        boundaryElsewhere: draws(12, 0.6),
      },
      width,
    ),
  pairs: (width) =>
    pairFigure(
      [
        { spaceGroup: 62, partner: 14, confusion: 0.4, accepted: 12 },
        { spaceGroup: 62, partner: 33, confusion: 0.1, accepted: null },
        { spaceGroup: 33, partner: 62, confusion: 0.002, accepted: null },
      ],
      width,
    ),
  embedding: (width) =>
    embeddingFigure(
      {
        ...PAIR,
        kept: [0.6, 0.21],
        points: (['real', 'real partner', 'random', 'boundary'] as const).map((kind, i) => ({
          kind,
          x: i,
          y: 2 - i,
        })),
      },
      width,
    ),
  crossing: (width) => crossingFigure(crossing, width),
  distorted: async (width) => (await stripFigure(distorted))(width),
  atoms: (width) => movedAtomsFigure(moved, width),
  map: (width) => relationFigure(relations, width),
};

describe.each(Object.keys(FIGURES))('the figure %s', (name) => {
  it('is drawn as it was', async () => {
    await expect(await FIGURES[name]!()).toMatchFileSnapshot(`snapshots/probe-${name}.svg`);
  });

  it('can be read alone: title, both space groups, named axes', async () => {
    const svg = await FIGURES[name]!();
    for (const group of ['62', '14']) expect(svg).toContain(group);
    expect(svg).toMatch(/^<svg/);
    expect(svg).toMatch(/<text[^>]*font-weight="(bold|600|700)"/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('is laid out anew for a phone, with all that the wide one shows', async () => {
    const [wide, narrow] = [await FIGURES[name]!(), await FIGURES[name]!(PHONE)];
    expect(narrow).toContain(`width="${PHONE}"`);
    const widths = [...narrow.matchAll(/<svg[^>]* width="([\d.]+)"/g)].map(([, w]) => Number(w));
    expect(Math.max(...widths)).toBe(PHONE);
    for (const mark of ['<circle', '<rect', '<image']) {
      expect(narrow.split(mark).length, mark).toBe(wide.split(mark).length);
    }
    expect(narrow).not.toMatch(/NaN|undefined|Infinity/);
  });
});

it.each<[string, Parameters<typeof stripFigure>[0], string]>([
  ['stays', lasting(14, 14), 'takes it for 14 from 0.213 angstrom on (dashed)<'],
  [
    'goes to a third class',
    lasting(14, 15),
    'takes it for 14 from 0.213 angstrom on (dashed), but for 15 from 1.000 angstrom on',
  ],
  [
    'was there for a moment',
    lasting(15, 15),
    'finds 14 likeliest at 0.213 angstrom only (dashed); it takes it for 15 from 0.500 angstrom on',
  ],
  [
    'was there from the start',
    { ...lasting(14, 14, 14), crossing: null },
    'takes it for 14 on all of this path',
  ],
  ['never was there', { ...lasting(15, 15), crossing: null }, 'does not change to 14 on this path'],
  [
    'was crossed between the points of the search',
    { ...strip(null), curve: strip(null).curve },
    'the search found no crossing of the two on this path',
  ],
  [
    'was never crossed',
    { ...strip(null), curve: strip(null).curve.slice(0, 2) },
    'the probabilities of the two do not cross on this path',
  ],
])('the strip follows its curve where the class %s', async (_, data, text) => {
  expect((await stripFigure(data))()).toContain(text);
});

it('says in words what the pictures show', async () => {
  expect(await FIGURES.plane!()).toContain('agree on 88 %');
  expect((await stripFigure(strip(0.5)))()).toContain('both equally probable at t* = 0.500');
  expect((await stripFigure(strip(0.387, { spaceGroup: 15, probability: 0.64 })))()).toContain(
    'a third class leads there: 15, p = 0.64',
  );
  expect((await stripFigure(distorted))()).toContain('takes it for 14 from 0.213 angstrom on');
  expect(crossingFigure({ ...crossing, axis: AMPLITUDE })).toContain('at 0.440 angstrom');
  expect(movedAtomsFigure(moved)).toContain('1 of 2 atoms of the cell move');
  expect(relationFigure(relations)).toContain('3 pairs, 4 of 18 distortions');
  expect(crossingFigure(crossing)).toContain('b 6.00 → 6.30 Å, beta 90.00 → 95.00°');
  expect(
    pairFigure([
      { ...PAIR, confusion: 0.001, accepted: null },
      { ...PAIR, partner: 33, confusion: 0.2, accepted: 3 },
    ]),
  ).not.toMatch(/>14</);
});

it('colours a reflection that grows orange and one that fades violet, as its words say', () => {
  const only = (from: number, to: number) =>
    crossingFigure({
      ...crossing,
      patterns: crossing.patterns.map((one) => ({
        ...one,
        reflections: [{ hkl: [2, 0, 0] as const, x: 0.4, y: 0, from, to }],
      })),
    });
  const redOverBlue = (svg: string) => {
    const [, red, , blue] = svg.match(/fill="rgb\((\d+), (\d+), (\d+)\)"/)!;
    return Number(red) - Number(blue);
  };
  expect(only(2, 5)).toContain('orange: the reflection grows brighter');
  expect(redOverBlue(only(2, 5))).toBeGreaterThan(50);
  expect(redOverBlue(only(5, 2))).toBeLessThan(-20);
});
