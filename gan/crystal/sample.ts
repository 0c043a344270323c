import type { ProgressFactory } from '../../src/common/progress.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { NoveltyCheck } from './novelty.ts';
import { checkCrystal, type Refusal } from './proposal-checks.ts';
import { PROPOSAL_BLOCK, type Proposal } from './proposals.ts';
import type { Ancestry, CrystalSources } from './skeleton-sources.ts';
import type { SkeletonCrystal } from './skeletons.ts';

/** A checked crystal of a generator or of a control, and where it comes from. */
export interface MadeCrystal {
  crystal: Crystal;
  /** Number of its proposal among those of its class under the seed. */
  index: number;
  ancestry: Ancestry;
  /** Proposals of its class that were refused since the one before it. */
  refusals: number;
}

/** Crystals in the order of the request, and what was refused on the way to them. */
export interface MadeCrystals {
  made: MadeCrystal[];
  proposed: number;
  refused: Record<string, number>;
}

/** Proposals of a class by their numbers; fewer where some cannot be made. */
type Propose = (spaceGroup: number, indices: readonly number[]) => Omit<Proposal, 'seed'>[];

export interface GatherRequest {
  /** How many of each space group. */
  wanted: ReadonlyMap<number, number>;
  propose: Propose;
  sources: CrystalSources;
  /** Crystals that samples must not be equal to. */
  novelty: NoveltyCheck;
  /** Name of a crystal. */
  nameOf(spaceGroup: number, index: number): string;
  progress?: ProgressFactory;
}

/** Proposals at most for each crystal wanted, and beside. */
const MOST_EACH = 12;
const MOST_BESIDE = 4 * PROPOSAL_BLOCK;

/**
 * Proposes and checks crystals until enough of each class stand every check, or the class has had
 * its share of proposals.
 */
export function gatherCrystals(request: GatherRequest): MadeCrystals {
  const { wanted, propose, sources, novelty, nameOf, progress = silentProgress } = request;
  const total = [...wanted.values()].reduce((sum, count) => sum + count, 0);
  const bar = progress('making crystals', total);
  const out: MadeCrystals = { made: [], proposed: 0, refused: {} };
  const refuse = (reason: Refusal): void => {
    out.refused[reason] = (out.refused[reason] ?? 0) + 1;
  };
  for (const [spaceGroup, count] of wanted) {
    let [left, refusals] = [count, 0];
    const most = MOST_EACH * count + MOST_BESIDE;
    for (let first = 0; left > 0 && first < most; first += PROPOSAL_BLOCK) {
      const indices = Array.from({ length: PROPOSAL_BLOCK }, (_, i) => first + i);
      const proposals = propose(spaceGroup, indices);
      if (proposals.length === 0) break;
      for (const { index, crystal: sited, reference } of proposals) {
        if (left === 0) break;
        out.proposed++;
        const id = nameOf(spaceGroup, index);
        const checked = checkCrystal(sited, { id, distances: sources.distances });
        const refusal = 'refused' in checked ? checked.refused : novelty.refusal(checked.ok);
        if ('refused' in checked || refusal) {
          refuse(refusal!);
          refusals++;
          continue;
        }
        const { crystal: _, ...ancestry } = reference;
        out.made.push({ crystal: checked.ok, index, ancestry, refusals });
        refusals = 0;
        left--;
        bar.advance();
      }
    }
  }
  bar.done();
  return out;
}

/** Crystals of a control: how many, of which classes, and what they are made from. */
export interface ControlRequest {
  wanted: ReadonlyMap<number, number>;
  sources: CrystalSources;
  /** Crystals that none may be equal to. */
  heldOut?: readonly Crystal[];
  seed: number;
  progress?: ProgressFactory;
}

/** One proposal of a control; null where there is nothing to make it from. */
type Make = (
  spaceGroup: number,
  stream: Stream,
) => { crystal: SkeletonCrystal; ancestry: Ancestry } | null;

function control(name: string, request: ControlRequest, make: Make): MadeCrystals {
  const { sources, seed, wanted, progress } = request;
  return gatherCrystals({
    wanted,
    sources,
    progress,
    novelty: new NoveltyCheck({ training: sources.crystals, heldOut: request.heldOut ?? [] }),
    nameOf: (spaceGroup, index) => `${name}:${seed}-${spaceGroup}-${index}`,
    propose: (spaceGroup, indices) =>
      indices.flatMap((index) => {
        const found = make(spaceGroup, new Stream(seed, `${name}/${spaceGroup}/${index}`));
        if (!found) return [];
        const { crystal, ancestry } = found;
        return [{ spaceGroup, index, crystal, reference: { ...ancestry, crystal } }];
      }),
  });
}

function ofSource(request: ControlRequest, shares: Parameters<CrystalSources['draw']>[1]): Make {
  return (spaceGroup, stream) => {
    const reference = request.sources.draw(spaceGroup, shares, stream);
    if (!reference) return null;
    const { crystal, ...ancestry } = reference;
    return { crystal, ancestry };
  };
}

/** Control: crystals from fitted priors alone. */
export const fittedCrystals = (request: ControlRequest): MadeCrystals =>
  control('fitted', request, ofSource(request, { known: 0, broken: 0, new: 1 }));

/** Control: training crystals of supergroups with broken symmetry. */
export const brokenCrystals = (request: ControlRequest): MadeCrystals =>
  control('broken', request, ofSource(request, { known: 0, broken: 1, new: 0 }));
