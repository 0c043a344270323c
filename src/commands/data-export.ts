import { join } from 'node:path';
import { Command, Option } from 'commander';
import { usageError } from '../common/errors.ts';
import { counted } from '../common/log.ts';
import { DRY_RUN, stopIfDry } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';
import type { Exporter, ExportRow } from '../dataset/export/exporter.ts';
import type { Camera } from '../simulate/camera.ts';

/** Writers of other tools' formats, loaded when asked for. */
const FORMATS: Readonly<Record<string, () => Promise<Exporter>>> = {
  summit: async () => (await import('../dataset/export/summit.ts')).exportSummit,
  npz: async () => (await import('../dataset/export/npz.ts')).exportNpz,
  hspy: async () => (await import('../dataset/export/hspy.ts')).exportHspy,
  png: async () => (await import('../dataset/export/png.ts')).exportPng,
};

interface ExportFlags {
  out: string;
  format: string;
  split?: string;
  classes?: string;
  limit?: string;
  size?: string;
  json?: boolean;
}

interface Source {
  name: string;
  camera: Camera;
  count: number;
  spaceGroups: ArrayLike<number>;
  row: (i: number) => ExportRow;
  /** The crystal of a row as CIF text, where the source has such texts. */
  cif: ((i: number) => string | null) | null;
  splitOf: ((i: number) => string) | null;
  close: () => void;
}

async function storeSource(path: string): Promise<Source> {
  const { openStore } = await import('../dataset/store/store.ts');
  const { SPLITS } = await import('../dataset/split.ts');
  const store = await openStore(path);
  return {
    name: 'real',
    camera: store.camera,
    count: store.count,
    spaceGroups: store.rows.spaceGroup,
    row: (i) => ({
      key: store.rows.key[i]!,
      facts: store.facts(i),
      split: SPLITS[store.rows.split[i]!]!,
      pixels: store.images([i]),
    }),
    cif: null,
    splitOf: (i) => SPLITS[store.rows.split[i]!]!,
    close: () => store.close(),
  };
}

async function archiveSource(path: string): Promise<Source> {
  const { openArchive } = await import('../../synthetic/archive/archive.ts');
  const { defaultCamera } = await import('../simulate/camera.ts');
  const archive = await openArchive(path);
  const { cifs } = archive;
  const facts = (i: number) => ({
    spaceGroup: archive.labels[i]!,
    material: `synthetic-${archive.digest.slice(0, 8)}-${i}`,
    formula: '',
    energy: Number.NaN,
    zones: [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ] as const,
    inPlane: null,
    semiAngles: null,
    spacings: null,
    cell: null,
    thickness: null,
  });
  return {
    name: 'synthetic',
    camera: archive.camera ?? defaultCamera(archive.size),
    count: archive.count,
    spaceGroups: archive.labels,
    row: (i) => ({ key: `sample_${i}_0`, facts: facts(i), pixels: archive.images([i]) }),
    cif: cifs && ((i) => cifs[i]!),
    splitOf: null,
    close: () => {},
  };
}

/** Rows that the flags choose, in order. */
function chosenRows(source: Source, { split, classes, limit }: ExportFlags): number[] {
  const wanted = classes?.split(',').map(Number);
  const absent = wanted?.find((one) => !Array.from(source.spaceGroups).includes(one));
  if (absent !== undefined)
    throw usageError(`--classes ${classes}: no sample of space group ${absent}`);
  if (split && !['train', 'validation', 'test'].includes(split)) {
    throw usageError(`--split ${split}: expected train, validation or test`);
  }
  if (split && !source.splitOf) throw usageError('--split: a synthetic archive has no splits');
  const most = limit === undefined ? source.count : Number(limit);
  if (!(Number.isInteger(most) && most >= 1))
    throw usageError(`--limit ${limit}: expected a whole number of at least 1`);
  return Array.from({ length: source.count }, (_, i) => i)
    .filter((i) => !wanted || wanted.includes(source.spaceGroups[i]!))
    .filter((i) => !split || source.splitOf!(i) === split)
    .slice(0, most);
}

/** Writes the crystals of rows, named as the rows are, where the source has them. */
async function crystalFiles(folder: string, source: Source, rows: readonly number[]) {
  const { cif } = source;
  if (!cif) return [];
  const { writeCifs } = await import('../dataset/export/cif.ts');
  return writeCifs(
    folder,
    rows.map((i) => ({ name: source.row(i).key, cif: cif(i) })),
  );
}

/** A sample's name may occur in two source files; in one written file it must not. */
function* distinct(rows: Iterable<ExportRow>): Generator<ExportRow> {
  const seen = new Map<string, number>();
  for (const row of rows) {
    const times = seen.get(row.key) ?? 0;
    seen.set(row.key, times + 1);
    yield times === 0 ? row : { ...row, key: `${row.key}_${times}` };
  }
}

async function exportData(from: string, flags: ExportFlags): Promise<void> {
  const { existingFile } = await import('../common/files.ts');
  const { isStore } = await import('../dataset/store/store.ts');
  existingFile(from);
  const size = flags.size === undefined ? undefined : Number(flags.size);
  if (size !== undefined && !(Number.isInteger(size) && size > 0)) {
    throw usageError(`--size ${flags.size}: expected a number of pixels`);
  }
  const source = await ((await isStore(from)) ? storeSource(from) : archiveSource(from));
  try {
    const chosen = chosenRows(source, flags);
    if (chosen.length === 0) throw usageError('no sample is left to export', 'widen the selection');
    stopIfDry(flags.out, { from, format: flags.format, samples: chosen.length });
    const rows = distinct(
      (function* () {
        for (const i of chosen) yield source.row(i);
      })(),
    );
    const name = flags.split
      ? `batch_${flags.split === 'validation' ? 'dev' : flags.split}`
      : source.name;
    const exportRows = await FORMATS[flags.format]!();
    const paths = await exportRows(flags.out, name, rows, {
      camera: source.camera,
      size,
      total: chosen.length,
      progress: flags.json ? undefined : terminalProgress,
    });
    const crystals = await crystalFiles(join(flags.out, 'cifs'), source, chosen);
    const facts = { samples: chosen.length, files: paths, ...(source.cif && { crystals }) };
    if (flags.json) console.log(JSON.stringify(facts, null, 2));
    else {
      const more = paths.length > 1 ? ', …' : '';
      const files = paths.length > 1 ? `${paths.length} files` : 'one file';
      console.log(`wrote ${counted(chosen.length, 'sample')} to ${files}: ${paths[0]}${more}`);
      if (crystals.length > 0) {
        console.log(`wrote ${counted(crystals.length, 'CIF file')}: ${crystals[0]}, …`);
      }
    }
  } finally {
    source.close();
  }
}

/** `gan data export FROM --out FOLDER` */
export const dataExportCommand = (): Command =>
  new Command('export')
    .description('Write a prepared store, or a synthetic archive, for other tools.')
    .argument('<from>', 'prepared store or synthetic archive')
    .requiredOption('--out <folder>', 'folder for the files')
    .addOption(
      new Option(
        '--format <name>',
        'summit (HDF5), npz (numpy), hspy (HyperSpy), png (grey levels and a manifest)',
      )
        .choices(Object.keys(FORMATS))
        .default('summit'),
    )
    .option('--split <name>', 'only train, validation or test samples (default: all)')
    .option('--classes <list>', 'only these space groups, such as 14,62,225 (default: all)')
    .option('--limit <n>', 'at most n samples (default: all)')
    .option('--size <pixels>', 'pixels a side, a multiple of the stored ones (default: those)')
    .option(...DRY_RUN)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  gan data export workspace/prepared.h5 --split test --out exported --format hspy',
    )
    .action(exportData);
