import { resolve } from 'node:path';
import { Command } from 'commander';
import { usageError } from '../common/errors.ts';
import { counted } from '../common/log.ts';
import { DRY_RUN } from '../common/outputs.ts';
import { silentProgress, terminalProgress } from '../common/progress.ts';
import type { ImportedTriplet } from '../dataset/import/import.ts';

interface ImportFlags {
  out?: string;
  size?: string;
  field?: string;
  seed?: string;
  sheet?: string;
  template?: boolean;
  json?: boolean;
}

/** Triplets on one sheet at most. */
const SHEET = 60;
/** Grey of what is drawn into a pattern. */
const MARK = 150;

/** A copy of a triplet with a cross at the direct beam and a ring of `radius` stored pixels. */
function marked(pixels: Uint8Array, size: number, middle: number, radius: number): Uint8Array {
  const out = Uint8Array.from(pixels);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [dx, dy] = [x - middle, y - middle];
      const ring = Math.abs(Math.hypot(dx, dy) - radius) < 0.5;
      const cross = (Math.abs(dx) < 0.6 || Math.abs(dy) < 0.6) && Math.hypot(dx, dy) < 4;
      if (ring || cross) out.fill(MARK, 3 * (y * size + x), 3 * (y * size + x) + 3);
    }
  }
  return out;
}

/** Draws what was read: the direct beam as a cross, half of the field as a ring. */
async function drawSheet(
  triplets: readonly ImportedTriplet[],
  camera: { size: number; pixel: number; centre: number },
  path: string,
): Promise<string> {
  const { contactSheet } = await import('../report/draw/sheet.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { size, pixel, centre } = camera;
  const radius = size / 4;
  const sheet = await contactSheet({
    title: 'Imported triplets',
    subtitle: `cross: direct beam; ring: ${(radius * pixel).toFixed(2)} 1/angstrom`,
    columns: 4,
    cells: triplets.slice(0, SHEET).map((one) => ({
      pixels: marked(one.pixels, size, centre, radius),
      size,
      caption: [
        `${one.spaceGroup} · ${one.material}`.slice(0, 46),
        `${one.pixel.toPrecision(4)} 1/angstrom a pixel; direct beams at`,
        one.centres.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join(', '),
      ],
    })),
  });
  return (await writeFigure(path.replace(/\.(png|svg)$/, ''), sheet())).png;
}

/** A flag that is a positive number. */
function positive(text: string, flag: string, whole = false): number {
  const value = Number(text);
  const sound = whole ? Number.isInteger(value) && value >= 8 : value > 0 && value < 100;
  if (!sound)
    throw usageError(`--${flag} ${text}: expected a number of ${whole ? 'pixels' : '1/angstrom'}`);
  return value;
}

async function run(manifest: string | undefined, flags: ImportFlags): Promise<void> {
  const { importManifest } = await import('../dataset/import/import.ts');
  const { manifestTemplate } = await import('../dataset/import/manifest.ts');
  if (flags.template) {
    process.stdout.write(manifestTemplate());
    return;
  }
  if (!manifest) throw usageError('no manifest is given', 'see: gan data import --template');
  const { writeJson } = await import('../common/files.ts');
  const { claimOutput, openRun, preparedStorePath } = await import('../common/run.ts');
  const { anomalyLines, censusLines, splitLines } = await import('../report/pages/census-text.ts');
  const out = resolve(flags.out ?? preparedStorePath());
  const settings = {
    size: positive(flags.size ?? '64', 'size', true),
    field: positive(flags.field ?? '1.28', 'field'),
    seed: Number(flags.seed ?? 0),
  };
  const recipe = { ...settings, manifest: resolve(manifest), out };
  claimOutput('prepare', out, recipe);
  const imported = await importManifest(manifest, out, {
    ...settings,
    progress: flags.json ? silentProgress : terminalProgress,
  });
  const run = openRun('prepare', recipe);
  writeJson(run.file('anomalies.json'), imported.anomalies);
  const sheet = await drawSheet(
    imported.triplets,
    imported.camera,
    flags.sheet ?? out.replace(/(\.h5)?$/, '-imported'),
  );
  const { census, digest, anomalies } = imported;
  if (flags.json) {
    console.log(
      JSON.stringify(
        { store: out, digest, samples: census.samples, sheet, census, anomalies },
        null,
        2,
      ),
    );
    return;
  }
  console.log([...censusLines(census), ...splitLines(census, 'material')].join('\n'));
  if (anomalies.length > 0) {
    console.log(anomalyLines(anomalies, run.file('anomalies.json')).join('\n'));
  }
  console.log(`wrote ${out}: ${counted(census.samples, 'sample')}, digest ${digest}`);
  console.log(`wrote ${sheet}: look whether centre and calibration are right`);
}

/** `gan data import MANIFEST.csv --out STORE` */
export const dataImportCommand = (): Command =>
  new Command('import')
    .description(
      'Read measured triplets (npy, npz, TIFF, PNG, hspy, EMD, NeXus, HDF5) by a manifest.',
    )
    .argument('[manifest]', 'CSV file, one row a triplet')
    .option('--template', 'print a manifest to fill in')
    .option('--out <store>', 'where to write the store (default: the one in the workspace)')
    .option('--size <pixels>', 'pixels a side of the stored patterns (64)')
    .option('--field <1/angstrom>', 'half the width of the stored patterns (1.28)')
    .option('--seed <n>', 'seed of the split by material (default: 0)')
    .option('--sheet <file>', 'contact sheet of what was read (beside the store)')
    .option(...DRY_RUN)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  gan data import --template > scans.csv\n  gan data import scans.csv --out scans.h5',
    )
    .action(run);
