import { usageError } from '../../src/common/errors.ts';
import { likeliestPairs, type Partnering, type WantedPair } from './pairs.ts';
import type { Wanted } from './wanted.ts';

/**
 * Who chooses the class across the boundary: `candidate`, each candidate its strongest rival under
 * the guide; `validation`, the most confused classes there for all candidates of a class.
 */
export const PARTNER_CHOICES = ['candidate', 'validation'] as const;
export type PartnerChoice = (typeof PARTNER_CHOICES)[number];

/** Triplets wanted of a space group near its boundary with a partner; null: each with its rival. */
export type WantedSearch = Omit<WantedPair, 'partner'> & { partner: number | null };

/** Partners as flags and files state them. */
export interface PartnerSettings {
  /** `14:62`: the class and its only partner. */
  pair?: string;
  partners?: number;
  partnerBy?: PartnerChoice;
}

/**
 * Who chooses partners: validation where a number of partners is asked for, else the candidates.
 *
 * @throws usage error for settings that contradict one another.
 */
export function partnerChoice({ pair, partners, partnerBy }: PartnerSettings): PartnerChoice {
  if (pair !== undefined && (partnerBy ?? partners) !== undefined) {
    const flag = partnerBy ? `--partner-by ${partnerBy}` : `--partners ${partners}`;
    throw usageError(`--pair ${pair} names the partner`, `leave out ${flag}`);
  }
  if (partnerBy === 'candidate' && partners !== undefined) {
    throw usageError(
      `--partners ${partners} are chosen on validation, not by each candidate`,
      'leave out --partner-by candidate',
    );
  }
  return partnerBy ?? (partners === undefined ? 'candidate' : 'validation');
}

/** The searches that bring the wanted triplets of each space group near its boundaries. */
export const boundarySearches = (
  partnering: Partnering & { by: PartnerChoice },
  wanted: Wanted,
): WantedSearch[] =>
  partnering.by === 'validation'
    ? likeliestPairs(partnering, wanted)
    : [...wanted].map(([spaceGroup, count]) => ({ spaceGroup, partner: null, count }));

/** The search of a pair that is named. */
export function namedSearch(pair: string, count: number): WantedSearch {
  const [spaceGroup, partner] = pair.split(':').map(Number) as [number, number];
  return { spaceGroup, partner, count };
}
