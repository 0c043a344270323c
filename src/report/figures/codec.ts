import { compose } from '../draw/figure.ts';
import { brightened, dataUrl } from '../draw/raster.ts';

/** One pattern beside its rendering from discs. */
export interface CodecRow {
  /** Lines to the left: which sample, which pattern. */
  label: readonly string[];
  size: number;
  /** (size, size) stored values. */
  measured: Uint8Array;
  drawn: Uint8Array;
  /** Disc centres (column, row), radius in pixels, and what is written in a disc. */
  discs: readonly { column: number; row: number; text: string; lit: boolean }[];
  radius: number;
}

const PANEL = 232;
const GAP = 12;
const LEFT = 170;
/** Grey levels of difference that show as full red or blue. */
const DIFFERENCE_RANGE = 30;

const grey = (values: Uint8Array): Uint8Array => values.map(brightened);

/** Measured minus drawn: red where the discs fall short, blue where they draw too much. */
function difference(measured: Uint8Array, drawn: Uint8Array): Uint8Array {
  const out = new Uint8Array(3 * measured.length);
  measured.forEach((value, at) => {
    const away = Math.max(-1, Math.min(1, (value - drawn[at]!) / DIFFERENCE_RANGE));
    const fade = Math.round(255 * (1 - Math.abs(away)));
    out.set(away > 0 ? [255, fade, fade] : [fade, fade, 255], 3 * at);
  });
  return out;
}

const image = (url: string, x: number): string =>
  `<image x="${x}" y="0" width="${PANEL}" height="${PANEL}" href="${url}" image-rendering="pixelated"/>`;

/** Circles around the discs; those in the middle carry their indices. */
function overlay({ size, discs, radius }: CodecRow, x: number): string {
  const scale = PANEL / size;
  const parts = discs.map(({ column, row, text, lit }) => {
    const [cx, cy, r] = [(column + 0.5) * scale, (row + 0.5) * scale, radius * scale];
    if (cx < 0 || cy < 0 || cx > PANEL || cy > PANEL) return '';
    const colour = lit ? '#56B4E9' : '#E69F00';
    const ring = `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="${r.toFixed(1)}" fill="none" stroke="${colour}" stroke-width="1"${lit ? '' : ' stroke-dasharray="2 2"'}/>`;
    if (r < 9) return ring;
    return `${ring}<text x="${cx.toFixed(1)}" y="${(cy + 3).toFixed(1)}" font-size="8" text-anchor="middle" fill="#fff">${text}</text>`;
  });
  return `<svg x="${x}" y="0" width="${PANEL}" height="${PANEL}">${parts.join('')}</svg>`;
}

async function rowSvg(row: CodecRow): Promise<string> {
  const { size, measured, drawn } = row;
  const picture = (channels: 1 | 3, data: Uint8Array) =>
    dataUrl({ width: size, height: size, channels, data });
  const shown = await picture(1, grey(measured));
  const panels = [
    shown,
    await picture(1, grey(drawn)),
    await picture(3, difference(measured, drawn)),
    shown,
  ];
  const images = panels.map((url, i) => image(url, LEFT + i * (PANEL + GAP)));
  const label = row.label.map(
    (text, i) =>
      `<text x="16" y="${24 + 17 * i}" font-size="12" fill="${i === 0 ? '#111' : '#555'}">${text}</text>`,
  );
  return `${label.join('')}${images.join('')}${overlay(row, LEFT + 3 * (PANEL + GAP))}`;
}

/**
 * Patterns, one a row: measured, drawn from discs, their difference, and the discs found with their
 * indices (dashed where no light was found).
 */
export async function codecSheet(title: string, rows: readonly CodecRow[]): Promise<string> {
  const heads = ['measured', 'drawn from discs', 'difference', 'discs'].map(
    (text, i) =>
      `<text x="${LEFT + i * (PANEL + GAP)}" y="14" font-size="13" fill="#333">${text}</text>`,
  );
  const parts = await Promise.all(rows.map(rowSvg));
  const width = LEFT + 4 * (PANEL + GAP);
  const height = 24 + rows.length * (PANEL + GAP);
  const placed = parts.map(
    (part, i) => `<g transform="translate(0 ${24 + i * (PANEL + GAP)})">${part}</g>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">${heads.join('')}${placed.join('')}</svg>`;
  const caption = `difference: red where discs fall short, blue where they draw too much, full colour at ${DIFFERENCE_RANGE} grey levels`;
  return compose({ title, caption }, [{ svg, width, height }]);
}
