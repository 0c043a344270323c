import { existsSync } from 'node:fs';
import { newestRun } from '../../src/common/run.ts';
import { ARCHIVE_FILE, openArchive } from '../archive/archive.ts';
import type { Sampling } from '../sampling/open.ts';
import { validationConfusion } from '../sampling/pairs.ts';
import type { PairCell } from './probe-data.ts';

/** Accepted boundary samples of each pair in the newest sample run, by `class:partner`. */
async function sampledPairs(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const path = newestRun('sample', ARCHIVE_FILE)?.file(ARCHIVE_FILE);
  if (!path || !existsSync(path)) return counts;
  const { passports } = await openArchive(path);
  for (const { class: spaceGroup, partner } of passports ?? []) {
    if (partner === null) continue;
    const key = `${spaceGroup}:${partner}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** How the classes asked for are confused on validation, and what the newest samples cover. */
export async function pairTable(sampling: Sampling): Promise<PairCell[]> {
  const { generator, classes, store } = sampling;
  const table = validationConfusion(sampling.guide!, store);
  const sampled = await sampledPairs();
  return classes.flatMap((spaceGroup) =>
    table[generator.labelOf(spaceGroup)]!.filter(
      ({ label, partner }) => label !== partner && generator.knows(partner),
    ).map(({ partner, share }) => ({
      spaceGroup,
      partner: generator.classes[partner]!,
      confusion: share,
      accepted: sampled.get(`${spaceGroup}:${generator.classes[partner]}`) ?? null,
    })),
  );
}

/** The pair to show: sampled pairs first, then the most confused one. */
export function likeliestPair(cells: readonly PairCell[]): [number, number] {
  const best = [...cells].sort(
    (a, b) => (b.accepted ?? 0) - (a.accepted ?? 0) || b.confusion - a.confusion,
  )[0]!;
  return [best.spaceGroup, best.partner];
}
