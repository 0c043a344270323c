import { Stream } from '../../common/stream.ts';
import { bandOf } from '../../dataset/census.ts';
import type { Outcome } from '../cells/outcome.ts';
import { type Measure, type Pair, pairedBootstrap } from '../statistics/bootstrap.ts';
import { classTally, f1Scores, recalls, type Tally } from '../statistics/macro.ts';
import { allRows, spread } from './summary.ts';
import { type Judged, judge } from './verdict.ts';

/** What an arm changes for one space group. */
export interface ClassChange {
  spaceGroup: number;
  trainCount: number;
  band: string;
  recall: { baseline: number; treated: number };
  judged: Judged;
}

const measureOfClass =
  (c: number, figures: (t: Tally) => Float64Array): Measure =>
  ({ predictions: { labels, top1 }, classes }: Outcome, rows) =>
    figures(classTally(labels, top1, rows, classes.length))[c]!;

/** F1 and recall of every class that all seeds tested, judged together. */
export function classChanges(pairs: readonly Pair[]): ClassChange[] {
  const first = pairs[0]!.baseline;
  const tested = [...first.classes.keys()].filter((c) =>
    pairs.every((p) => p.baseline.predictions.labels.includes(c)),
  );
  const judged = judge(
    tested.map((c) => ({
      subject: String(first.classes[c]),
      difference: pairedBootstrap({
        pairs,
        statistic: 'F1',
        measure: measureOfClass(c, f1Scores),
        stream: new Stream(0, `bootstrap/class/${c}`),
        replicates: 200,
      }),
    })),
  );
  const recallOf = (outcome: Outcome, c: number): number =>
    measureOfClass(c, recalls)(outcome, allRows(outcome));
  return tested.map((c, i) => ({
    spaceGroup: first.classes[c]!,
    trainCount: first.trainCounts[c]!,
    band: bandOf(first.trainCounts[c]!),
    recall: {
      baseline: spread(pairs.map((p) => recallOf(p.baseline, c))).mean,
      treated: spread(pairs.map((p) => recallOf(p.treated, c))).mean,
    },
    judged: judged[i]!,
  }));
}
