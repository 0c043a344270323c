/** Precision, recall and F1 of one class, each 0 to 1. */
export interface ClassScore {
  spaceGroup: number;
  precision: number;
  recall: number;
  f1: number;
  /** Test examples. */
  support: number;
  /** Training examples, where known. */
  trainCount: number | null;
}

/** How well a set of predictions does; averages are over the classes that the test set has. */
export interface Report {
  count: number;
  macroF1: number;
  macroPrecision: number;
  macroRecall: number;
  weightedF1: number;
  weightedPrecision: number;
  weightedRecall: number;
  balancedAccuracy: number;
  /** Geometric mean of the recalls. */
  gMean: number;
  top1: number;
  top3: number;
  top5: number;
  /** Mean recall of classes with more than 100, 20 to 100, fewer than 20 training examples. */
  many: number | null;
  medium: number | null;
  few: number | null;
  /** Expected calibration error in 15 equal bins of confidence. */
  ece: number;
  perClass: ClassScore[];
  /** confusion[true][predicted], counts. */
  confusion: number[][];
  /** Space groups without a test example: named, and in no average. */
  absent: number[];
}
