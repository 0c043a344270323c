import { median } from '../src/common/quantile.ts';
import type { Properties } from './properties.ts';
import { CELL_NUMBERS, TASK_SIZES, type TaskTable } from './tasks.ts';

/** How the heads beside the space group's do; null where nothing is known of the truth. */
export interface TaskReport {
  /** Share of right crystal systems and point groups. */
  systemAccuracy: number;
  pointGroupAccuracy: number;
  /** Mean absolute errors: lattice lengths in angstrom, angles in degrees. */
  lengthError: number | null;
  angleError: number | null;
  /** Mean absolute error of the volume in cubic angstrom, and its median share of the truth. */
  volumeError: number | null;
  volumeRelativeError: number | null;
  /** F1 of element presence at probability 0.5, over all elements and crystals together. */
  elementF1: number | null;
}

const mean = (values: readonly number[]): number | null =>
  values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : null;

function elementF1({ elements }: Properties, truth: TaskTable): number | null {
  let [hits, predicted, present] = [0, 0, 0];
  truth.elementsKnown.forEach((known, i) => {
    if (!known) return;
    for (let at = i * TASK_SIZES.elements; at < (i + 1) * TASK_SIZES.elements; at++) {
      const says = elements[at]! > 0.5 ? 1 : 0;
      hits += says * truth.elements[at]!;
      predicted += says;
      present += truth.elements[at]!;
    }
  });
  return present > 0 ? (2 * hits) / (predicted + present) : null;
}

/** Compares what the heads say with what is known of the crystals. */
export function taskReport(said: Properties, truth: TaskTable): TaskReport {
  const share = (ours: Int32Array, theirs: Int32Array) =>
    ours.filter((value, i) => value === theirs[i]).length / ours.length;
  const known = [...truth.cellKnown.keys()].filter((i) => truth.cellKnown[i]);
  const number = (i: number, d: number) => truth.cell[i * CELL_NUMBERS + d]!;
  const lengths = known.flatMap((i) =>
    [0, 1, 2].map((d) => Math.abs(said.cells[i]![d]! - Math.exp(number(i, d)))),
  );
  const angles = known.flatMap((i) =>
    [3, 4, 5].map((d) => Math.abs(said.cells[i]![d]! - number(i, d))),
  );
  const volume = (i: number) => Math.exp(number(i, CELL_NUMBERS - 1));
  const volumes = known.map((i) => Math.abs(said.volumes[i]! - volume(i)));
  return {
    systemAccuracy: share(said.system, truth.system),
    pointGroupAccuracy: share(said.pointGroup, truth.pointGroup),
    lengthError: mean(lengths),
    angleError: mean(angles),
    volumeError: mean(volumes),
    volumeRelativeError:
      known.length > 0 ? median(known.map((i, at) => volumes[at]! / volume(i))) : null,
    elementF1: elementF1(said, truth),
  };
}
