import type { UniversalFacts } from '../../../classifier/universal.ts';
import { percentText } from '../../common/log.ts';
import { projectionFamilies } from '../../crystal/projected.ts';
import { hermannMauguin } from '../../crystal/spacegroup.ts';
import type { Study } from '../study/study.ts';
import type { UniversalFigures } from './figures.ts';

/** What stands beside a universal classifier: all that made it, and what it reached. */
export interface UniversalCard extends UniversalFacts {
  study: Study;
  data: {
    /** Digest of the store. */
    store: string;
    /** Real training materials and the groups that have some. */
    materials: number;
    groups: number;
    /** Training rows. */
    real: number;
    synthetic: number;
  };
  digests: Record<string, string>;
  machine: { processor: string; threads: number };
  /** Processor time of crystals, simulation, training and judging. */
  cpuSeconds: number;
  /** Figures on the test minerals. */
  test: UniversalFigures;
}

const named = (group: number): string => `${group} ${hermannMauguin(group)}`;
const rows = (lines: readonly (readonly (string | number)[])[]): string =>
  lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The card of a universal classifier in Markdown: use, data, figures, limits, how to make it again. */
export function universalCardText(card: UniversalCard): string {
  const { test, data, machine, study, simulation, threshold, digests } = card;
  const [arm] = study.arms;
  const alike = projectionFamilies().filter((groups) => groups.length > 1);
  return `# A classifier of all 230 space groups

Takes a triplet of CBED patterns, gives probabilities of the 230 space groups. \`npx gan classify predict FILE.h5\`
uses it where it ships with the package (data/universal) and no classifier was trained in the workspace.

**Trained for** ${simulation.mode} simulation at ${simulation.energies.join(', ')} keV, ${simulation.thicknesses.join(', ')} angstrom, ${simulation.zones} zone
axes, ${simulation.size} pixels a side. Other settings are named by \`predict\`: its probabilities then mean little. Patterns of a
microscope were never tried.

**Data.** ${data.real} rows of ${data.materials} real training minerals of ${data.groups} space groups, ${data.synthetic} rows simulated from made crystals
(source \`${arm!.synthetic}\`); the other groups are learned from made crystals alone. Validation and test minerals are of other
materials.

**Answer.** Below a probability of ${threshold.toFixed(3)} it says that it does not know: chosen on validation so that nine of ten
answers are right.

## On real test minerals

${test.triplets} triplets of ${test.tested} space groups: top-1 ${percentText(test.top1)}, top-5 ${percentText(test.top5)}, macro-F1 ${percentText(test.macroF1)}. It answers ${percentText(test.answered)} of them, ${percentText(test.answeredRight)} of
these right. Expected calibration error ${percentText(test.calibrationError)}. Crystal system right ${percentText(test.systemRight)}, Laue class ${percentText(test.laueRight)}.

| real training materials of the group | groups | recall | recall in five |
|---|---|---|---|
${rows(test.shots.map(({ shots, classes, top1, top5 }) => [shots, classes, percentText(top1), percentText(top5)]))}

| crystal system | mean recall of its groups |
|---|---|
${rows(Object.entries(test.systems).map(([system, recall]) => [system, percentText(recall)]))}

| steps from the right group among maximal translationengleiche subgroups | wrong answers |
|---|---|
${rows(Object.entries(test.errorsBySteps))}

## What cannot be told apart

Seen along the standard zone axes, where only projections scatter, these groups have the same plane groups on the same
lattices (computed from the tables of operations): ${alike.map((groups) => groups.join('-')).join(', ')}.
${test.errorsWithinFamilies} of ${test.errors} wrong answers lie within such a family; counting a family as one, ${percentText(test.upToProjections)} are right.

| group | taken for | triplets | same projections |
|---|---|---|---|
${rows(test.confusions.map(({ group, takenFor, triplets, sameProjections }) => [named(group), named(takenFor), triplets, sameProjections ? 'yes' : 'no']))}

## How it was made

\`CBED_THREADS=${machine.threads} npx gan universal --study ${study.name} --out FOLDER\` on ${machine.processor}, ${machine.threads} thread${machine.threads === 1 ? '' : 's'}: ${Math.round(card.cpuSeconds / 60)} minutes of
processor time; ${study.updates} updates of ${study.batch} triplets. The same command on such a processor gives the same
\`classifier.safetensors\` bit for bit; another processor or number of threads may differ in the last bits.

${rows([['store', data.store], ...Object.entries(digests)].map(([name, digest]) => [name, `\`${digest!.slice(0, 16)}\``])).replace('\n', '\n|---|---|\n')}
`;
}
