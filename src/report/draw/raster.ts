import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { atomically, writeAtomic } from '../../common/files.ts';
import { packageRoot } from '../../common/paths.ts';
import { type Drawing, PHONE } from './figure.ts';

/** How the file of a figure laid out for a phone ends, beside that of the figure itself. */
export const PHONE_ENDING = '-phone.svg';

/**
 * Writes a figure as `path`.svg and, rasterised at twice its size, as `path`.png; one that can be laid out
 * for a phone also as `path`-phone.svg, which a page of the run shows there.
 */
export async function writeFigure(
  path: string,
  image: string | Drawing,
): Promise<{ svg: string; png: string }> {
  const stem = path.replace(/\.(svg|png)$/, '');
  const svg = typeof image === 'string' ? image : image();
  writeAtomic(`${stem}.svg`, svg);
  if (typeof image !== 'string') writeAtomic(`${stem}${PHONE_ENDING}`, image(PHONE));
  const png = await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
  writeAtomic(`${stem}.png`, png);
  return { svg: `${stem}.svg`, png: `${stem}.png` };
}

const RASTERISE = `import sharp from 'sharp';
const [svg, png] = process.argv.slice(1);
await sharp(svg, { density: 144 }).png().toFile(png);`;

/**
 * The same, rasterised in a process of its own: each of many leaves some megabytes in pieces (about 8
 * a sheet of samples), which a training of many thousand steps would add up.
 */
export async function writeFigureApart(
  path: string,
  svg: string,
): Promise<{ svg: string; png: string }> {
  const stem = path.replace(/\.(svg|png)$/, '');
  writeAtomic(`${stem}.svg`, svg);
  try {
    await atomically(`${stem}.png`, async (temporary) => {
      const args = ['--input-type=module', '-e', RASTERISE, `${stem}.svg`, temporary];
      await promisify(execFile)(process.execPath, args, { cwd: packageRoot });
    });
    return { svg: `${stem}.svg`, png: `${stem}.png` };
  } catch {
    return writeFigure(path, svg); // Ctrl-C reaches that process too
  }
}

/** Stored values seldom pass 150; pictures show them brighter by this much. */
const DISPLAY_GAIN = 1.7;

/** The grey level that a picture shows for a stored value. */
export const brightened = (value: number): number => Math.min(255, DISPLAY_GAIN * value);

/** An 8-bit grey or RGB picture, rows from the top. */
export interface Picture {
  width: number;
  height: number;
  /** 1 (grey) or 3 (RGB) values a pixel. */
  channels: 1 | 3;
  data: Uint8Array;
}

const asSharp = (picture: Picture): Sharp =>
  sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: picture.channels },
  });

/** A picture as PNG bytes, each pixel enlarged `scale` times without smoothing. */
const pngOf = (picture: Picture, scale = 1): Promise<Buffer> =>
  asSharp(picture)
    .resize(picture.width * scale, picture.height * scale, { kernel: 'nearest' })
    .png()
    .toBuffer();

/** A picture as a data URL, for embedding in an SVG or a page. */
export const dataUrl = async (picture: Picture, scale = 1): Promise<string> =>
  `data:image/png;base64,${(await pngOf(picture, scale)).toString('base64')}`;

/** Writes a picture as PNG. */
export const writePng = (path: string, picture: Picture, scale = 1): Promise<void> =>
  atomically(path, async (temporary) => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(temporary, await pngOf(picture, scale));
  });
