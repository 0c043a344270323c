import { type CrystalSystem, crystalSystem } from '../../src/crystal/spacegroup.ts';

/** Class codes: which rows of an embedding table add up to the embedding of a class. */
export interface ClassCodes {
  /** (K, code): a one for the class and a one for its crystal system. */
  values: Float32Array;
  /** K + number of crystal systems among the classes. */
  code: number;
}

/**
 * The code of each space group: what the groups of a crystal system share is learned from all of
 * them, so that a group with few materials starts from its system instead of from nothing.
 */
export function classCodes(classes: readonly number[]): ClassCodes {
  const systems = [...new Set<CrystalSystem>(classes.map(crystalSystem))];
  const code = classes.length + systems.length;
  const values = new Float32Array(classes.length * code);
  classes.forEach((spaceGroup, label) => {
    values[label * code + label] = 1;
    values[label * code + classes.length + systems.indexOf(crystalSystem(spaceGroup))] = 1;
  });
  return { values, code };
}

/** Classes of the crystal system of each class, itself among them, as its code says. */
export function kinOf({ codes, code }: { codes: Float32Array; code: number }): number[][] {
  const classes = Array.from({ length: codes.length / code }, (_, label) => label);
  const system = (label: number): string =>
    codes.subarray(label * code + classes.length, (label + 1) * code).join();
  return classes.map((one) => classes.filter((other) => system(other) === system(one)));
}
