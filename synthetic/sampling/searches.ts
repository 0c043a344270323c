import type { SearchSpace } from '../../gan/generator.ts';
import { usageError } from '../../src/common/errors.ts';
import { groupsOf } from '../../src/common/settings.ts';
import { likeliestPairs, type Partnering, type WantedPair } from './pairs.ts';
import type { Wanted } from './wanted.ts';

/**
 * What chooses the class across the boundary: `candidate`, each candidate its strongest rival under
 * the guide; `relation`, the same for crystals of supergroups that are distorted down to the class,
 * where there are some; `validation`, the most confused classes there for all candidates of a class.
 */
export const PARTNER_CHOICES = ['relation', 'candidate', 'validation'] as const;
export type PartnerChoice = (typeof PARTNER_CHOICES)[number];

/** Triplets wanted of a space group near its boundary with a partner; null: each with its rival. */
export type WantedSearch = Omit<WantedPair, 'partner'> & {
  partner: number | null;
  /** Space groups whose crystals are distorted down to it; absent: the partner's where that can be. */
  from?: readonly number[];
};

/** Partners as flags and files state them. */
export interface PartnerSettings {
  /** `14:62`: the class and its only partner. */
  pair?: string;
  partners?: number;
  partnerBy?: PartnerChoice;
}

/**
 * What chooses partners: validation where a number of partners is asked for, else the relation.
 *
 * @throws usage error for settings that contradict one another.
 */
export function partnerChoice({ pair, partners, partnerBy }: PartnerSettings): PartnerChoice {
  if (pair !== undefined && (partnerBy ?? partners) !== undefined) {
    const flag = partnerBy ? `--partner-by ${partnerBy}` : `--partners ${partners}`;
    throw usageError(`--pair ${pair} names the partner`, `leave out ${flag}`);
  }
  if (partnerBy !== undefined && partnerBy !== 'validation' && partners !== undefined) {
    throw usageError(
      `--partners ${partners} are chosen on validation, not by each candidate`,
      `leave out --partner-by ${partnerBy}`,
    );
  }
  return partnerBy ?? (partners === undefined ? 'relation' : 'validation');
}

/** The searches that bring the wanted triplets of each space group near its boundaries. */
export function boundarySearches(
  request: Omit<Partnering, 'allowed'> & {
    by: PartnerChoice;
    /** What the generator can move; absent: every class may be a partner, none is related. */
    space?: Pick<SearchSpace, 'allows' | 'supergroups'>;
  },
  wanted: Wanted,
): WantedSearch[] {
  const { by, space, ...partnering } = request;
  if (by === 'validation') {
    const allowed = space && ((partner: number) => space.allows(partner));
    return likeliestPairs({ ...partnering, allowed }, wanted);
  }
  const { classes } = request.store;
  return [...wanted].map(([spaceGroup, count]) => {
    const above = by === 'relation' && space?.supergroups?.(classes.indexOf(spaceGroup));
    const from = above && above.length > 0 ? above.map((label) => classes[label]!) : undefined;
    return { spaceGroup, partner: null, from, count };
  });
}

/** The search of a pair that is named. */
export function namedSearch(pair: string, count: number): WantedSearch {
  const [spaceGroup, partner] = groupsOf(pair);
  return { spaceGroup, partner, count };
}
