import { inputError } from '../../src/common/errors.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { SYMMETRY_MARGIN } from '../../src/crystal/exact-group.ts';
import { hasClash } from './clashes.ts';
import { type Checked, checkCrystal } from './proposal-checks.ts';
import type { CrystalSources } from './skeleton-sources.ts';
import { skeletonOf } from './skeletons.ts';
import { subgroupPaths } from './subgroups.ts';
import { breakSymmetry, type DistortionPath, distort } from './symmetry-breaking.ts';

/** A distorted training crystal as plain data: enough to make the same crystal again. */
export interface DistortionSource {
  /** The subgroup that is left, which is the group of the crystal at every amplitude above 0. */
  spaceGroup: number;
  seed: number;
  /** Number of the candidate under its seed and group. */
  index: number;
  /** Number of the parent among the training crystals of the model. */
  parent: number;
  /** Which of the paths that are drawn for the candidate. */
  path: number;
  /** How far the farthest atom is moved, angstrom. */
  amplitude: number;
}

/** A path from a training crystal of a supergroup, and how far along it atoms have room. */
export interface Way {
  /** At amplitude 0. */
  source: DistortionSource;
  path: DistortionPath;
  /** Angstrom. */
  farthest: number;
}

/** Paths that are drawn for a candidate: the longest of some that can be walked is taken. */
const PATHS = 24;
const WALKABLE = 3;
const UNSTRAINED: Cell = [0, 0, 0, 0, 0, 0];
/** Ends of paths, angstrom: the first at which no atoms clash. */
const ENDS = [1, 0.7, 0.5, 0.35, 0.25, 0.15] as const;

/**
 * The path of a source.
 *
 * @throws input error where the crystals have no such parent, or nothing can be moved on the path.
 */
export function wayOf(sources: CrystalSources, source: DistortionSource): Way {
  const way = walkable(sources, source);
  if (way) return way;
  const { parent, spaceGroup } = source;
  throw inputError(`no path from training crystal ${parent} to space group ${spaceGroup}`);
}

/** The path of a source where it can be walked. */
function walkable(sources: CrystalSources, source: DistortionSource): Way | null {
  const path = drawPath(sources, source);
  const farthest = path && ENDS.find((end) => !hasClash(distort(path, end), sources.distances));
  return path && farthest ? { source, path, farthest } : null;
}

function drawPath(
  { crystals }: CrystalSources,
  { parent, spaceGroup, seed, index, path }: DistortionSource,
): DistortionPath | null {
  const crystal = crystals[parent];
  const sited = crystal && skeletonOf(crystal);
  if (!sited) return null;
  const subgroups = subgroupPaths(crystal.spaceGroup, spaceGroup);
  if (subgroups.length === 0) return null;
  const stream = new Stream(seed, `distortion/${spaceGroup}/${index}/${path}`);
  const found = breakSymmetry({ parent: sited, subgroup: stream.pick(subgroups), stream });
  // The lattice stays: the amplitude says all, and no pattern turns where two axes cease to be equal.
  return found && { ...found, strain: UNSTRAINED };
}

/**
 * Candidate number `index`: a path to a subgroup from a training crystal of one of some groups, both
 * chosen at random; null where none of some can be walked.
 */
export function findWay(
  sources: CrystalSources,
  candidate: { from: readonly number[]; spaceGroup: number; seed: number; index: number },
): Way | null {
  const { from, ...own } = candidate;
  const stream = new Stream(own.seed, `parents/${own.spaceGroup}/${own.index}`);
  const group = stream.pick(from);
  const parents = sources.known(group);
  if (parents.length === 0) return null;
  let [best, walked]: [Way | null, number] = [null, 0];
  for (let path = 0; path < PATHS && walked < WALKABLE; path++) {
    const parent = sources.crystals.indexOf(stream.pick(parents).crystal);
    const found = walkable(sources, { ...own, parent, path, amplitude: 0 });
    if (!found) continue;
    walked++;
    if (!best || found.farthest > best.farthest) best = found;
  }
  return best;
}

/** Name of a distorted crystal. */
export const distortionName = ({ seed, spaceGroup, index }: DistortionSource): string =>
  `distorted:${seed}-${spaceGroup}-${index}`;

/** Share of the amplitude by which positions may blur without the symmetry being higher. */
const RELATIVE_MARGIN = 0.25;

/**
 * The crystal on a path where it has exactly the stated group: also when its positions are blurred by
 * a quarter of its amplitude, at most by the 0.1 angstrom of every other check. What the classifier
 * can see at a smaller amplitude than that has a true label all the same.
 */
export function distortedCrystal(
  sources: CrystalSources,
  { source, path }: Pick<Way, 'source' | 'path'>,
): Checked {
  const { amplitude } = source;
  return checkCrystal(distort(path, amplitude), {
    id: distortionName(source),
    distances: sources.distances,
    margin: Math.min(SYMMETRY_MARGIN, RELATIVE_MARGIN * amplitude),
  });
}
