import { barLength } from './notation.ts';
import { dataUrl, type Picture } from './raster.ts';

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

/** Stored values seldom pass 150; pictures show them brighter by this much. */
const DISPLAY_GAIN = 1.7;

/** The three patterns of a triplet side by side as one grey picture, brightened for the eye. */
export function tripletPicture(pixels: Uint8Array, size: number): Picture {
  const gap = 2;
  const width = 3 * size + 2 * gap;
  const data = new Uint8Array(width * size).fill(255);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      for (let zone = 0; zone < 3; zone++) {
        const value = DISPLAY_GAIN * pixels[(row * size + column) * 3 + zone]!;
        data[row * width + zone * (size + gap) + column] = Math.min(255, value);
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

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

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

/**
 * A contact sheet as SVG: triplets in rows under one title, each with its scale bar and caption. The grey is
 * the stored log intensity, black = below the floor.
 */
export async function contactSheet(options: {
  title: string;
  subtitle?: string;
  cells: readonly SheetCell[];
  columns: number;
  /** Width of one triplet in the sheet, in pixels. */
  cellWidth?: number;
}): Promise<string> {
  const { title, subtitle, cells, columns, cellWidth = 288 } = options;
  const lines = Math.max(0, ...cells.map((cell) => cell.caption.length));
  const imageHeight = Math.round(cellWidth / 3);
  const pitchX = cellWidth + 20;
  const pitchY = imageHeight + 18 + lines * 15;
  const top = subtitle ? 62 : 42;
  const width = Math.max(20 + columns * pitchX, 32 + title.length * 9);
  const height = top + Math.ceil(cells.length / columns) * pitchY + 8;
  const parts = await Promise.all(
    cells.map(async (cell, i) => {
      const x = 20 + (i % columns) * pitchX;
      const y = top + Math.floor(i / columns) * pitchY;
      const url = await dataUrl(
        tripletPicture(cell.pixels, cell.size),
        Math.max(1, Math.round(imageHeight / cell.size)),
      );
      const frame = cell.frame
        ? `<rect x="${x - 3}" y="${y - 3}" width="${cellWidth + 6}" height="${imageHeight + 6}" fill="none" stroke="${cell.frame}" stroke-width="3"/>`
        : '';
      const caption = cell.caption.map(
        (text, n) =>
          `<text x="${x}" y="${y + imageHeight + 15 + n * 15}" font-size="12" fill="${n === 0 ? '#111' : '#555'}">${escaped(text)}</text>`,
      );
      return `${frame}<image x="${x}" y="${y}" width="${cellWidth}" height="${imageHeight}" href="${url}" preserveAspectRatio="none"/>${scaleBar(cell, { x, y, side: imageHeight })}${caption.join('')}`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif"><rect width="100%" height="100%" fill="white"/><text x="20" y="26" font-size="16" font-weight="bold" fill="#111">${escaped(title)}</text>${subtitle ? `<text x="20" y="46" font-size="12" fill="#555">${escaped(subtitle)}</text>` : ''}${parts.join('')}</svg>`;
}
