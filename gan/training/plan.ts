import { dashed } from '../../src/common/config.ts';
import { bytesText, durationText } from '../../src/common/log.ts';

/** Operations a second that networks of this size reach on one pair of processor cores. */
const RATE = 5e10;
/** What the engine takes before any network. */
const ENGINE_BYTES = 450 << 20;
/** Numbers that training keeps of a parameter: it, its gradient, two of Adam, its average. */
const NUMBERS_EACH = 5;

/** What a training would be. */
export interface GanPlan {
  classes: readonly number[];
  triplets: number;
  config: Readonly<Record<string, unknown>>;
  generatorParameters: number;
  discriminatorParameters: number;
  /** Multiplications and additions a step. */
  operationsPerStep: number;
  /** Estimates, ms and bytes. */
  stepMs: number;
  totalMs: number;
  bytes: number;
  /** What else a kind says of its training, line by line. */
  notes?: readonly string[];
}

/** What an estimate starts from. */
export interface PlanFacts
  extends Pick<
    GanPlan,
    'classes' | 'triplets' | 'generatorParameters' | 'discriminatorParameters'
  > {
  config: Readonly<Record<string, unknown>> & { batch: number; steps: number };
  /** Multiplications for one example in a step. */
  passes: number;
  /** Time of a step that does not depend on its size: launching kernels. */
  overheadMs: number;
  /** Time before the first step. */
  beforeMs: number;
  /** Memory beside the engine and the weights. */
  dataBytes: number;
}

/** The plan of a training, on two cores. */
export function trainingPlan(facts: PlanFacts): GanPlan {
  const { passes, overheadMs, beforeMs, dataBytes, ...told } = facts;
  const { batch, steps } = facts.config;
  const operationsPerStep = 2 * batch * passes;
  const stepMs = overheadMs + (1000 * operationsPerStep) / RATE;
  const parameters = facts.generatorParameters + facts.discriminatorParameters;
  return {
    ...told,
    operationsPerStep,
    stepMs,
    totalMs: stepMs * steps + beforeMs,
    bytes: ENGINE_BYTES + 4 * NUMBERS_EACH * parameters + dataBytes,
  };
}

/** The plan in a few lines. */
export const planText = (plan: GanPlan): string =>
  [
    `would learn from ${plan.triplets} training triplets, half of every batch from ${plan.classes.length} classes: ${plan.classes.join(', ')}`,
    ...Object.entries(plan.config).map(([name, value]) => `  ${dashed(name)}: ${value}`),
    `generator ${plan.generatorParameters} parameters, discriminator ${plan.discriminatorParameters}`,
    `about ${plan.stepMs.toFixed(0)} ms a step, ${durationText(plan.totalMs)} to train on two cores beside its KID at the end, ${bytesText(plan.bytes)} of memory`,
    ...(plan.notes ?? []),
  ].join('\n');
