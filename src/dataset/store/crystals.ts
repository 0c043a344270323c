import { createHash } from 'node:crypto';
import type * as H5wasm from 'h5wasm/node';
import type { Atom, Cell, Crystal } from '../../crystal/crystal.ts';

/**
 * The crystals that the rows of a store were simulated from. In the file they are the group
 * `crystals`, column by column: `id`, `material`, `formula`, `space_group`, `cell` (n, 6) in
 * angstrom and degrees, and all atoms of the conventional cells one after the other, `element` and
 * `position` (m, 3) with the number of each crystal's in `atoms`, `u_iso` in square angstrom (NaN:
 * not given) where any is known; `of_row` names the crystal of each row, -1 where it is not known.
 */
export interface CrystalTable {
  crystals: readonly Crystal[];
  ofRow: Int32Array;
}

/** Collects the crystals of rows as they come; equal ones are kept once. */
export class CrystalCollector {
  private readonly numbers = new Map<string, number>();
  private readonly crystals: Crystal[] = [];
  private readonly ofRow: number[] = [];

  push(crystal: Crystal | undefined): void {
    this.ofRow.push(crystal ? this.numberOf(crystal) : -1);
  }

  /** Null where no row has a crystal. */
  done(): CrystalTable | null {
    if (this.crystals.length === 0) return null;
    return { crystals: this.crystals, ofRow: Int32Array.from(this.ofRow) };
  }

  private numberOf(crystal: Crystal): number {
    const text = JSON.stringify(crystal);
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.crystals.length);
    return this.crystals.push(crystal) - 1;
  }
}

/** Digest of a table, which stands beside it: the digest of a store is that of its patterns. */
function crystalsDigest({ crystals, ofRow }: CrystalTable): string {
  const hash = createHash('sha256').update(ofRow);
  for (const crystal of crystals) {
    const { id, material, formula, spaceGroup, cell, atoms } = crystal;
    const numbers = atoms.map(({ element, position, uIso }) => [
      element,
      ...position,
      uIso ?? null,
    ]);
    hash.update(JSON.stringify([id, material, formula, spaceGroup, cell, numbers]));
  }
  return hash.digest('hex');
}

/** Writes the group `crystals` of a store. */
export function writeCrystals(file: H5wasm.File, table: CrystalTable): void {
  const { crystals, ofRow } = table;
  const atoms = crystals.flatMap((crystal) => crystal.atoms);
  const group = file.create_group('crystals') as H5wasm.Group;
  const numbers = (name: string, data: Float64Array | Int32Array, width: number[] = []): void => {
    const shape = [data.length / (width[0] ?? 1), ...width];
    const chunks = [Math.max(1, Math.min(shape[0]!, 4096)), ...width];
    const dtype = data instanceof Int32Array ? '<i' : '<d';
    group.create_dataset({ name, data, shape, dtype, chunks, compression: 'gzip' });
  };
  const texts = (name: string, data: string[]): void => {
    const longest = data.reduce((most, text) => Math.max(most, Buffer.byteLength(text)), 1);
    group.create_dataset({ name, data, shape: [data.length], dtype: `S${longest}` });
  };
  texts(
    'id',
    crystals.map(({ id }) => id),
  );
  texts(
    'material',
    crystals.map(({ material }) => material),
  );
  texts(
    'formula',
    crystals.map(({ formula }) => formula),
  );
  numbers(
    'space_group',
    Int32Array.from(crystals, ({ spaceGroup }) => spaceGroup),
  );
  numbers('cell', Float64Array.from(crystals.flatMap(({ cell }) => cell)), [6]);
  numbers(
    'atoms',
    Int32Array.from(crystals, (crystal) => crystal.atoms.length),
  );
  numbers(
    'element',
    Int32Array.from(atoms, ({ element }) => element),
  );
  numbers('position', Float64Array.from(atoms.flatMap(({ position }) => position)), [3]);
  if (atoms.some(({ uIso }) => uIso !== undefined)) {
    numbers(
      'u_iso',
      Float64Array.from(atoms, ({ uIso }) => uIso ?? Number.NaN),
    );
  }
  numbers('of_row', ofRow);
  group.create_attribute('digest', crystalsDigest(table));
}

/**
 * Reads the group `crystals`; null where a store has none.
 *
 * @throws Error where it is not what was written.
 */
export function readCrystals(file: H5wasm.File): CrystalTable | null {
  const group = file.get('crystals') as H5wasm.Group | null;
  if (!group) return null;
  const value = (name: string): unknown => (group.get(name) as H5wasm.Dataset | null)?.value;
  const [ids, materials, formulas] = ['id', 'material', 'formula'].map(
    (name) => value(name) as string[],
  );
  const counts = value('atoms') as Int32Array;
  const [spaceGroup, cell] = [value('space_group') as Int32Array, value('cell') as Float64Array];
  const [element, position] = [value('element') as Int32Array, value('position') as Float64Array];
  const uIso = value('u_iso') as Float64Array | undefined;
  let at = 0;
  const atom = (): Atom => {
    const [x, y, z] = position.subarray(3 * at, 3 * at + 3);
    const u = uIso?.[at] ?? Number.NaN;
    const plain: Atom = { element: element[at++]!, position: [x!, y!, z!] };
    return Number.isNaN(u) ? plain : { ...plain, uIso: u };
  };
  const crystals = Array.from(
    counts,
    (count, i): Crystal => ({
      id: ids![i]!,
      material: materials![i]!,
      formula: formulas![i]!,
      spaceGroup: spaceGroup[i]!,
      cell: Array.from(cell.subarray(6 * i, 6 * i + 6)) as unknown as Cell,
      atoms: Array.from({ length: count }, atom),
    }),
  );
  const table = { crystals, ofRow: value('of_row') as Int32Array };
  if (group.get_attribute('digest', false) !== crystalsDigest(table)) {
    throw new Error('its crystals have another digest than the one in it');
  }
  return table;
}
