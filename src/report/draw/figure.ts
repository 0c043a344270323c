import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/**
 * Colours that colour-blind readers tell apart (Okabe and Ito 2008), in the order they are used.
 */
export const PALETTE = [
  '#0072B2',
  '#D55E00',
  '#009E73',
  '#CC79A7',
  '#E69F00',
  '#56B4E9',
  '#999999',
  '#000000',
] as const;

const [BLUE, ORANGE, GREEN] = PALETTE;

/** What a colour means, in every figure: the words in texts and keys are those of this table. */
export const COLOURS = {
  helped: GREEN,
  hurt: ORANGE,
  undecided: '#777777',
  accepted: GREEN,
  rejected: ORANGE,
  real: BLUE,
  synthetic: ORANGE,
  leftOut: '#CFE0EC',
  reference: '#999999',
} as const;

/** Crystal systems from low to high symmetry, each with its colour in every figure. */
export const SYSTEM_COLOURS: Readonly<Record<string, string>> = {
  triclinic: '#000000',
  monoclinic: '#E69F00',
  orthorhombic: '#56B4E9',
  tetragonal: '#009E73',
  trigonal: '#CC79A7',
  hexagonal: '#0072B2',
  cubic: '#D55E00',
};

/** Room for a figure on a phone of 390 pixels, between the margins of a page. */
export const PHONE = 358;

/** Whether a figure of this width has no room beside its bars for names. */
export const isNarrow = (width: number): boolean => width < 520;

/**
 * A figure by the width that it may take, in pixels; its own where none is given. A narrow one is laid
 * out anew, with all of its range: text keeps its size.
 */
export type Drawing = (width?: number) => string;

/** Fonts of every figure. */
export const FONT = 'DejaVu Sans, Helvetica, Arial, sans-serif';

export interface FigureText {
  title: string;
  subtitle?: string;
  caption?: string;
}

/** Text made safe inside SVG. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A line of text at a place in the figure. */
const line = (text: string, x: number, y: number, style: string): string =>
  `<text x="${x}" y="${y}" font-family="${FONT}" ${style}>${escaped(text)}</text>`;

/** The inner SVG of an Observable Plot, with its own size. */
function plotSvg(options: Plot.PlotOptions): { svg: string; width: number; height: number } {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const node = Plot.plot({
    ...options,
    document: document as unknown as Document,
    figure: false,
  } as Plot.PlotOptions);
  const element = node as unknown as Element;
  element.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  element.setAttribute('xmlns:xlink', 'http://www.w3.org/1999/xlink');
  return {
    svg: element.outerHTML,
    width: Number(element.getAttribute('width')),
    height: Number(element.getAttribute('height')),
  };
}

/** Colour keys drawn below a title: one swatch and word each. */
export interface Key {
  label: string;
  colour: string;
}

/** Pixels between rows of keys. */
const KEY_PITCH = 18;

/** Keys in rows that fit a width; `y` is where the first row stands. */
function keyRows(keys: readonly Key[], width: number): { rows: number; at(y: number): string } {
  let [x, row] = [16, 0];
  const places = keys.map((key) => {
    const wide = 32 + key.label.length * 7;
    if (x > 16 && x + wide - 16 > width) [x, row] = [16, row + 1];
    const place = { ...key, x, row };
    x += wide;
    return place;
  });
  const drawn = (top: number) =>
    places.map(({ label, colour, x: left, row: at }) => {
      const y = top + KEY_PITCH * at;
      return `<rect x="${left}" y="${y - 9}" width="11" height="11" fill="${colour}"/>${line(label, left + 16, y, 'font-size="12" fill="#333"')}`;
    });
  return { rows: keys.length ? row + 1 : 0, at: (y) => drawn(y).join('') };
}

/**
 * A finished figure: title, subtitle, colour key, one or more plots side by side, caption.
 * White background, so that it reads the same in a paper and on a dark page.
 *
 * @param width what it may take: plots that do not fit beside each other stand one below the other.
 */
export function figure(
  text: FigureText,
  plots: Plot.PlotOptions | readonly Plot.PlotOptions[],
  keys: readonly Key[] = [],
  width?: number,
): string {
  const panels = (Array.isArray(plots) ? plots : [plots]).map((options) =>
    plotSvg({
      marginBottom: 42,
      style: { fontFamily: FONT, fontSize: '12px', background: 'white' } as never,
      ...options,
    }),
  );
  return compose(text, panels, keys, width);
}

/** Text cut into lines that fit a width, at about so many pixels a character. */
export function linesOfText(
  text: string | undefined,
  width: number,
  perCharacter: number,
): string[] {
  if (!text) return [];
  const most = Math.max(20, Math.floor((width - 24) / perCharacter));
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

const TITLE = { pitch: 20, character: 9.9, style: 'font-size="16" font-weight="bold" fill="#111"' };
/** Pixels between lines of the subtitle and of the caption, and of a character of each. */
const SUBTITLE = { pitch: 16, character: 6.7, style: 'font-size="12" fill="#555"' };
const CAPTION = { pitch: 15, character: 6.1, style: 'font-size="11" fill="#555"' };

/** Any SVG panels under one title, key and caption; long lines are broken. */
export function compose(
  text: FigureText,
  panels: readonly { svg: string; width: number; height: number }[],
  keys: readonly Key[] = [],
  most?: number,
): string {
  const across = panels.reduce((sum, panel) => sum + panel.width, 0);
  const stacked = most !== undefined && across > most;
  const widest = stacked ? Math.max(...panels.map((panel) => panel.width)) : across;
  const width = Math.max(widest, Math.min(24 + TITLE.character * text.title.length, most ?? 1e9));
  const heading = linesOfText(text.title, width, TITLE.character);
  const under = linesOfText(text.subtitle, width, SUBTITLE.character);
  const below = linesOfText(text.caption, width, CAPTION.character);
  const row = keyRows(keys, width);
  const titleEnd = 10 + TITLE.pitch * heading.length;
  const subtitleEnd = titleEnd + (under.length ? 4 + SUBTITLE.pitch * under.length : 0);
  const top = subtitleEnd + (row.rows ? 4 + KEY_PITCH * row.rows : 0);
  const heights = panels.map((panel) => panel.height);
  const panelsEnd =
    top + (stacked ? heights.reduce((sum, height) => sum + height, 0) : Math.max(...heights));
  const height = panelsEnd + (below.length ? 11 + CAPTION.pitch * below.length : 8);
  let [x, y] = [0, top];
  const placed = panels.map((panel) => {
    const part = panel.svg.replace('<svg', `<svg x="${x}" y="${y}"`);
    if (stacked) y += panel.height;
    else x += panel.width;
    return part;
  });
  const head = [
    ...heading.map((part, i) => line(part, 16, 22 + TITLE.pitch * i, TITLE.style)),
    ...under.map((part, i) => line(part, 16, titleEnd + 12 + SUBTITLE.pitch * i, SUBTITLE.style)),
    row.at(subtitleEnd + 14),
    ...below.map((part, i) => line(part, 16, panelsEnd + 17 + CAPTION.pitch * i, CAPTION.style)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="white"/>${head.join('')}${placed.join('')}</svg>`;
}
