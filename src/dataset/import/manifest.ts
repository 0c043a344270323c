import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { csvOf } from '../../common/csv.ts';
import { inputError } from '../../common/errors.ts';
import { existingFile } from '../../common/files.ts';
import { didYouMean } from '../../common/suggest.ts';
import type { Vec3 } from '../../crystal/crystal.ts';
import { isSpaceGroup } from '../../crystal/spacegroup.ts';
import { settingsOfSymbol } from '../../crystal/symbols.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { cleanMaterial } from '../split.ts';

/** How the direct beam is found: a given pixel, the brightest disc, or symmetry about a point. */
export type CentreRule = readonly [x: number, y: number] | 'brightest' | 'correlation';

/** One triplet of a manifest. */
export interface ManifestRow {
  /** Line of the manifest, from 1. */
  line: number;
  /** Three files of a pattern each, or one file of three patterns; `file.h5::/path` in HDF5. */
  files: readonly string[];
  key: string;
  /** 0 where it is not known. */
  spaceGroup: number;
  /** Names what must not stand in two splits. */
  material: string;
  /** Beam energy in keV. */
  energy: number;
  /** 1/angstrom a pixel; null where the file is to say it. */
  pixel: number | null;
  centre: CentreRule;
  /** Whether the values are grey levels of a store, as `gan data export --format png` writes them. */
  levels: boolean;
  /** Zone axes, or zeros where they are not known. */
  zones: readonly [Vec3, Vec3, Vec3];
  formula: string;
  /** Specimen thickness in angstrom. */
  thickness: number | null;
}

const COLUMNS = {
  pattern_1: 'file of the first pattern, or of all three (a stack); file.h5::/path inside HDF5',
  pattern_2: 'file of the second pattern; empty for a stack',
  pattern_3: 'file of the third pattern; empty for a stack',
  space_group: 'number or symbol, any setting: 62, Pnma, P b n m',
  material: 'a name for the material: patterns of one material never stand in two splits',
  energy_keV: 'beam energy',
  pixel_inv_angstrom: '1/angstrom a pixel; empty: as the file says',
  centre: 'x y in pixels from 0, brightest, or correlation (brightest)',
  values:
    'counts (proportional to intensity), or levels (grey levels of a store, v = 10 (ln I + 17)) (counts)',
  zone_1: 'zone axis of the first pattern: 0 0 1; empty: not known',
  zone_2: 'zone axis of the second pattern',
  zone_3: 'zone axis of the third pattern',
  formula: 'element counts of the cell: Fe8 O14; may be empty',
  thickness_angstrom: 'specimen thickness; may be empty',
} as const;
type Column = keyof typeof COLUMNS;
const NEEDED: readonly Column[] = ['pattern_1', 'space_group', 'material', 'energy_keV'];
/** What only triplets to learn from must have. */
const LABELS: readonly Column[] = ['space_group', 'material'];

/** A manifest to fill in: what each column means, its head and one row. */
export const manifestTemplate = (): string =>
  [
    ...Object.entries(COLUMNS).map(([name, what]) => `# ${name}: ${what}`),
    Object.keys(COLUMNS).join(','),
    'scans/olivine_001.tif,scans/olivine_010.tif,scans/olivine_100.tif,P b n m,olivine-1,200,0.02,brightest,counts,0 0 1,0 1 0,1 0 0,Mg8 Si4 O16,800',
    '',
  ].join('\n');

/** A manifest of grey levels; `files` are relative to it. Energies that are not known stay empty. */
export function manifestText(
  rows: readonly { files: readonly string[]; facts: SampleFacts; camera: Camera }[],
): string {
  const records = rows.map(({ files, facts, camera }): Record<Column, string> => {
    const zones = facts.zones.map((zone) => (zone.some(Boolean) ? zone.join(' ') : ''));
    return {
      pattern_1: files[0]!,
      pattern_2: files[1]!,
      pattern_3: files[2]!,
      space_group: String(facts.spaceGroup),
      material: facts.material,
      energy_keV: Number.isFinite(facts.energy) ? String(facts.energy) : '',
      pixel_inv_angstrom: String(camera.pixel),
      centre: `${camera.centre} ${camera.centre}`,
      values: 'levels',
      zone_1: zones[0]!,
      zone_2: zones[1]!,
      zone_3: zones[2]!,
      formula: facts.formula,
      thickness_angstrom: facts.thickness === null ? '' : String(facts.thickness),
    };
  });
  const columns = Object.keys(COLUMNS) as Column[];
  return csvOf([columns, ...records.map((record) => columns.map((column) => record[column]))]);
}

type Cells = Partial<Record<Column, string>>;

/** The group of a number or of a symbol in any setting; null where it names none. */
function spaceGroupOf(text: string): number | null {
  if (/^\d+$/.test(text)) return isSpaceGroup(Number(text)) ? Number(text) : null;
  const groups = new Set(settingsOfSymbol(text).map(({ spaceGroup }) => spaceGroup));
  return groups.size === 1 ? [...groups][0]! : null;
}

const numbersIn = (text: string): number[] =>
  text
    .trim()
    .split(/[\s,;]+/)
    .map(Number);

class RowReader {
  private readonly cells: Cells;
  private readonly where: string;

  constructor(cells: Cells, where: string) {
    this.cells = cells;
    this.where = where;
  }

  text(column: Column): string {
    return (this.cells[column] ?? '').trim();
  }

  needed(column: Column): string {
    const text = this.text(column);
    if (text === '') throw inputError(`${this.where}: ${column} is empty`, COLUMNS[column]);
    return text;
  }

  fault(column: Column): Error {
    return inputError(`${this.where}: ${column} is "${this.text(column)}"`, COLUMNS[column]);
  }

  positive(column: Column): number | null {
    const text = this.text(column);
    if (text === '') return null;
    const value = Number(text);
    if (!(value > 0 && Number.isFinite(value))) throw this.fault(column);
    return value;
  }

  zone(column: Column): Vec3 {
    const text = this.text(column);
    if (text === '') return [0, 0, 0];
    const values = numbersIn(text.replace(/[[\]<>()]/g, ' '));
    const sound = values.length === 3 && values.every(Number.isInteger) && values.some(Boolean);
    if (!sound) throw this.fault(column);
    return [values[0]!, values[1]!, values[2]!];
  }

  levels(): boolean {
    const text = this.text('values');
    if (!['', 'counts', 'levels'].includes(text)) throw this.fault('values');
    return text === 'levels';
  }

  centre(): CentreRule {
    const text = this.text('centre');
    if (text === '' || text === 'brightest') return 'brightest';
    if (text === 'correlation') return 'correlation';
    const [x, y, ...more] = numbersIn(text);
    const sound = Number.isFinite(x) && Number.isFinite(y) && more.length === 0;
    if (!sound) throw this.fault('centre');
    return [x!, y!];
  }
}

function rowOf(cells: Cells, line: number, manifest: string, labelled: boolean): ManifestRow {
  const row = new RowReader(cells, `${manifest} line ${line}`);
  const files = (['pattern_1', 'pattern_2', 'pattern_3'] as const)
    .map((column) => row.text(column))
    .filter((text) => text !== '')
    .map((text) => resolve(dirname(manifest), text));
  row.needed('pattern_1');
  if (files.length === 2) throw inputError(`${manifest} line ${line}: two patterns of three`);
  const unknown = !labelled && row.text('space_group') === '';
  const spaceGroup = unknown ? 0 : spaceGroupOf(row.needed('space_group'));
  if (spaceGroup === null) throw row.fault('space_group');
  const energy = row.positive('energy_keV');
  if (energy === null) row.needed('energy_keV');
  return {
    line,
    files,
    key: `sample_${line}_${basename(files[0]!.split('::')[0]!)
      .replace(/[^\w.-]/g, '_')
      .slice(0, 60)}`,
    spaceGroup,
    material: cleanMaterial(labelled ? row.needed('material') : row.text('material')),
    energy: energy!,
    pixel: row.positive('pixel_inv_angstrom'),
    centre: row.centre(),
    levels: row.levels(),
    zones: [row.zone('zone_1'), row.zone('zone_2'), row.zone('zone_3')],
    formula: row.text('formula'),
    thickness: row.positive('thickness_angstrom'),
  };
}

function checkHead(names: readonly string[], manifest: string, labelled: boolean): void {
  const known = Object.keys(COLUMNS);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw inputError(`${manifest} has a column "${unknown}"`, didYouMean(unknown, known));
  }
  const needed = NEEDED.filter((name) => labelled || !LABELS.includes(name));
  const missing = needed.find((name) => !names.includes(name));
  if (missing === 'material') {
    const why = 'without it patterns of one material would stand in training and test';
    throw inputError(`${manifest} has no column material`, `${why}; see --template`);
  }
  if (missing) throw inputError(`${manifest} has no column ${missing}`, COLUMNS[missing]);
}

/**
 * The rows of a manifest: CSV with a head, `#` begins a comment; paths are relative to it.
 *
 * @param labelled false for triplets to predict, whose space group and material may be unknown.
 * @throws an input error that names line, column and value.
 */
export function readImportManifest(path: string, { labelled = true } = {}): ManifestRow[] {
  existingFile(path, 'see: gan data import --template');
  const options = { bom: true, comment: '#', relax_column_count: true, skip_empty_lines: true };
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(readFileSync(path, 'utf8'), { ...options, trim: true, info: true }) as never;
  } catch (error) {
    throw inputError(`${path} is no CSV: ${String(error).split('\n')[0]}`);
  }
  const [head, ...rest] = records;
  if (!head || rest.length === 0) throw inputError(`${path} has no row`, 'see --template');
  checkHead(head.record, path, labelled);
  return rest.map(({ record, info }) => {
    if (record.length > head.record.length) {
      throw inputError(`${path} line ${info.lines}: more cells than the head has columns`);
    }
    const cells = Object.fromEntries(head.record.map((name, i) => [name, record[i] ?? '']));
    return rowOf(cells, info.lines, path, labelled);
  });
}
