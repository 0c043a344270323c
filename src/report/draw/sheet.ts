import { compose, type Drawing, escaped, FONT, isNarrow, linesOfText } from './figure.ts';
import { barLength } from './notation.ts';
import { brightened, dataUrl, type Picture } from './raster.ts';

/** One cell of a contact sheet: a triplet and what to write under it. */
export interface SheetCell {
  /** (size, size, 3) uint8 pixels, one channel a zone axis. */
  pixels: Uint8Array;
  size: number;
  /** Reciprocal size of a pixel, 1/angstrom: draws a scale bar; none where it is not known. */
  pixel?: number;
  /** Lines below the patterns. */
  caption: readonly string[];
  /** Colour of the frame, where it means something. */
  frame?: string;
}

/** The three patterns of a triplet side by side as one grey picture, brightened for the eye. */
export function tripletPicture(pixels: Uint8Array, size: number): Picture {
  const gap = 2;
  const width = 3 * size + 2 * gap;
  const data = new Uint8Array(width * size).fill(255);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      for (let zone = 0; zone < 3; zone++) {
        const value = pixels[(row * size + column) * 3 + zone]!;
        data[row * width + zone * (size + gap) + column] = brightened(value);
      }
    }
  }
  return { width, height: size, channels: 1, data };
}

/** A place of a sheet that stays white, with what stands below it. */
export const blankCell = (size: number, ...caption: string[]): SheetCell => ({
  pixels: new Uint8Array(3 * size * size).fill(255),
  size,
  caption,
});

/** A white bar of a round length, and that length, at the lower left of the first pattern of a cell. */
function scaleBar({ size, pixel }: SheetCell, at: { x: number; y: number; side: number }): string {
  if (pixel === undefined) return '';
  const { x, y, side } = at;
  const length = barLength(size * pixel);
  const width = ((length / (size * pixel)) * side).toFixed(1);
  // Written small and edged in black: it stands on discs.
  return (
    `<g class="bar"><rect x="${x + 5}" y="${y + side - 7}" width="${width}" height="2.5" fill="white" stroke="black" stroke-width="0.6"/>` +
    `<text x="${x + 5}" y="${y + side - 10}" font-size="9" fill="white" stroke="black" stroke-width="2" paint-order="stroke">${length} 1/Å</text></g>`
  );
}

/** Pixels between cells, between lines of a caption, and of a character of one. */
const GAP = 20;
const LINE = 15;
const CHARACTER = 6.7;

/**
 * A contact sheet: triplets in rows under one title, each with its scale bar and caption. The grey is the
 * stored log intensity, black = below the floor. Where the columns do not fit there are fewer, on a phone one.
 */
export async function contactSheet(options: {
  title: string;
  subtitle?: string;
  cells: readonly SheetCell[];
  columns: number;
  /** Width of one triplet in the sheet, in pixels. */
  cellWidth?: number;
}): Promise<Drawing> {
  const { title, subtitle, cells, cellWidth = 288 } = options;
  const enlarged = (size: number): number => Math.max(1, Math.round(cellWidth / 3 / size));
  const pictures = await Promise.all(
    cells.map(({ pixels, size }) => dataUrl(tripletPicture(pixels, size), enlarged(size))),
  );
  const all = cells.map((cell, i) => ({ ...cell, url: pictures[i]! }));
  return (most = 1e9) => {
    const side = isNarrow(most) ? most - 2 * GAP : Math.min(cellWidth, most - 2 * GAP);
    const fitting = Math.max(1, Math.floor((most - GAP) / (side + GAP)));
    const columns = Math.min(options.columns, fitting);
    // Places that only keep the columns apart are none where these are not kept.
    const shown =
      columns === options.columns ? all : all.filter(({ caption }) => caption.length > 0);
    return compose({ title, subtitle }, [cellsPanel(shown, columns, side)], [], most);
  };
}

/** Cells of a sheet in columns, each `side` pixels wide. */
function cellsPanel(
  cells: readonly (SheetCell & { url: string })[],
  columns: number,
  side: number,
) {
  const imageHeight = Math.round(side / 3);
  const captions = cells.map(({ caption }) =>
    caption.flatMap((text, n) =>
      linesOfText(text, side + GAP + 24, CHARACTER).map((line) => ({ line, first: n === 0 })),
    ),
  );
  const lines = Math.max(0, ...captions.map(({ length }) => length));
  const pitch = { x: side + GAP, y: imageHeight + 18 + lines * LINE };
  const parts = cells.map((cell, i) => {
    const x = GAP + (i % columns) * pitch.x;
    const y = 10 + Math.floor(i / columns) * pitch.y;
    const frame = cell.frame
      ? `<rect x="${x - 3}" y="${y - 3}" width="${side + 6}" height="${imageHeight + 6}" fill="none" stroke="${cell.frame}" stroke-width="3"/>`
      : '';
    const caption = captions[i]!.map(
      ({ line, first }, n) =>
        `<text x="${x}" y="${y + imageHeight + LINE * (n + 1)}" font-size="12" fill="${first ? '#111' : '#555'}">${escaped(line)}</text>`,
    );
    return `${frame}<image x="${x}" y="${y}" width="${side}" height="${imageHeight}" href="${cell.url}" preserveAspectRatio="none"/>${scaleBar(cell, { x, y, side: imageHeight })}${caption.join('')}`;
  });
  const width = GAP + columns * pitch.x;
  const height = 10 + Math.ceil(cells.length / columns) * pitch.y;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${FONT}">${parts.join('')}</svg>`;
  return { svg, width, height };
}
