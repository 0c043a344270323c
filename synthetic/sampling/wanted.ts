/** Triplets wanted of each space group. */
export type Wanted = ReadonlyMap<number, number>;

/** The same number of every space group. */
export const ofEach = (spaceGroups: readonly number[], count: number): Wanted =>
  new Map(spaceGroups.map((spaceGroup) => [spaceGroup, count]));
