import { chooseClasses } from '../../gan/classes.ts';
import type { Generator } from '../../gan/generator.ts';
import { groupsOf } from '../../src/common/settings.ts';

/** Triplets wanted of each space group. */
export type Wanted = ReadonlyMap<number, number>;

/** The same number of every space group. */
export const ofEach = (spaceGroups: readonly number[], count: number): Wanted =>
  new Map(spaceGroups.map((spaceGroup) => [spaceGroup, count]));

/** The space groups asked for, those that the generator was trained for where none are; a pair names one. */
export function wantedClasses(
  { pair, classes }: { pair?: string; classes?: string },
  generator: Generator,
  trainedFor: string,
): number[] {
  if (pair) {
    const groups = groupsOf(pair);
    for (const spaceGroup of groups) generator.labelOf(spaceGroup);
    return [groups[0]];
  }
  const { lineage } = generator;
  return chooseClasses(classes ?? trainedFor, {
    classes: generator.classes,
    counts: lineage.counts,
  });
}
