import { textTable } from '../../src/common/log.ts';
import { median } from '../../src/common/quantile.ts';
import type { Unseen } from './unseen.ts';

/** What the search of one class came to. */
export interface Searched {
  spaceGroup: number;
  /** Null where every sample has its own. */
  partner: number | null;
  /** Accepted samples with each partner. */
  partners: Record<string, number>;
  /** Training triplets of the class. */
  training: number;
  accepted: number;
  attempts: number;
  seconds: number;
  times: { search: number; draw: number; checks: number };
  reasons: Record<string, number>;
  /** Attempts that only the guide finds near: the verifier's margin is beyond `FOOLED`. */
  guideOnly: number;
  /** Least, median and largest p(class) - p(partner) of accepted samples under the guide. */
  gap: { least: number; median: number; most: number } | null;
  unseen: Unseen;
}

export interface Result {
  makers: string;
  rare: number[];
  searched: Searched[];
}

/** Margin in nats from which a verifier takes no part in the guide's doubt: odds of seven to one. */
export const FOOLED = 2;

/** A row a class, and what the acceptance asks for. */
export function summary(
  results: readonly Result[],
  { count, minutes }: { count: number; minutes: number },
): string {
  const all = results.flatMap(({ makers, searched }) =>
    searched.map((one) => ({ makers, ...one })),
  );
  const shown = (value: number | null, digits: number) => value?.toFixed(digits) ?? '-';
  const rows = all.map(({ makers, unseen, gap, ...one }) => [
    makers,
    one.partner === null ? `${one.spaceGroup}` : `${one.spaceGroup}:${one.partner}`,
    Object.keys(one.partners).length,
    one.training,
    one.accepted,
    one.attempts,
    one.seconds.toFixed(0),
    shown(gap?.median ?? null, 3),
    shown(unseen.accepted, 2),
    shown(unseen.random, 2),
    unseen.randomRival.toFixed(2),
    one.reasons.verifier ?? 0,
    one.guideOnly,
  ]);
  const heads = [
    'GAN',
    'class',
    'partners',
    'training',
    'accepted',
    'attempts',
    'seconds',
    'p gap',
  ];
  const last = ['unseen margin', 'random', 'random to rival', 'verifier refused', 'guide only'];
  const reached = all.filter((one) => one.accepted >= count && one.seconds <= 60 * minutes);
  const unseen = (of: keyof Unseen) => median(all.flatMap((one) => one.unseen[of] ?? []));
  const farther = (of: keyof Unseen) =>
    `${unseen(of).toFixed(2)} nats, ${(unseen(of) / unseen('accepted')).toFixed(1)} times as far`;
  const total = (of: (one: Searched) => number) => all.reduce((sum, one) => sum + of(one), 0);
  const times = total((one) => one.times.search + one.times.draw + one.times.checks);
  const share = (phase: keyof Searched['times']) =>
    `${phase} ${((100 * total((one) => one.times[phase])) / times).toFixed(0)} %`;
  const lines = [
    `${reached.length} of ${all.length} classes have ${count} accepted samples within ${minutes} minutes each.`,
    `${total((one) => one.accepted)} accepted of ${total((one) => one.attempts)} attempts, ${(total((one) => one.accepted) / total((one) => one.seconds)).toFixed(2)} a second; ${share('search')}, ${share('draw')}, ${share('checks')}.`,
    `Median |margin| under an unseen classifier: accepted ${unseen('accepted').toFixed(2)} nats; random against the same partners ${farther('random')}; random, each against its strongest rival under the guide, ${farther('randomRival')}.`,
    `The verifier refused ${total((one) => one.reasons.verifier ?? 0)}; ${total((one) => one.guideOnly)} of them fooled only the guide: it is surer of them than ${FOOLED} nats.`,
  ];
  return `${lines.join('\n')}\n\n\`\`\`\n${textTable([[...heads, ...last], ...rows])}\n\`\`\`\n`;
}
