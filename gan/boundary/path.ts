import { isNear } from '../../classifier/boundary/margin.ts';
import type { Tensor } from '../../src/engine/tf.ts';
import { type Approach, type ApproachOptions, type Place, viewsOf } from './candidate.ts';
import { findCrossings } from './crossing.ts';
import { pullTogether } from './descent.ts';

/** Positions along the path that are scored first. */
export const PATH_GRID = [0, 0.25, 0.5, 0.75, 1] as const;

/** Which class the path of each latent vector leads to: the partner, or the rival at its start. */
function destinations<Image extends Tensor>(options: ApproachOptions<Image>): number[] {
  const { generator, sides, latents } = options;
  const { label, partner } = sides;
  if (partner !== null) return latents.map(() => partner);
  const still = new Float32Array(generator.embedding);
  const start = latents.map((z): Place => ({ z, offset: still, partner: label, t: 0 }));
  return viewsOf(options, start).map((view) => view.partner);
}

/** Where the margins of latent vectors cross the target on their paths, or come nearest to it. */
function alongPaths<Image extends Tensor>(
  options: ApproachOptions<Image>,
  target: number,
): Approach[] {
  const { generator, latents, sides, tolerance = 1e-3 } = options;
  const ways = destinations(options);
  const scored = sides.partner === null ? 2 : 1; // beside those of the search for a crossing
  const still = new Float32Array(generator.embedding);
  const at = (row: number, t: number): Place => {
    return { z: latents[row]!, offset: still, partner: ways[row]!, t };
  };
  const crossings = findCrossings({
    count: latents.length,
    grid: PATH_GRID,
    target,
    tolerance,
    f: (rows, places) =>
      viewsOf(
        options,
        rows.map((row, i) => at(row, places[i]!)),
      ).map(({ margin }) => margin),
  });
  const placed = crossings.map(({ t, nearest }, row) => at(row, t ?? nearest));
  const views = viewsOf(options, placed);
  return placed.map((place, row): Approach => {
    const evaluations = crossings[row]!.evaluations + scored;
    return { ...place, method: 'path', view: views[row]!, evaluations };
  });
}

/**
 * Brings latent vectors to the decision boundary of a class, on the label's side: along the path
 * between the two class embeddings where the margin crosses there; for the others, and where a
 * third class stands above the pair, by gradient on latent vector and a bounded offset of the
 * embedding. All candidates move together. Without a named partner each candidate's path leads to
 * its strongest rival at the start, and its margin is against whichever class is the rival where
 * it stands.
 */
export function approachBoundary<Image extends Tensor>(
  options: ApproachOptions<Image>,
): Approach[] {
  const { epsilon, gradientSteps = 24 } = options;
  const target = epsilon / 2;
  const found = alongPaths(options, target);
  const isThere = ({ view }: Approach): boolean => isNear(view, epsilon) && view.topTwo;
  const far = [...found.keys()].filter((row) => !isThere(found[row]!));
  if (gradientSteps === 0 || far.length === 0) return found;
  const pulled = pullTogether(
    options,
    far.map((row) => found[row]!),
    { target, steps: gradientSteps, isThere },
  );
  far.forEach((row, i) => {
    found[row] = pulled[i]!;
  });
  return found;
}
