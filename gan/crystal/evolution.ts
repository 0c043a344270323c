import { isNear, type PairView } from '../../classifier/boundary/margin.ts';
import { Stream } from '../../src/common/stream.ts';
import { conformCell } from '../../src/crystal/cell.ts';
import type { Cell, Crystal } from '../../src/crystal/crystal.ts';
import { latticeSystem } from '../../src/crystal/spacegroup.ts';
import { type Checked, checkCrystal } from './proposal-checks.ts';
import { type CrystalSources, moveSites } from './skeleton-sources.ts';
import type { SkeletonCrystal } from './skeletons.ts';

/** What a proposal of the GAN is made from: its number among those of its class, and moves after. */
export interface ProposalSource {
  spaceGroup: number;
  seed: number;
  index: number;
  truncation: number;
  /** Rounds of moves as a binary number: after the leading one a digit each, 1 where it was kept. */
  moves: number;
}

/** The `moves` of a proposal that was never moved. */
export const UNMOVED = 1;

/** Whether each round of moves was kept, the first one first. */
const roundsOf = (moves: number): boolean[] =>
  [...moves.toString(2)].slice(1).map((d) => d === '1');

/** Size of the first move: atoms by so many angstrom, lengths by a fifth of it. */
const FIRST_STEP = 0.1;
const LENGTHS = 0.2;
const DEGREES = 8;
/** A step grows where it brought the crystal nearer and shrinks where it did not. */
const GROWTH = 1.4;
const SHRINKING = 0.8;
/** Rounds of moves at most. */
export const ROUNDS = 9;

/** A neighbour of a crystal: free coordinates and free lattice parameters moved at random. */
function neighbour(sited: SkeletonCrystal, step: number, stream: Stream): SkeletonCrystal {
  const [a, b, c, alpha, beta, gamma] = sited.cell;
  const length = (value: number): number => value * Math.exp(LENGTHS * step * stream.normal());
  const angle = (value: number): number => value + DEGREES * step * stream.normal();
  const free: Cell = [length(a), length(b), length(c), angle(alpha), angle(beta), angle(gamma)];
  const cell = conformCell(free, latticeSystem(sited.skeleton.spaceGroup));
  return moveSites({ ...sited, cell }, step, stream);
}

/** The crystal after a round of moves of a size. */
const movedIn = (
  sited: SkeletonCrystal,
  { seed, spaceGroup, index }: ProposalSource,
  { round, step }: { round: number; step: number },
): SkeletonCrystal =>
  neighbour(sited, step, new Stream(seed, `moves/${spaceGroup}/${index}/${round}`));

/** A proposal after the moves of its source that were kept. */
export function movedProposal(start: SkeletonCrystal, source: ProposalSource): SkeletonCrystal {
  let [sited, step] = [start, FIRST_STEP];
  for (const [round, kept] of roundsOf(source.moves).entries()) {
    if (kept) sited = movedIn(sited, source, { round, step });
    step *= kept ? GROWTH : SHRINKING;
  }
  return sited;
}

/** A proposal on its way to the boundary. */
export interface MovedCandidate {
  source: ProposalSource;
  sited: SkeletonCrystal;
  /** What the guide says of it; null where it cannot be simulated. */
  view: PairView | null;
  evaluations: number;
}

export interface Evolution {
  starts: readonly { source: ProposalSource; sited: SkeletonCrystal; crystal: Crystal }[];
  sources: CrystalSources;
  /** Wanted: 0 <= p(label) - p(partner) < epsilon, and no class likelier than the two. */
  epsilon: number;
  /** What the guide says of simulated crystals; null for those that give no triplet. */
  views(crystals: readonly { crystal: Crystal; index: number }[]): Promise<(PairView | null)[]>;
}

/** How far a view is from the middle of the band, in nats; mass outside the pair counts too. */
const distance = (view: PairView | null, epsilon: number): number =>
  view === null
    ? Infinity
    : Math.abs(view.margin - epsilon / 2) -
      Math.log(Math.max(view.probability + view.partnerProbability, 1e-12));

/**
 * Leads proposals to where the guide hesitates: their free coordinates and lattice parameters are
 * moved at random, and a move that brings the triplet nearer to the boundary is kept, the step adapting
 * itself (a (1+1) evolution strategy: Rechenberg 1973). Every move passes the checks of crystals
 * before it is simulated, so that the label stays right. All proposals move together; those that do
 * not arrive stay where they came nearest.
 */
export async function evolve(evolution: Evolution): Promise<MovedCandidate[]> {
  const { starts, sources, epsilon, views } = evolution;
  const { distances } = sources;
  const first = await views(
    starts.map(({ crystal, source }) => ({ crystal, index: source.index })),
  );
  const all = starts.map(({ source, sited }, i) => ({
    ...{ source, sited, view: first[i]!, evaluations: 1 },
    step: FIRST_STEP,
  }));
  for (let round = 0; round < ROUNDS; round++) {
    const tried = all
      .filter(({ view }) => view && !(isNear(view, epsilon) && view.topTwo))
      .map((one) => {
        const sited = movedIn(one.sited, one.source, { round, step: one.step });
        return { one, sited, checked: checkCrystal(sited, { id: 'moved', distances }) };
      });
    const ready = tried.filter((each): each is typeof each & { checked: { ok: Crystal } } =>
      isRight(each.checked),
    );
    const seen = await views(
      ready.map(({ one, checked }) => ({ crystal: checked.ok, index: one.source.index })),
    );
    const viewOf = new Map(ready.map(({ one }, i) => [one, seen[i]!]));
    for (const { one, sited } of tried) {
      const view = viewOf.get(one) ?? null;
      if (viewOf.has(one)) one.evaluations++;
      const kept = distance(view, epsilon) < distance(one.view, epsilon);
      if (kept) Object.assign(one, { sited, view });
      one.source = { ...one.source, moves: 2 * one.source.moves + Number(kept) };
      one.step *= kept ? GROWTH : SHRINKING;
    }
  }
  return all.map(({ step: _, ...candidate }) => candidate);
}

const isRight = (checked: Checked): checked is { ok: Crystal } => 'ok' in checked;
