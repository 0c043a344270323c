import type { Effort } from './candidates.ts';

/** What one cell predicted for its test samples: all that statistics need. */
export interface Predictions {
  /** Class index of each test sample. */
  labels: readonly number[];
  /** Most probable class index of each test sample. */
  top1: readonly number[];
  /** Whether the label is among the five most probable classes. */
  inTop5: readonly boolean[];
  /** Probability of the most probable class. */
  confidence: readonly number[];
  /** Material of each test sample. */
  materials: readonly string[];
}

/** The result file of one cell (arm x seed). */
export interface CellResult {
  study: string;
  cell: string;
  arm: string;
  seed: number;
  split: number;
  /** Training materials of a class at most; absent where the study has no budgets. */
  budget?: number;
  /** Training materials of each class in the data, before any budget or balancing. */
  trainCounts: readonly number[];
  classes: readonly number[];
  predictions: Predictions;
  /** Headline figures of the classifier's own report. */
  metrics: Readonly<Record<string, number>>;
  /** Choices made on validation, such as the ratio and the weight of synthetic counts. */
  chosen: Readonly<Record<string, number | string>>;
  /**
   * How much the arm was tuned, and what each ratio reached on validation where several were
   * tried. Absent in results of earlier versions.
   */
  tuning?: Effort & { tried?: readonly { ratio: number; macroF1: number }[] };
  /** Rows that entered training. */
  training: { real: number; synthetic: number; updates: number; seconds: number };
  /** Digests of everything the cell was made from. */
  digests: Readonly<Record<string, string>>;
}
