import { inputError } from '../../src/common/errors.ts';
import type { SyntheticArchive } from './archive.ts';
import type { Passport } from './passport.ts';

/** One of the parts of a parameter row: columns `from` to `to`. */
export interface ParameterPart {
  name: string;
  from: number;
  to: number;
  meaning: string;
}

/** A parameter row of an archive with its passport. */
export interface ParameterRow {
  path: string;
  parts: readonly ParameterPart[];
  values: Float32Array;
  passport: Passport;
}

/**
 * Row `row` of an archive that the generator of `digest` made.
 *
 * @throws input error where there is no such row, the archive does not say how its samples were
 * drawn, or another generator made it.
 */
export function rowOf(archive: SyntheticArchive, row: number, digest: string): ParameterRow {
  const { parameters, passports, origin, path, count } = archive;
  if (!(Number.isInteger(row) && row >= 0 && row < count)) {
    throw inputError(`${path} has rows 0 to ${count - 1}, not ${row}`);
  }
  const layout = parameters?.layout as { parts?: ParameterPart[] } | undefined;
  if (!parameters || !passports || !layout?.parts) {
    throw inputError(`${path} does not say how its samples were drawn`);
  }
  if (origin?.gan.digest !== digest) {
    throw inputError(`${path} was made by another generator`, 'name its run with --gan');
  }
  const { values, width } = parameters;
  return {
    path,
    parts: layout.parts,
    values: values.slice(row * width, (row + 1) * width),
    passport: passports[row]!,
  };
}

/** @throws input error where the row has no such part. */
export function partOf({ path, parts, values }: ParameterRow, name: string): Float32Array {
  const found = parts.find((one) => one.name === name);
  if (!found) throw inputError(`${path}: a parameter row has no '${name}'`);
  return values.slice(found.from, found.to);
}
