import { z } from 'zod';
import type { CellPlan } from '../study/study.ts';
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
  /** Space groups whose training and validation rows were withheld; absent where none were. */
  withheld?: readonly number[];
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
  training: {
    real: number;
    synthetic: number;
    updates: number;
    seconds: number;
    /** Threads of the engine: the last bits of weights depend on their number. */
    threads: number;
    /** Weights differ between kinds of processors; absent in results before December 2026. */
    processor?: string;
  };
  /** Digests of everything the cell was made from; `data` is the store before it is divided. */
  digests: Readonly<Record<string, string>>;
}

const share = z.number().min(0).max(1);

const resultSchema = z.object({
  study: z.string(),
  cell: z.string(),
  arm: z.string(),
  seed: z.int().min(0),
  split: z.int().min(0),
  budget: z.int().min(1).optional(),
  withheld: z.array(z.int().min(1).max(230)).optional(),
  trainCounts: z.array(z.number().min(0)),
  classes: z.array(z.int().min(1).max(230)).min(1),
  predictions: z.object({
    labels: z.array(z.int().min(0)).min(1),
    top1: z.array(z.int().min(0)),
    inTop5: z.array(z.boolean()),
    confidence: z.array(share),
    materials: z.array(z.string()),
  }),
  chosen: z.record(z.string(), z.union([z.number(), z.string()])),
  training: z.object({
    real: z.number().min(0),
    synthetic: z.number().min(0),
    updates: z.number().min(0),
    seconds: z.number().min(0),
    threads: z.int().min(1),
  }),
  digests: z.record(z.string(), z.string()),
});

/** What is wrong with a result of the right shape; null where nothing is. */
function faultOf(result: z.output<typeof resultSchema>, cell: CellPlan, study: string) {
  const { predictions, classes, trainCounts } = result;
  const { labels, top1, inTop5, confidence, materials } = predictions;
  const own = { cell: cell.id, arm: cell.arm.name, seed: cell.seed, split: cell.split };
  const strange = Object.entries(own).find(
    ([name, value]) => result[name as keyof typeof own] !== value,
  );
  if (strange) return `says ${strange[0]} ${result[strange[0] as keyof typeof own]}`;
  if ((result.budget ?? null) !== cell.budget) return `says budget ${result.budget ?? 'all'}`;
  if (result.digests.study !== study) return 'is of other settings of the study';
  if (trainCounts.length !== classes.length) return 'has counts of other classes';
  const columns = [top1, inTop5, confidence, materials];
  if (columns.some(({ length }) => length !== labels.length)) return 'is cut off';
  if ([...labels, ...top1].some((label) => label >= classes.length)) {
    return `has a label that none of its ${classes.length} classes has`;
  }
  return null;
}

/**
 * A result as it was read from a file, checked against the cell it should be of.
 *
 * @param study digest of the study's settings.
 * @throws Error that says in a few words what is wrong.
 */
export function checkResult(
  value: unknown,
  { cell, study }: { cell: CellPlan; study: string },
): CellResult {
  const found = resultSchema.safeParse(value);
  if (!found.success) {
    const { path, message } = found.error.issues[0]!;
    throw new Error(
      `is damaged, or of an earlier version (${path.join('.') || 'all'}: ${message})`,
    );
  }
  const fault = faultOf(found.data, cell, study);
  if (fault) throw new Error(fault);
  return value as CellResult;
}
