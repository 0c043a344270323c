import { denseMultislice } from './dense.ts';
import type { Intensities, Job } from './job.ts';
import { transformMultislice } from './planes.ts';

/** Beams up to which a product with the scattering matrix beats two transforms (measured, CPU). */
const DENSE_BEAMS = 420;

/** Waves and matrices of one group stay in about this many bytes, to fit a processor's cache. */
const GROUP_BYTES = 24 << 20;

/** Jobs that can share one call: all dense, all with the same stages. */
function groupBytes(jobs: number, beams: number, tilts: number): number {
  return 4 * jobs * (4 * beams * beams + 16 * beams * tilts);
}

const stagesKey = (job: Job): string => JSON.stringify(job.stages);

/** Cuts jobs, sorted by size, into groups of like size and bounded memory. */
function groupsOf(jobs: readonly Job[], order: readonly number[]): number[][] {
  const groups: number[][] = [];
  let [tilts, key] = [0, ''];
  for (const at of order) {
    const job = jobs[at]!;
    const group = groups.at(-1);
    tilts = Math.max(tilts, job.tilts.count);
    const fits = group && groupBytes(group.length + 1, job.beams.count, tilts) <= GROUP_BYTES;
    if (fits && key === stagesKey(job)) group.push(at);
    else {
      groups.push([at]);
      [tilts, key] = [job.tilts.count, stagesKey(job)];
    }
  }
  return groups;
}

/**
 * Multislice of one projected cell for each job, a batch of tilted plane waves each: the exact
 * position-averaged pattern of the projected potential. Jobs may come in any order and size; like
 * sizes are computed together.
 */
export function periodicMultislice(jobs: readonly Job[]): Intensities[] {
  const out: Intensities[] = new Array(jobs.length);
  const indices = jobs.map((_, i) => i);
  const dense = indices.filter((i) => jobs[i]!.beams.count <= DENSE_BEAMS);
  dense.sort((a, b) => jobs[a]!.beams.count - jobs[b]!.beams.count || a - b);
  for (const group of groupsOf(jobs, dense)) {
    const results = denseMultislice(group.map((i) => jobs[i]!));
    group.forEach((i, position) => {
      out[i] = results[position]!;
    });
  }
  for (const i of indices) out[i] ??= transformMultislice(jobs[i]!);
  return out;
}
