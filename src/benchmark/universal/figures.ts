import { calibrationBins, predictedLabels, report } from '../../../classifier/metrics.ts';
import { subgroupDistances } from '../../../gan/crystal/subgroups.ts';
import { groupBy, tally } from '../../common/group.ts';
import { mean } from '../../common/quantile.ts';
import { laueClass, projectionFamilies } from '../../crystal/projected.ts';
import { crystalSystem } from '../../crystal/spacegroup.ts';
import { type ShotRecall, shotRecalls } from '../comparison/shots.ts';

/** What a classifier says of real triplets of a part of the data. */
export interface JudgedPart {
  /** (N, K). */
  probabilities: Float32Array;
  /** Class index of each. */
  labels: ArrayLike<number>;
  /** Space groups in label order. */
  classes: readonly number[];
}

/** Likeliest class of each triplet, its probability, and whether the label is among the first five. */
function guesses({ probabilities, labels, classes }: JudgedPart) {
  const top = predictedLabels(probabilities, classes.length);
  return Array.from(top, (guess, i) => {
    const row = probabilities.subarray(i * classes.length, (i + 1) * classes.length);
    const own = row[labels[i]!]!;
    return {
      label: labels[i]!,
      guess,
      confidence: row[guess]!,
      inTop5: row.filter((p) => p > own).length < 5,
    };
  });
}

/** Of the answers above the threshold of `I do not know` at least so many are to be right. */
const WANTED = 0.9;

/**
 * The lowest probability above which nine of ten answers are right; 1 where there is none. To be
 * chosen on validation.
 */
export function chooseThreshold(part: JudgedPart): number {
  const sorted = guesses(part).sort((a, b) => b.confidence - a.confidence);
  let [right, best] = [0, 1];
  sorted.forEach(({ label, guess, confidence }, i) => {
    if (label === guess) right++;
    if (right >= WANTED * (i + 1) && confidence !== sorted[i + 1]?.confidence) best = confidence;
  });
  return best;
}

/** Figures of a universal classifier on test minerals. */
export interface UniversalFigures {
  triplets: number;
  /** Space groups that have a test mineral. */
  tested: number;
  top1: number;
  top5: number;
  macroF1: number;
  /** Mean recall of classes by the real materials that they were learned from. */
  shots: ShotRecall[];
  /** Answers above the threshold: their share, and the share of them that is right. */
  answered: number;
  answeredRight: number;
  /** Expected calibration error in 15 bins. */
  calibrationError: number;
  /** Share of triplets whose crystal system, and whose Laue class, the likeliest group has. */
  systemRight: number;
  laueRight: number;
  /** Mean recall of the classes of each crystal system. */
  systems: Record<string, number>;
  /** Wrong answers by steps in the graph of translationengleiche subgroups, `none` for no way. */
  errorsBySteps: Record<string, number>;
  /** Share of triplets whose answer is right, or a group with the same three projections. */
  upToProjections: number;
  /** Wrong answers, and those that no projection along the zones shown could tell apart. */
  errors: number;
  errorsWithinFamilies: number;
  /** Pairs confused most: group, taken for, triplets, and whether their projections are the same. */
  confusions: { group: number; takenFor: number; triplets: number; sameProjections: boolean }[];
}

const MOST_CONFUSIONS = 20;

/** @param materials real training materials of each class. */
export function universalFigures(
  part: JudgedPart,
  { materials, threshold }: { materials: readonly number[]; threshold: number },
): UniversalFigures {
  const { classes } = part;
  const all = guesses(part).map((one) => ({
    ...one,
    group: classes[one.label]!,
    takenFor: classes[one.guess]!,
  }));
  const share = (is: (one: (typeof all)[number]) => boolean) => all.filter(is).length / all.length;
  const isRight = ({ group, takenFor }: { group: number; takenFor: number }) => group === takenFor;
  const family = new Map(
    projectionFamilies().flatMap((groups, i) => groups.map((group) => [group, i] as const)),
  );
  const isSame = ({ group, takenFor }: { group: number; takenFor: number }) =>
    family.get(group) === family.get(takenFor);
  const wrong = all.filter((one) => !isRight(one));
  const answered = all.filter(({ confidence }) => confidence >= threshold);
  const bins = calibrationBins(part.probabilities, part.labels, classes.length);
  const recalls = [...groupBy(all, ({ group }) => group)].map(([group, own]) => ({
    system: crystalSystem(group),
    recall: own.filter(isRight).length / own.length,
  }));
  const steps = tally(
    wrong.map(({ group, takenFor }) => String(subgroupDistances(group).get(takenFor) ?? 'none')),
  );
  const confused = [...groupBy(wrong, ({ group, takenFor }) => `${group}/${takenFor}`).values()];
  return {
    triplets: all.length,
    tested: recalls.length,
    top1: share(isRight),
    top5: share(({ inTop5 }) => inTop5),
    macroF1: report(part.probabilities, part.labels, { classes }).macroF1,
    shots: shotRecalls([{ predictions: all, materials }]),
    answered: answered.length / all.length,
    answeredRight: answered.filter(isRight).length / Math.max(1, answered.length),
    calibrationError: bins.reduce(
      (sum, { count, accuracy, confidence }) =>
        sum + (count / all.length) * Math.abs(accuracy - confidence),
      0,
    ),
    systemRight: share(({ group, takenFor }) => crystalSystem(group) === crystalSystem(takenFor)),
    laueRight: share(({ group, takenFor }) => laueClass(group) === laueClass(takenFor)),
    systems: Object.fromEntries(
      [...groupBy(recalls, ({ system }) => system)].map(([system, own]) => [
        system,
        mean(own.map(({ recall }) => recall)),
      ]),
    ),
    errorsBySteps: Object.fromEntries([...steps].sort(([a], [b]) => (a < b ? -1 : 1))),
    upToProjections: share(isSame),
    errors: wrong.length,
    errorsWithinFamilies: wrong.filter(isSame).length,
    confusions: confused
      .map((own) => ({
        group: own[0]!.group,
        takenFor: own[0]!.takenFor,
        triplets: own.length,
        sameProjections: isSame(own[0]!),
      }))
      .sort((a, b) => b.triplets - a.triplets || a.group - b.group || a.takenFor - b.takenFor)
      .slice(0, MOST_CONFUSIONS),
  };
}
