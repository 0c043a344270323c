import type { Stream } from '../common/stream.ts';
import { type Labelled, rowsByClass } from './sampling.ts';

/** How a model trained on some rows does on validation examples. */
export interface ValidationScore {
  macroF1: number;
  /** Recall of each class; NaN where it has no validation example. */
  recalls: readonly number[];
}

/** One step of the shrinking. */
export interface ShrinkStep {
  /** Most rows that a shrunk class keeps. */
  cap: number;
  rows: number;
  macroF1: number;
  /** Largest loss of recall among the shrunk classes since the start. */
  recallLoss: number;
  accepted: boolean;
}

export interface ProgressiveOptions {
  data: Labelled;
  /** How many of the largest classes shrink. */
  largest: number;
  /** The cap falls to this part of itself at each step, between 0 and 1. */
  factor: number;
  /** Stop when macro-F1 has fallen by more than this since the start. */
  threshold: number;
  /** Stop when the recall of a shrunk class has fallen by more than this since the start. */
  recallThreshold: number;
  /** Never fewer rows of a class than this. */
  floor: number;
  stream: Stream;
  score(rows: Int32Array): Promise<ValidationScore>;
  record?(step: ShrinkStep): void;
}

/** Largest fall of recall among classes that have validation examples; at least 0. */
function recallLoss(
  before: ValidationScore,
  after: ValidationScore,
  labels: readonly number[],
): number {
  const falls = labels.map((label) => before.recalls[label]! - after.recalls[label]!);
  return Math.max(0, ...falls.filter((fall) => !Number.isNaN(fall)));
}

/**
 * Progressive undersampling: the largest classes shrink step by step, each step a part of the rows
 * before, until validation suffers. Gives the last rows that did not hurt, ascending.
 */
export async function progressiveUndersample(options: ProgressiveOptions): Promise<Int32Array> {
  const { data, largest, factor, threshold, recallThreshold, floor, stream } = options;
  const rows = rowsByClass(data);
  const order = rows.map((of, label) => stream.split(label).shuffled(of));
  const shrinking = rows
    .map((of, label) => ({ label, count: of.length }))
    .sort((a, b) => b.count - a.count || a.label - b.label)
    .slice(0, largest)
    .map(({ label }) => label);
  const capped = (cap: number): Int32Array =>
    Int32Array.from(
      order.flatMap((of, label) => (shrinking.includes(label) ? of.slice(0, cap) : of)),
    ).sort();
  let cap = Math.max(...rows.map((of) => of.length));
  let kept = capped(cap);
  const start = await options.score(kept);
  options.record?.({
    cap,
    rows: kept.length,
    macroF1: start.macroF1,
    recallLoss: 0,
    accepted: true,
  });
  while (cap > floor) {
    cap = Math.max(floor, Math.floor(cap * factor));
    const next = capped(cap);
    const score = await options.score(next);
    const lost = recallLoss(start, score, shrinking);
    const accepted = start.macroF1 - score.macroF1 <= threshold && lost <= recallThreshold;
    options.record?.({
      cap,
      rows: next.length,
      macroF1: score.macroF1,
      recallLoss: lost,
      accepted,
    });
    if (!accepted) break;
    kept = next;
  }
  return kept;
}
