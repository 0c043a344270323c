import type { CellResult } from '../../src/benchmark/cells/result.ts';
import type { Stream } from '../../src/common/stream.ts';

/**
 * An outcome whose predictions are right with probability `skill[c]` for class c, and otherwise
 * uniform over the other classes.
 */
export function randomOutcome(options: {
  arm: string;
  seed: number;
  perClass: number;
  split?: number;
  skill: readonly number[];
  trainCounts: readonly number[];
  stream: Stream;
}): CellResult {
  const { arm, seed, perClass, skill, trainCounts, stream } = options;
  const labels: number[] = [];
  const top1: number[] = [];
  const materials: string[] = [];
  skill.forEach((p, c) => {
    for (let i = 0; i < perClass; i++) {
      labels.push(c);
      materials.push(`m${c}-${i}`);
      const other = stream.index(skill.length - 1);
      top1.push(stream.uniform() < p ? c : other >= c ? other + 1 : other);
    }
  });
  return {
    study: 'test',
    cell: `${arm}-s${seed}`,
    arm,
    seed,
    split: options.split ?? 0,
    trainCounts,
    classes: skill.map((_, c) => c + 1),
    predictions: {
      labels,
      top1,
      inTop5: labels.map(() => true),
      confidence: labels.map(() => 0.5),
      materials,
    },
    metrics: {},
    chosen: {},
    training: { real: 100, synthetic: 0, updates: 1, seconds: 1, threads: 1 },
    digests: {},
  };
}
