import { groupBy } from '../common/group.ts';
import { kernels } from '../engine/kernels.ts';
import { denseMultislice } from './dense.ts';
import { fusedMultislice } from './fused.ts';
import type { Intensities, Job } from './job.ts';
import { transformMultislice } from './planes.ts';

/** Beams up to which a product with the scattering matrix beats two transforms (measured, CPU). */
const DENSE_BEAMS = 420;

/** The same for the fused kernel. */
const FUSED_BEAMS = 1200;

/** Waves and matrices of one group stay in about this many bytes, to fit a processor's cache. */
const GROUP_BYTES = 24 << 20;

/** What calling the engine for one more group costs, in multiplications of a slice (measured, CPU). */
const GROUP_COST = 6e6;

function groupBytes(jobs: number, beams: number, tilts: number): number {
  return 4 * jobs * (4 * beams * beams + 16 * beams * tilts);
}

/**
 * Cuts jobs of the same stages, sorted by size, into groups of bounded memory so that the padding
 * of each job to the largest of its group costs least: the best last cut for every length in turn.
 */
function groupsOf(jobs: readonly Job[], order: readonly number[]): number[][] {
  const cuts = [{ cost: 0, start: 0 }];
  for (let end = 1; end <= order.length; end++) {
    let best = { cost: Number.POSITIVE_INFINITY, start: end - 1 };
    let tilts = 0;
    const { beams } = jobs[order[end - 1]!]!;
    for (let start = end - 1; start >= 0; start--) {
      const count = end - start;
      tilts = Math.max(tilts, jobs[order[start]!]!.tilts.count);
      if (count > 1 && groupBytes(count, beams.count, tilts) > GROUP_BYTES) break;
      const cost = cuts[start]!.cost + GROUP_COST + count * 4 * beams.count ** 2 * tilts;
      if (cost < best.cost) best = { cost, start };
    }
    cuts.push(best);
  }
  const groups: number[][] = [];
  for (let end = order.length; end > 0; end = cuts[end]!.start) {
    groups.unshift(order.slice(cuts[end]!.start, end));
  }
  return groups;
}

/** Jobs that can share one call: all with the same stages. */
function byStages(jobs: readonly Job[], order: readonly number[]): number[][] {
  const kinds = groupBy(order, (at) => JSON.stringify(jobs[at]!.stages));
  return [...kinds.values()];
}

/** The same by TensorFlow's own operations; like sizes are computed together. */
function composed(jobs: readonly Job[]): Intensities[] {
  const out: Intensities[] = new Array(jobs.length);
  const indices = jobs.map((_, i) => i);
  const dense = indices.filter((i) => jobs[i]!.beams.count <= DENSE_BEAMS);
  dense.sort((a, b) => jobs[a]!.beams.count - jobs[b]!.beams.count || a - b);
  for (const group of byStages(jobs, dense).flatMap((kind) => groupsOf(jobs, kind))) {
    const results = denseMultislice(group.map((i) => jobs[i]!));
    group.forEach((i, position) => {
      out[i] = results[position]!;
    });
  }
  for (const i of indices) out[i] ??= transformMultislice(jobs[i]!);
  return out;
}

/**
 * Multislice of one projected cell for each job, a batch of tilted plane waves each: the exact
 * position-averaged pattern of the projected potential. Jobs may come in any order and size.
 */
export function periodicMultislice(jobs: readonly Job[]): Intensities[] {
  const run = kernels();
  if (!run) return composed(jobs);
  return jobs.map((job) =>
    job.beams.count <= FUSED_BEAMS ? fusedMultislice(run, job) : transformMultislice(job),
  );
}
