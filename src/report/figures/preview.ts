import { centring } from '../../crystal/spacegroup.ts';
import { type ZoneFrame, zoneFrame } from '../../crystal/zone.ts';
import { pixelOf, toPixels } from '../../dataset/intensity/transform.ts';
import { zonesByGroup } from '../../dataset/store/simulation.ts';
import type { Store } from '../../dataset/store/store.ts';
import type { Camera } from '../../simulate/camera.ts';
import { wavelength } from '../../simulate/electron.ts';
import type { Sample } from '../../simulate/sample.ts';
import type { Drawing } from '../draw/figure.ts';
import {
  barLength,
  formulaOfCif,
  formulaText,
  groupText,
  indicesText,
  zonesText,
} from '../draw/notation.ts';
import { brightened, dataUrl } from '../draw/raster.ts';
import { contactSheet, type SheetCell } from '../draw/sheet.ts';

const beamText = (sample: Sample): string =>
  `${groupText(sample.spaceGroup)} · ${sample.energy} kV` +
  (sample.thickness === null ? '' : ` · ${sample.thickness} Å`);

/** Triplets on a sheet of samples at most. */
const SHEET = 24;

/**
 * A contact sheet of simulated triplets: log intensity, formula, group and zone axes below each.
 *
 * @param of triplets that these were taken from.
 */
export function previewSheet(
  samples: readonly Sample[],
  title: string,
  of = samples.length,
): Promise<Drawing> {
  const cells = samples.map((sample): SheetCell => {
    const { size } = sample.camera;
    return {
      pixels: toPixels(sample.stack, size),
      size,
      pixel: sample.camera.pixel,
      caption: [formulaText(sample.formula), beamText(sample), zonesText(sample.zones)],
    };
  });
  const some = of > samples.length ? `; ${samples.length} of ${of} triplets` : '';
  const subtitle = `log intensity, black where less than e⁻¹⁷ of the probe falls on (0.01 1/Å)²${some}`;
  return contactSheet({ title, subtitle, cells, columns: Math.min(4, cells.length) });
}

/** What a sheet of samples is drawn from: triplets of a generator with their passports. */
interface Drawn {
  size: number;
  images: Uint8Array;
  labels: ArrayLike<number>;
  camera: Camera;
  passports: readonly { partner: number | null }[];
  cifs?: readonly (string | null)[];
}

/** A contact sheet of synthetic triplets, captions as those of simulated ones as far as known. */
export function sampleSheet(drawn: Drawn, store: Store): Promise<Drawing> {
  const { size, images, labels, camera, passports, cifs } = drawn;
  const count = Math.min(SHEET, labels.length);
  const zonesOf = zonesByGroup(store);
  const cells = Array.from({ length: count }, (_, n): SheetCell => {
    const row = Math.floor((n * labels.length) / count);
    const spaceGroup = labels[row]!;
    const { partner } = passports[row]!;
    return {
      pixels: images.subarray(row * size * size * 3, (row + 1) * size * size * 3),
      size,
      pixel: camera.pixel,
      caption: [
        formulaOfCif(cifs?.[row]) ?? `row ${row}`,
        `${groupText(spaceGroup)}${partner === null ? '' : `, near ${groupText(partner)}`}`,
        zonesText(zonesOf(spaceGroup)),
      ],
    };
  });
  const wide = (size * camera.pixel).toFixed(2);
  const subtitle = `log intensity; a pattern is ${wide} 1/Å wide; ${count} of ${labels.length}`;
  return contactSheet({
    title: 'Synthetic triplets',
    subtitle,
    cells,
    columns: Math.min(4, count),
  });
}

/** Side of one pattern in the large picture, and its margins, in pixels. */
const SIDE = 440;
const GAP = 24;
const TOP = 62;
/** Least distance of two labels. */
const APART = 54;

interface Label {
  x: number;
  y: number;
  text: string;
}

/** Indices of the nearest discs that can be seen, no two labels too near each other. */
function discLabels(sample: Sample, zone: number, frame: ZoneFrame): Label[] {
  const { size, pixel, centre } = sample.camera;
  const scale = SIDE / size;
  const [a, b] = frame.reciprocal;
  const found: (Label & { distance: number })[] = [];
  for (let h = -20; h <= 20; h++) {
    for (let k = -20; k <= 20; k++) {
      const [gx, gy] = [h * a[0] + k * b[0], h * a[1] + k * b[1]];
      const [column, row] = [centre + gx / pixel, centre - gy / pixel];
      if (Math.min(column, row) < 2 || Math.max(column, row) > size - 3) continue;
      const at = zone * size * size + Math.round(row) * size + Math.round(column);
      if (pixelOf(sample.stack[at]!) < 20) continue;
      const hkl = [0, 1, 2].map((i) => h * frame.hkl[0][i]! + k * frame.hkl[1][i]!);
      const [x, y] = [(column + 0.5) * scale, (row + 0.5) * scale];
      found.push({ x, y, text: indicesText(hkl), distance: Math.hypot(gx, gy) });
    }
  }
  const chosen: Label[] = [];
  for (const label of found.sort((p, q) => p.distance - q.distance)) {
    const free = chosen.every((o) => Math.hypot(o.x - label.x, o.y - label.y) > APART);
    if (free && chosen.length < 19) chosen.push(label);
  }
  return chosen;
}

const text = (x: number, y: number, content: string, style: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${style}>${content}</text>`;

/** A white bar of a round length in 1/angstrom at the lower left of a pattern. */
function scaleBar(sample: Sample): string {
  const { size, pixel } = sample.camera;
  const length = barLength(size * pixel);
  const width = (length / pixel) * (SIDE / size);
  const y = SIDE - 16;
  return (
    `<rect x="14" y="${y}" width="${width.toFixed(1)}" height="4" fill="white"/>` +
    text(14, y - 7, `${length} 1/Å`, 'font-size="14" fill="white"')
  );
}

async function panel(sample: Sample, zone: number): Promise<string> {
  const { size } = sample.camera;
  const pixels = toPixels(sample.stack, size);
  const data = Uint8Array.from({ length: size * size }, (_, i) =>
    brightened(pixels[3 * i + zone]!),
  );
  const url = await dataUrl(
    { width: size, height: size, channels: 1, data },
    Math.max(1, Math.round(SIDE / size)),
  );
  const image = `<image width="${SIDE}" height="${SIDE}" href="${url}" preserveAspectRatio="none"/>`;
  const labels = sample.cell
    ? discLabels(
        sample,
        zone,
        zoneFrame({
          cell: sample.cell,
          centring: centring(sample.spaceGroup),
          zone: sample.zones[zone as 0 | 1 | 2],
        }),
      )
    : [];
  const style =
    'font-size="13" text-anchor="middle" fill="#ffd34d" stroke="black" stroke-width="3" paint-order="stroke"';
  const marks = labels.map((label) => text(label.x, label.y + 4, label.text, style));
  const angle = sample.semiAngles?.[zone as 0 | 1 | 2];
  const radius = angle === undefined ? '' : (angle / wavelength(sample.energy)).toFixed(3);
  const caption =
    `zone axis [${indicesText(sample.zones[zone as 0 | 1 | 2])}]` +
    (angle === undefined ? '' : ` · ${(1000 * angle).toFixed(2)} mrad (${radius} 1/Å)`);
  const below = text(0, SIDE + 22, caption, 'font-size="15" fill="#111"');
  return `<g transform="translate(${GAP + zone * (SIDE + GAP)} ${TOP})">${image}${marks.join('')}${scaleBar(sample)}${below}</g>`;
}

/** One triplet large: discs indexed, zone axes, semi-convergence angles and a scale bar. */
export async function annotatedTriplet(sample: Sample): Promise<string> {
  const [width, height] = [3 * SIDE + 4 * GAP, TOP + SIDE + 40];
  const panels = await Promise.all([0, 1, 2].map((zone) => panel(sample, zone)));
  const heading = text(
    GAP,
    28,
    `${formulaText(sample.formula)} · ${beamText(sample)}`,
    'font-size="18" font-weight="bold" fill="#111"',
  );
  const material = text(GAP, 49, sample.material, 'font-size="13" fill="#555"');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif"><rect width="100%" height="100%" fill="white"/>${heading}${material}${panels.join('')}</svg>`;
}
