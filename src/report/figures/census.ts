import * as Plot from '@observablehq/plot';
import { counted } from '../../common/log.ts';
import { crystalSystem } from '../../crystal/spacegroup.ts';
import {
  BANDS_TEXT,
  type Band,
  bandOf,
  type Census,
  FEW_BELOW,
  learnableMaterials,
  MANY_ABOVE,
} from '../../dataset/census.ts';
import type { BandExample } from '../../dataset/inspect/inspect.ts';
import { SPLITS } from '../../dataset/split.ts';
import type { Camera } from '../../simulate/camera.ts';
import { type Drawing, figure, type Key, PALETTE, SYSTEM_COLOURS } from '../draw/figure.ts';
import { formulaText, groupText, zonesText } from '../draw/notation.ts';
import { contactSheet } from '../draw/sheet.ts';

/** What the materials of a class are called: those it can be learned from. */
const labelOf = (census: Census): string =>
  SPLITS.some((split) => census.bySplit[split].samples > 0) ? 'training materials' : 'materials';

const systemKeys = (census: Census): Key[] => {
  const present = new Set(census.classes.map((one) => crystalSystem(one.spaceGroup)));
  return Object.entries(SYSTEM_COLOURS)
    .filter(([system]) => present.has(system as ReturnType<typeof crystalSystem>))
    .map(([label, colour]) => ({ label, colour }));
};

const colourOf = (spaceGroup: number): string => SYSTEM_COLOURS[crystalSystem(spaceGroup)]!;

const BANDS = [
  { name: 'many', low: MANY_ABOVE, high: Number.POSITIVE_INFINITY, fill: '#eef4f9' },
  { name: 'medium', low: FEW_BELOW, high: MANY_ABOVE, fill: '#f7f7ee' },
  { name: 'few', low: 0, high: FEW_BELOW, fill: '#fbeeee' },
];

/**
 * How many materials each space group can be learned from: sorted, on a logarithmic scale, coloured
 * by crystal system, with the bands many, medium and few.
 */
export function classHistogram(census: Census, width?: number): string {
  const [label, count] = [labelOf(census), learnableMaterials];
  const sorted = [...census.classes].sort(
    (a, b) => count(b) - count(a) || a.spaceGroup - b.spaceGroup,
  );
  const bars = sorted.map((one, rank) => ({
    left: rank + 0.08,
    right: rank + 0.92,
    middle: rank + 0.5,
    count: Math.max(count(one), FLOOR),
    spaceGroup: one.spaceGroup,
    fill: colourOf(one.spaceGroup),
  }));
  const top = 1.6 * Math.max(...bars.map((bar) => bar.count));
  const across = width ?? Math.max(760, Math.min(1300, 90 + 14 * bars.length));
  // As many numbers below the bars as can stand there side by side.
  const every = Math.max(1, Math.ceil((11 * bars.length) / (across - 122)));
  const labelled = bars.filter((_, i) => i % every === 0);
  const bands = BANDS.filter((band) => band.low < top).map((band) => ({
    ...band,
    bottom: Math.max(FLOOR, band.low),
    top: Math.min(top, band.high),
  }));
  const shown = sorted.map(count).filter((value) => value > 0);
  const ratio = `${(Math.max(...shown) / Math.min(...shown)).toFixed(0)} to 1 from largest to smallest`;
  const none = census.empty.length > 0 ? `; ${census.empty.length} of 230 groups have none` : '';
  return figure(
    {
      title: `${label[0]!.toUpperCase()}${label.slice(1)} of each space group: ${shown.length > 0 ? ratio : 'there are none'}`,
      subtitle: `${census.samples} samples in all, of ${census.materials} materials in ${census.classes.length} space groups${none}; logarithmic scale; bands ${BANDS_TEXT}`,
    },
    {
      width: across,
      height: 400,
      marginLeft: 60,
      marginRight: 62,
      marginBottom: 56,
      x: { domain: [0, bars.length], axis: null },
      y: { type: 'log', domain: [FLOOR, top], label, grid: false, tickFormat: wholeTick },
      marks: [
        Plot.rect(bands, { x1: 0, x2: bars.length, y1: 'bottom', y2: 'top', fill: 'fill' }),
        Plot.text(bands, {
          x: bars.length,
          y: (band: { bottom: number; top: number }) => Math.sqrt(band.bottom * band.top),
          text: 'name',
          textAnchor: 'start',
          dx: 6,
          fontWeight: 'bold',
          fill: '#555',
        }),
        Plot.rect(bars, { x1: 'left', x2: 'right', y1: FLOOR, y2: 'count', fill: 'fill' }),
        Plot.text(labelled, {
          x: 'middle',
          y: FLOOR,
          text: 'spaceGroup',
          rotate: -90,
          textAnchor: 'end',
          dy: 4,
          fontSize: 9,
        }),
        Plot.text(['space group, most frequent first'], {
          frameAnchor: 'bottom',
          dy: 44,
          fill: '#333',
        }),
      ],
    },
    systemKeys(census),
    width,
  );
}

/** Counts are whole: ticks between them stay without a number. */
const wholeTick = (value: number): string => (Number.isInteger(value) ? String(value) : '');

// Bars of one sample must still be seen on the logarithmic scale.
const FLOOR = 0.5;

/**
 * Samples against materials of each space group: how far the samples are repeats of few
 * materials. Points on the line have one sample a material.
 */
export function samplesAgainstMaterials(census: Census): string {
  const points = census.classes.map((one) => ({ ...one, fill: colourOf(one.spaceGroup) }));
  const most = 1.5 * Math.max(...points.map((one) => one.samples));
  const widest = 1.5 * Math.max(...points.map((one) => one.materials));
  const each = census.samples / census.materials;
  const line = [1, widest].map((materials) => ({ materials, samples: materials }));
  // The largest class, and those whose materials come in more samples than usual.
  const repeated = points.filter((one) => one.samples / one.materials > 2 * each);
  const largest = points.reduce((best, one) => (one.materials > best.materials ? one : best));
  const named = new Set([largest, ...repeated.slice(0, 6)]);
  return figure(
    {
      title: 'Samples against materials of each space group',
      subtitle: `${each.toFixed(1)} samples a material on average; samples of one material are near-duplicates, so classes are as rare as their materials`,
    },
    {
      width: 760,
      height: 440,
      marginLeft: 60,
      marginRight: 30,
      x: {
        type: 'log',
        domain: [0.8, widest],
        label: 'materials',
        grid: true,
        tickFormat: wholeTick,
      },
      y: { type: 'log', domain: [0.8, most], label: 'samples', grid: true, tickFormat: wholeTick },
      marks: [
        Plot.line(line, { x: 'materials', y: 'samples', stroke: '#999', strokeDasharray: '4 3' }),
        Plot.dot(points, { x: 'materials', y: 'samples', fill: 'fill', r: 4, fillOpacity: 0.8 }),
        Plot.text([...named], {
          x: 'materials',
          y: 'samples',
          text: 'spaceGroup',
          dy: -9,
          fontSize: 10,
        }),
      ],
    },
    systemKeys(census),
  );
}

const FRAMES: Record<Band, string> = { many: PALETTE[0], medium: PALETTE[4], few: PALETTE[1] };

/** One triplet of some classes of each rarity band, from many to few; frames tell the band. */
export const exampleSheet = (
  examples: readonly BandExample[],
  { size, pixel }: Pick<Camera, 'size' | 'pixel'>,
): Promise<Drawing> =>
  contactSheet({
    title: 'Examples from frequent to rare space groups',
    subtitle: `three zone axes each, grey = logarithm of the intensity; frames blue, amber and vermilion ${BANDS_TEXT}`,
    columns: 4,
    cells: examples.map(({ spaceGroup, material, formula, zones, count, pixels }) => ({
      pixels,
      size,
      pixel,
      frame: FRAMES[bandOf(count)],
      caption: [
        `${formula ? formulaText(formula) : '?'} · ${material}`.slice(0, 46),
        `${groupText(spaceGroup)}, ${crystalSystem(spaceGroup)}, ${counted(count, 'material')}`,
        zonesText(zones),
      ],
    })),
  });
