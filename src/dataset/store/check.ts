import { statSync } from 'node:fs';
import { isRemembered, remember } from '../../common/checked-digests.ts';
import { inputError } from '../../common/errors.ts';
import type { Camera } from '../../simulate/camera.ts';
import { materialIdentity, SPLITS } from '../split.ts';
import { COLUMNS, NUMERIC_COLUMNS, type StoreRows } from './rows.ts';
import { contentHash } from './store-write.ts';

/** Stores of more bytes are hashed once, and again when the file has changed. */
const SMALL_BYTES = 64 << 20;

/** Rows that are hashed at once. */
const BLOCK = 64;

/** What stands in a store beside its pixels. */
interface Content {
  path: string;
  digest: string;
  camera: Camera;
  classes: readonly number[];
  materials: readonly string[];
  rows: StoreRows;
}

const damaged = (path: string, what: string): Error =>
  inputError(`${path} is damaged: ${what}`, 'prepare it again');

/** True where numbers ascend, none twice. */
const ascending = (values: readonly (number | string)[]): boolean =>
  values.every((value, i) => i === 0 || values[i - 1]! < value);

/** What speaks against the columns of a store; null where nothing does. */
function rowsFault({ rows, classes, materials }: Content, count: number): string | null {
  for (const column of NUMERIC_COLUMNS) {
    const { name, width } = COLUMNS[column];
    const wanted = (width as readonly number[]).reduce((a, b) => a * b, count);
    if (rows[column]?.length !== wanted) return `its column ${name} has not ${count} rows`;
  }
  for (const column of ['formula', 'key'] as const) {
    const texts = rows[column];
    const sound = texts?.length === count && texts.every((text) => typeof text === 'string');
    if (!sound) return `its column ${column} is not ${count} texts`;
  }
  for (const column of NUMERIC_COLUMNS) {
    // NaN stands where something is not known.
    const endless = rows[column].some((value) => Math.abs(value) === Number.POSITIVE_INFINITY);
    if (endless) return `its column ${COLUMNS[column].name} holds infinity`;
  }
  const energy = rows.energy.find((value) => value <= 0);
  if (energy !== undefined) return `a beam energy of ${energy} keV`;
  for (let row = 0; row < count; row++) {
    const fault = rowFault(rows, row, classes, materials.length);
    if (fault) return `row ${row} has ${fault}`;
  }
  return divisionFault(rows, materials);
}

/** Says which material stands in two parts, also where it is spelled in two ways. */
function divisionFault({ split, material }: StoreRows, materials: readonly string[]) {
  const identities = materials.map(materialIdentity);
  const home = new Map<string, { part: number; name: string }>();
  for (const [row, part] of split.entries()) {
    const name = materials[material[row]!]!;
    const identity = identities[material[row]!]!;
    const first = home.get(identity) ?? { part, name };
    home.set(identity, first);
    if (first.part === part) continue;
    const as = name === first.name ? '' : ` as ${name}`;
    return `the material ${first.name} stands in ${SPLITS[first.part]} and${as} in ${SPLITS[part]}`;
  }
  return null;
}

function rowFault(
  rows: StoreRows,
  row: number,
  classes: readonly number[],
  materials: number,
): string | null {
  const [label, group, split] = [rows.label[row]!, rows.spaceGroup[row]!, rows.split[row]!];
  if (!(label >= 0 && label < classes.length)) return `label ${label} of ${classes.length} classes`;
  if (classes[label] !== group) return `space group ${group} under the label of ${classes[label]}`;
  if (split > 2) return `the split ${split}: 0 train, 1 validation, 2 test`;
  const material = rows.material[row]!;
  if (!(material >= 0 && material < materials)) return `material ${material} of ${materials}`;
  return null;
}

/** What speaks against the tables and the camera; null where nothing does. */
function headFault({ digest, camera, classes, materials }: Content): string | null {
  if (!/^[0-9a-f]{64}$/.test(digest)) return 'it has no digest';
  const { size, pixel, centre } = camera;
  const sharp = pixel > 0 && pixel < 10 && centre > -size && centre < 2 * size;
  if (!(Number.isInteger(size) && size >= 1 && size <= 4096 && sharp)) {
    return `its camera is ${size} pixels of ${pixel} 1/angstrom, centre ${centre}`;
  }
  const known = classes.every((group) => Number.isInteger(group) && group >= 1 && group <= 230);
  if (!known || classes.length === 0 || !ascending(classes)) {
    return `its classes are ${classes.slice(0, 9).join(', ')}`;
  }
  if (materials.length === 0 || materials.includes('') || !ascending(materials)) {
    return 'its materials are not names in order';
  }
  return null;
}

/** State of a file whose digest was right. */
interface FileState {
  path: string;
  bytes: number;
  modified: number;
  changed: number;
  inode: number;
  digest: string;
}

function stateOf(path: string, digest: string): FileState {
  const { size, mtimeMs, ctimeMs, ino } = statSync(path);
  return { path, bytes: size, modified: mtimeMs, changed: ctimeMs, inode: ino, digest };
}

/** What an open store is checked with. */
export interface CheckedStore extends Content {
  /** (rows, size, size, 3) as the file has it. */
  shape: readonly number[];
  /** Pixels of rows, from the first to before the last. */
  pixels(from: number, to: number): Uint8Array;
}

/**
 * Checks types, ranges and the digest of a store. Up to 64 MiB are hashed at every opening (some
 * 50 ms for 20 MiB); of a larger file it is remembered that its digest was right, until size, times
 * or inode change.
 *
 * @param always hash it in any case.
 * @throws an input error that says what is wrong.
 */
export function checkContent(store: CheckedStore, always = false): void {
  const { path, shape, camera, classes, materials, rows } = store;
  const fault = headFault(store);
  if (fault) throw damaged(path, fault);
  const [count, ...image] = shape;
  if (!(count! >= 1) || image.join() !== `${camera.size},${camera.size},3`) {
    throw damaged(path, `its images are ${shape.join(' x ')}, not rows of ${camera.size} pixels`);
  }
  const wrong = rowsFault(store, count!);
  if (wrong) throw damaged(path, wrong);
  const state = stateOf(path, store.digest);
  const large = state.bytes > SMALL_BYTES;
  if (large && !always && isRemembered('stores', path, state)) return;
  const hash = contentHash(camera, { rows, classes: [...classes], materials: [...materials] });
  for (let row = 0; row < count!; row += BLOCK) {
    hash.update(store.pixels(row, Math.min(count!, row + BLOCK)));
  }
  if (hash.digest('hex') !== store.digest) {
    throw damaged(path, 'its content has another digest than the one in it');
  }
  if (large) remember('stores', path, state);
}
