import { type ClassPair, type PairView, sidedView } from '../../classifier/boundary/margin.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { findCrossingsSlowly } from '../boundary/crossing.ts';
import { guideLogits, NEVER_SEEN, SEEN_AT_ONCE } from '../boundary/search.ts';
import type {
  Approached,
  ApproachRequest,
  BoundaryPath,
  GuideScore,
  ReachedCandidate,
  SearchSpace,
} from '../generator.ts';
import { type DistortionSource, distortedCrystal, findWay, type Way, wayOf } from './distortion.ts';
import { evolve, type ProposalSource, UNMOVED } from './evolution.ts';
import type { CrystalModel } from './model.ts';
import { NoveltyCheck } from './novelty.ts';
import { checkCrystal, REFUSALS, type Refusal } from './proposal-checks.ts';
import { simulateCrystals } from './simulation.ts';
import { crystalOf } from './skeletons.ts';
import { subgroupPaths } from './subgroups.ts';
import { distort } from './symmetry-breaking.ts';

/** What a crystal is made from: a proposal of the GAN, or a distorted training crystal. */
export type CrystalSource = ProposalSource | DistortionSource;

export const isDistortion = (source: CrystalSource): source is DistortionSource =>
  'amplitude' in source;

/** What the guide says of the triplets of crystals; null for those that give none. */
async function viewsOf(
  { parts }: CrystalModel,
  { score, sides }: Pick<ApproachRequest, 'score' | 'sides'>,
  crystals: readonly { crystal: Crystal; index: number }[],
): Promise<(PairView | null)[]> {
  const { simulation } = parts;
  const drawn = await simulateCrystals(
    crystals.map(({ crystal }) => crystal),
    simulation,
    { energyOf: (at) => simulation.energies[crystals[at]!.index % simulation.energies.length]! },
  );
  const images = drawn.flatMap((one) => ('pixels' in one ? [one.pixels] : []));
  if (images.length === 0) return drawn.map(() => null);
  const logits = guideLogits(score, images, simulation.size);
  let row = 0;
  return drawn.map((one) => ('pixels' in one ? sidedView(logits, row++, sides) : null));
}

/** Positions on a path, as shares of it, that are looked at first: a path that does not cross ends there. */
const GRID = [0, 1] as const;
/** Width of the bracket of an amplitude, angstrom: paths are at most 1 angstrom long. */
const TOLERANCE = 1e-3;
/** Looks between them at most: with both ends and the drawing some ten simulations. */
const STEPS = 9;
/** Margin of a crystal that gives no triplet: it is on nobody's side. */
const NONE = -50;

/** A path, and where on it the label becomes the likelier class; null where it never does. */
export interface CrossedWay extends Way {
  amplitude: number | null;
  /** Whether the guide takes it for the label where it is not distorted at all. */
  startsAbove: boolean;
  evaluations: number;
}

/**
 * The smallest amplitude of each path at which the margin rises to the target, seen from the lower
 * symmetry, to 1e-3 angstrom: all paths together, looked at in both ends, then bisected (Illinois
 * false position) where these differ.
 *
 * @param margins ln p(label) - ln p(partner) of the crystals of some paths at amplitudes.
 */
export async function findAmplitudes(
  ways: readonly Way[],
  margins: (at: readonly { way: Way; amplitude: number }[]) => Promise<number[]>,
  target: number,
): Promise<CrossedWay[]> {
  const amplitude = (row: number, t: number): number => Math.fround(t * ways[row]!.farthest);
  const found = await findCrossingsSlowly(
    {
      ...{ count: ways.length, target, grid: GRID, tolerance: TOLERANCE, steps: STEPS },
      entering: true,
    },
    (rows, at) =>
      margins(rows.map((row, i) => ({ way: ways[row]!, amplitude: amplitude(row, at[i]!) }))),
  );
  return ways.map((way, row) => {
    const { t, startsAbove, evaluations } = found[row]!;
    const own = t === null ? null : amplitude(row, t);
    return { ...way, amplitude: own, startsAbove, evaluations };
  });
}

/** The paths with the amplitude at which the guide starts to see their lower symmetry. */
const crossedWays = (
  model: CrystalModel,
  ways: readonly Way[],
  { score, sides, epsilon }: Pick<ApproachRequest, 'score' | 'sides' | 'epsilon'>,
): Promise<CrossedWay[]> =>
  findAmplitudes(
    ways,
    async (at) => {
      const crystals = at.map(({ way: { path, source }, amplitude }) => ({
        crystal: crystalOf(distort(path, amplitude), 'path'),
        index: source.index,
      }));
      const views = await viewsOf(model, { score, sides }, crystals);
      return views.map((view) => view?.margin ?? NONE);
    },
    epsilon / 2,
  );

/** Counts why candidates are refused. */
class Refused {
  readonly counts: Record<string, number> = {};

  add(reason: string): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
  }

  check(refusal: Refusal): void {
    this.add(REFUSALS[refusal]);
  }
}

const indicesOf = ({ first, count }: ApproachRequest): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** Candidates on paths from crystals of supergroups to the label. */
async function approachByDistortion(
  model: CrystalModel,
  request: ApproachRequest & { from: readonly number[] },
): Promise<Approached<CrystalSource>> {
  const { seed, sides } = request;
  const spaceGroup = model.classes[sides.label]!;
  const from = request.from.map((label) => model.classes[label]!);
  const refused = new Refused();
  const ways = indicesOf(request).flatMap((index) => {
    const way = findWay(model.sources, { from, spaceGroup, seed, index });
    if (!way) refused.add('no distortion found');
    return way ?? [];
  });
  const novelty = new NoveltyCheck({ training: [], heldOut: model.parts.heldOut });
  let [crossed, wasted] = [0, 0];
  const reached: ReachedCandidate<CrystalSource>[] = [];
  for (const way of await crossedWays(model, ways, request)) {
    const { source, path, amplitude, startsAbove, evaluations } = way;
    if (amplitude === null) {
      refused.add(startsAbove ? SEEN_AT_ONCE : NEVER_SEEN);
      wasted += evaluations;
      continue;
    }
    crossed++;
    const there = { ...source, amplitude };
    const checked = distortedCrystal(model.sources, { source: there, path });
    const refusal = 'ok' in checked ? novelty.known(checked.ok) : checked.refused;
    if (refusal) {
      refused.check(refusal);
      wasted += evaluations;
      continue;
    }
    const at = { toward: model.classes.indexOf(path.parent), position: amplitude };
    reached.push({ index: source.index, source: there, ...at, method: 'distortion', evaluations });
  }
  return { reached, refused: refused.counts, wasted, crossed };
}

/** Proposals of the GAN whose free coordinates and cells are moved. */
async function approachByMoves(
  model: CrystalModel,
  request: ApproachRequest,
): Promise<Approached<CrystalSource>> {
  const { seed, sides, epsilon } = request;
  const { sources, parts } = model;
  const spaceGroup = model.classes[sides.label]!;
  const refused = new Refused();
  const novelty = new NoveltyCheck({ training: parts.training, heldOut: parts.heldOut });
  const starts = model
    .propose({ spaceGroup, seed, indices: indicesOf(request) })
    .flatMap(({ index, crystal: sited }) => {
      const checked = checkCrystal(sited, { id: `${index}`, distances: sources.distances });
      const refusal = 'ok' in checked ? novelty.known(checked.ok) : checked.refused;
      if (refusal) refused.check(refusal);
      if (refusal || !('ok' in checked)) return [];
      const source = { spaceGroup, seed, index, truncation: 1, moves: UNMOVED };
      return [{ source, sited, crystal: checked.ok }];
    });
  const views = (crystals: Parameters<typeof viewsOf>[2]) => viewsOf(model, request, crystals);
  const moved = await evolve({ starts, sources, epsilon, views });
  let wasted = 0;
  const reached = moved.flatMap(({ source, view, evaluations, sited }) => {
    const refusal = novelty.known(crystalOf(sited, 'moved'));
    if (refusal) refused.check(refusal);
    if (!view) refused.add('cannot be simulated');
    if (refusal || !view) {
      wasted += evaluations;
      return [];
    }
    const { index } = source;
    const toward = view.partner;
    return [{ index, source, toward, position: null, method: 'moves', evaluations }];
  });
  return { reached, refused: refused.counts, wasted };
}

/** Paths that are tried for one that shows the boundary. */
const TRIED = 12;

/**
 * A path between two groups that are related, whichever of them is the supergroup, and from where on
 * the guide takes it for the lower one: of several one on which the other is its rival there, if there
 * is one, and the lower group likeliest. Null where the two are not related.
 */
async function distortionPathBetween(
  model: CrystalModel,
  pair: ClassPair,
  { score, seed }: { score: GuideScore; seed: number },
): Promise<BoundaryPath<CrystalSource> | null> {
  const { classes, sources } = model;
  const lower = isAbove(model, pair) ? pair : { label: pair.partner, partner: pair.label };
  if (!isAbove(model, lower)) return null;
  const [spaceGroup, from] = [classes[lower.label]!, classes[lower.partner]!];
  const ways = Array.from({ length: TRIED }, (_, index) =>
    findWay(sources, { from: [from], spaceGroup, seed, index }),
  ).filter((way) => way !== null);
  if (ways.length === 0) return null;
  const sides = { label: lower.label, partner: null, classes: classes.length };
  const found = await crossedWays(model, ways, { score, sides, epsilon: 0 });
  const crossing = found.filter(
    (way): way is CrossedWay & { amplitude: number } => way.amplitude !== null,
  );
  const views = await viewsOf(
    model,
    { score, sides },
    crossing.map(({ path, amplitude, source }) => ({
      crystal: crystalOf(distort(path, amplitude), 'path'),
      index: source.index,
    })),
  );
  const share = views.map((view) =>
    view ? view.probability + Number(view.partner === lower.partner) : 0,
  );
  const best = crossing[share.indexOf(Math.max(...share))];
  const { source, farthest, path } = best ?? ways[0]!;
  return {
    from: 0,
    // A path is shown to three times the amplitude at its boundary, so that both sides are seen.
    to: best ? Math.min(farthest, 3 * best.amplitude) : farthest,
    crossing: best?.amplitude ?? null,
    at: (amplitude) => ({ ...source, amplitude: Math.fround(amplitude) }),
    structure: (amplitude) => crystalOf(distort(path, amplitude), 'path'),
  };
}

/** Whether training crystals of the partner can be distorted down to the label. */
const isAbove = ({ classes, sources }: CrystalModel, { label, partner }: ClassPair): boolean =>
  label !== partner &&
  sources.known(classes[partner]!).length > 0 &&
  subgroupPaths(classes[partner]!, classes[label]!).length > 0;

/**
 * What a crystal GAN can move: training crystals of supergroups along a distortion, whose amplitude
 * is the position; else its own proposals, by their free coordinates and cell.
 */
export const crystalSearchSpace = (model: CrystalModel): SearchSpace<CrystalSource> => ({
  axis: { name: 'amplitude of the distortion', unit: 'angstrom' },
  allows: (label) => model.knows(label),
  supergroups: (label) =>
    [...model.classes.keys()].filter((partner) => isAbove(model, { label, partner })),
  async approach(request) {
    const { label, partner } = request.sides;
    const above = partner !== null && isAbove(model, { label, partner }) ? [partner] : [];
    const { from = above } = request;
    return from.length > 0
      ? approachByDistortion(model, { ...request, from })
      : approachByMoves(model, request);
  },
  async crossings(sources, request) {
    const ways = sources.filter(isDistortion).map((source) => wayOf(model.sources, source));
    return (await crossedWays(model, ways, request)).map(({ amplitude }) => amplitude);
  },
  path: (pair, request) => distortionPathBetween(model, pair, request),
});
