import { existsSync, readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Guess, Prediction } from '../../classifier/predict.ts';
import type { UniversalFacts } from '../../classifier/universal.ts';
import { csvOf } from '../common/csv.ts';
import { inputError } from '../common/errors.ts';
import { existingFile } from '../common/files.ts';
import { claimFile } from '../common/outputs.ts';
import type { SampleFacts } from '../simulate/sample.ts';

interface PredictFlags {
  classifier?: string;
  format: 'csv' | 'json';
  out?: string;
  picture?: string;
  json?: boolean;
}

/** Triplets in the picture, at most. */
const PICTURED = 24;

const TOP = 5;

/** What a universal classifier adds: its answer, and what symmetry the likeliest groups predict. */
interface Answered extends Prediction {
  /** The likeliest group, or `I do not know` below the threshold. */
  answer?: number | 'I do not know';
  top: (Guess & { symmetry?: string; sameProjections?: number[] })[];
}

/** Predictions with answers where the classifier is a universal one. */
async function answered(
  predictions: readonly Prediction[],
  facts: UniversalFacts | null,
): Promise<Answered[]> {
  if (!facts) return [...predictions];
  const { projectionFamilies, symmetryText } = await import('../crystal/projected.ts');
  const families = projectionFamilies();
  const alike = (group: number) => families.find((groups) => groups.includes(group))!;
  return predictions.map((one) => ({
    ...one,
    answer: one.top[0]!.probability >= facts.threshold ? one.top[0]!.spaceGroup : 'I do not know',
    top: one.top.map((guess) => ({
      ...guess,
      symmetry: symmetryText(guess.spaceGroup),
      sameProjections: alike(guess.spaceGroup).filter((group) => group !== guess.spaceGroup),
    })),
  }));
}

function csv(predictions: readonly Answered[]): string {
  const ranks = Array.from({ length: TOP }, (_, i) => i + 1);
  const head = [
    'file',
    'sample',
    'material',
    'labelled',
    ...ranks.flatMap((n) => [`group${n}`, `p${n}`]),
    ...(predictions[0]?.answer === undefined ? [] : ['answer', 'symmetry']),
  ];
  const rows = predictions.map(({ file, key, material, spaceGroup, top, answer }) => [
    file,
    key,
    material,
    spaceGroup ? String(spaceGroup) : '',
    ...top.flatMap((g) => [String(g.spaceGroup), g.probability.toFixed(4)]),
    ...(answer === undefined ? [] : [String(answer), top[0]!.symmetry!]),
  ]);
  return `${csvOf([head, ...rows])}\n`;
}

const json = (predictions: readonly Answered[]): string =>
  `${JSON.stringify(
    predictions.map(({ pixels: _, pixel: _p, ...rest }) => rest),
    null,
    2,
  )}\n`;

/** Predictions may be written over older ones, but over nothing else. */
function claimPredictions(path: string): void {
  if (existsSync(path)) existingFile(path, 'name a file');
  if (!existsSync(path) || !/^(file,sample,|\[\s)/.test(readFileSync(path, 'utf8'))) {
    claimFile(path, null, []);
  }
}

async function picture(path: string, predictions: readonly Prediction[], size: number) {
  const { contactSheet } = await import('../report/draw/sheet.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { groupText } = await import('../report/draw/notation.ts');
  const sheet = await contactSheet({
    title: 'Triplets and their likeliest space groups',
    subtitle: 'green: the labelled group is first; orange: among the five; red: neither',
    columns: 3,
    cells: predictions
      .slice(0, PICTURED)
      .map(({ pixels, pixel, key, material, spaceGroup, top }) => {
        const rank = top.findIndex((guess) => guess.spaceGroup === spaceGroup);
        return {
          pixels,
          size,
          pixel,
          frame:
            spaceGroup === 0
              ? '#999999'
              : rank === 0
                ? '#009E73'
                : rank > 0
                  ? '#E69F00'
                  : '#D55E00',
          caption: [
            spaceGroup === 0
              ? material || key
              : `${material || key}, labelled ${groupText(spaceGroup)}`,
            top
              .slice(0, 3)
              .map((g) => `${groupText(g.spaceGroup)} ${(100 * g.probability).toFixed(0)} %`)
              .join(' · '),
          ],
        };
      }),
  });
  return (await writeFigure(path, sheet())).png;
}

/** The folder of the classifier that is named, else of the newest run, else the one of the package where it has one. */
async function classifierFolder(named: string | undefined): Promise<string> {
  const { newestRun, requireRun } = await import('../common/run.ts');
  const { CLASSIFIER_FILE } = await import('../../classifier/single.ts');
  const { shippedClassifier } = await import('../../classifier/universal.ts');
  if (named === undefined && !newestRun('classifier', CLASSIFIER_FILE)) {
    const shipped = shippedClassifier();
    if (shipped) {
      console.error('no classifier was trained here: taking the one of all 230 space groups');
      return shipped;
    }
  }
  const mend = 'train one: npx gan classify train';
  return requireRun('classifier', named, mend, CLASSIFIER_FILE).folder;
}

async function predict(files: string[], flags: PredictFlags): Promise<void> {
  const { loadClassifier } = await import('../../classifier/load.ts');
  const { predictFiles, predictManifest } = await import('../../classifier/predict.ts');
  const { resolveSources } = await import('../dataset/summit/sources.ts');
  const { misfitOf, universalFacts } = await import('../../classifier/universal.ts');
  const manifests = files.filter((file) => file.toLowerCase().endsWith('.csv'));
  const others = files.filter((file) => !manifests.includes(file));
  const paths = others.length > 0 ? resolveSources(others).paths : [];
  const folder = await classifierFolder(flags.classifier);
  const facts = universalFacts(folder);
  if (facts && manifests.length > 0) {
    const { energies, thicknesses } = facts.simulation;
    console.error(
      `gan: ${manifests.join(', ')}: the classifier was trained on simulated patterns of ${energies.join(', ')} keV, ${thicknesses.join(', ')} angstrom and standard zone axes, not on measured ones`,
    );
  }
  if (flags.out) claimPredictions(flags.out);
  const classifier = await loadClassifier(folder);
  const predictions: Prediction[] = [];
  const options = {
    top: TOP,
    camera: classifier.camera,
    warn: (message: string) => console.error(`gan: ${message}`),
    ...(facts && { misfit: (seen: SampleFacts) => misfitOf(seen, facts.simulation) }),
  };
  const all = async function* () {
    yield* predictFiles(classifier, paths, options);
    for (const manifest of manifests) yield* predictManifest(classifier, manifest, options);
  };
  for await (const prediction of all()) {
    // Pixels are kept only for the picture, so that memory does not grow with the files.
    const kept = predictions.length < PICTURED ? prediction.pixels : new Uint8Array(0);
    predictions.push({ ...prediction, pixels: kept });
  }
  if (predictions.length === 0) throw inputError(`no readable triplet in ${files.join(', ')}`);
  const answers = await answered(predictions, facts);
  const text = flags.json || flags.format === 'json' ? json(answers) : csv(answers);
  if (flags.out) {
    const { writeAtomic } = await import('../common/files.ts');
    writeAtomic(flags.out, text);
  } else process.stdout.write(text);
  if (flags.picture) {
    const png = await picture(flags.picture, predictions, classifier.size);
    console.error(`wrote ${png}`);
  }
}

/** `gan classify predict`. */
export const classifyPredictCommand = (): Command =>
  new Command('predict')
    .description('the five likeliest space groups of triplets of your own')
    .argument(
      '<files...>',
      'prepared stores, files in the Summit layout, folders or patterns of names; manifests (.csv) of measured triplets',
    )
    .option('--classifier <run>', 'classifier run (default: the newest)')
    .addOption(new Option('--format <kind>', 'csv or json').choices(['csv', 'json']).default('csv'))
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write there instead of printing')
    .option('--picture <file>', 'also draw the first 24 triplets beside their predictions (PNG)')
    .addHelpText(
      'after',
      '\nExample:\n  npx gan classify predict batch_test_0.h5 --picture seen.png',
    )
    .action(predict);
