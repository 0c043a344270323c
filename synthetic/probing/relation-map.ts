import { NEVER_SEEN, SEEN_AT_ONCE, searchSpaceOf } from '../../gan/boundary/search.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { median } from '../../src/common/quantile.ts';
import type { Probing } from './path.ts';
import type { RelationCell } from './probe-data.ts';

export interface MapOptions {
  /** Space groups that crystals are distorted down to. */
  classes: readonly number[];
  /** Candidates of each pair. */
  count: number;
  epsilon: number;
  seed: number;
  progress?: ProgressFactory;
}

/**
 * For every pair of a class and a supergroup among the others: the amplitude from which the guide takes a
 * distorted crystal of the supergroup for one of the class, over some distortions.
 *
 * @throws input error where the generator distorts no crystals, or no class has a supergroup.
 */
export async function relationMap(
  { generator, guide }: Pick<Probing, 'generator' | 'guide'>,
  { classes, count, epsilon, seed, progress = silentProgress }: MapOptions,
): Promise<RelationCell[]> {
  const space = searchSpaceOf(generator);
  const pairs = classes.flatMap((spaceGroup) => {
    const label = generator.labelOf(spaceGroup);
    return (space.supergroups?.(label) ?? []).map((above) => ({ spaceGroup, label, above }));
  });
  const bar = progress('related pairs', pairs.length);
  const cells: RelationCell[] = [];
  for (const { spaceGroup, label, above } of pairs) {
    const { reached, refused, crossed } = await space.approach({
      ...{ epsilon, seed, first: 0, count, from: [above] },
      score: (images) => guide.logitsOf(images),
      sides: { label, partner: null, classes: generator.classes.length },
    });
    const amplitudes = reached.map(({ position }) => position!);
    cells.push({
      ...{ spaceGroup, from: generator.classes[above]!, tried: count, crossed: crossed ?? 0 },
      amplitude: amplitudes.length > 0 ? median(amplitudes) : null,
      unseen: refused[NEVER_SEEN] ?? 0,
      seenAtOnce: refused[SEEN_AT_ONCE] ?? 0,
    });
    bar.advance(1, `${generator.classes[above]} > ${spaceGroup}`);
  }
  bar.done();
  return cells;
}
