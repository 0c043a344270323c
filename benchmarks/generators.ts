/**
 * Generators on one store, judged alike: the conditional GAN (and on request the GANs on pixels),
 * the same GANs untrained and the codec samplers, for every few-shot class. Training materials only make samples; the verifier is a
 * classifier of another seed; real test triplets stand beside.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/generators.js STORE FOLDER
 *     [--steps 3000] [--seeds 1,2,3] [--count 40] [--updates 300] [--resplit]
 *     [--generators codec,pixel] [--minutes 5]
 *     [--settings penalty=5,borrow=0] [--bare]
 *
 * FOLDER gets a JSON file a seed, a sheet of real beside generated triplets, and summary.md.
 * Seeds that are done are not run again. With --minutes every generator trains as long, on the same
 * cores; without it, and without --steps, each has its own number of steps. --settings are those of
 * the codec GAN that differ from its defaults; --bare judges the trained GANs and nothing beside.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Classifier } from '../classifier/classifier.ts';
import { predictedLabels } from '../classifier/metrics.ts';
import { trainingClasses } from '../gan/classes.ts';
import { GENERATOR_NAMES, type GeneratorName } from '../gan/kinds.ts';
import { meanDistance } from '../gan/training/batches.ts';
import { ClassTables } from '../src/codec/class-tables.ts';
import { encodeExamples } from '../src/codec/encode.ts';
import type { SamplerName } from '../src/codec/samplers.ts';
import { drawPool } from '../src/codec/samplers.ts';
import { writeAtomic, writeJson } from '../src/common/files.ts';
import { textTable } from '../src/common/log.ts';
import { terminalProgress } from '../src/common/progress.ts';
import { median } from '../src/common/quantile.ts';
import { readJson } from '../src/common/run.ts';
import { Stream } from '../src/common/stream.ts';
import { didYouMean } from '../src/common/suggest.ts';
import type { Examples } from '../src/dataset/examples.ts';
import { DEFAULT_SPLIT_RULE } from '../src/dataset/split.ts';
import { openStore, type Store } from '../src/dataset/store/store.ts';
import { resplit } from '../src/dataset/store/view.ts';
import { writeFigure } from '../src/report/draw/raster.ts';
import { contactSheet, type SheetCell } from '../src/report/draw/sheet.ts';
import type { SyntheticArchive } from '../synthetic/archive/archive.ts';
import { scoreArchive } from '../synthetic/checks/score.ts';
import { trainVerifier } from '../synthetic/checks/verifier.ts';
import { pooled } from '../synthetic/metrics/feature-spaces.ts';
import { pickRows } from '../synthetic/metrics/features.ts';
import { type Made, type TrainingFacts, trainAndDraw } from './generators/train.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string' },
    minutes: { type: 'string' },
    generators: { type: 'string', default: 'codec' },
    seeds: { type: 'string', default: '1,2,3' },
    count: { type: 'string', default: '40' },
    updates: { type: 'string', default: '300' },
    resplit: { type: 'boolean', default: false },
    settings: { type: 'string', default: '' },
    bare: { type: 'boolean', default: false },
  },
});
function generatorNamed(name: string): GeneratorName {
  const found = GENERATOR_NAMES.find((one) => one === name);
  if (!found) throw new Error(`--generators ${name}: ${didYouMean(name, GENERATOR_NAMES)}`);
  return found;
}
const [path, folder] = positionals;
if (!path || !folder) throw new Error('give a store and a folder for the results');
const settings = {
  generators: values.generators.split(',').map(generatorNamed),
  ...(values.steps && { steps: Number(values.steps) }),
  ...(values.minutes && { minutes: Number(values.minutes) }),
  seeds: values.seeds.split(',').map(Number),
  count: Number(values.count),
  updates: Number(values.updates),
  resplit: values.resplit,
  bare: values.bare,
  settings: Object.fromEntries(
    values.settings.split(',').flatMap((one) => (one ? [one.split('=') as [string, string]] : [])),
  ),
};
const NAMES: Record<string, string> = {
  codec: 'GAN',
  pixel: 'GAN on pixels',
};
const SAMPLERS = ['interpolation-jitter', 'lattice-transfer'] as const satisfies SamplerName[];
const SHOWN_CLASSES = 6;
const SHOWN_EACH = 3;

/** What one source came to. */
interface Judged {
  source: string;
  /** Share of samples whose class the verifier finds likeliest. */
  verifier: number;
  accepted: number;
  /** Root mean square grey levels to the nearest training triplet, median. */
  nearest: number;
  /** Mean distance between samples of a class over that between its real triplets, median. */
  diversity: number;
  cas: { value: number; floor: number } | null;
  /** By feature space: KID of all rare classes over its floor; the rest medians over classes. */
  spaces: Record<
    string,
    { kidRatio: number; precision: number; recall: number; density: number; coverage: number }
  >;
  classes: {
    spaceGroup: number;
    kid: Record<string, { value: number | null; ratio: number | null }>;
  }[];
}

interface SeedResult {
  seed: number;
  rare: number[];
  /** Recall of the verifier on real test triplets of the rare classes. */
  realTest: number;
  trainings: TrainingFacts[];
  judged: Judged[];
}

const each = (store: Store): number => store.size * store.size * 3;

async function ofSampler(
  tables: ClassTables,
  sampler: SamplerName,
  request: { store: Store; rare: readonly number[]; seed: number },
): Promise<Made> {
  const { store, rare, seed } = request;
  const counts = store.classes.map((c) => (rare.includes(c) ? settings.count : 0));
  const stream = new Stream(seed, `generators/${sampler}`);
  const { images, labels } = await drawPool(tables, { sampler, counts, stream }, terminalProgress);
  return { images, labels: Array.from(labels, (label) => store.classes[label]!) };
}

/** Some triplets of many. */
function pickImages(images: Uint8Array, rows: ArrayLike<number>, length: number): Uint8Array {
  const out = new Uint8Array(rows.length * length);
  Array.from(rows).forEach((row, i) => {
    out.set(images.subarray(row * length, (row + 1) * length), i * length);
  });
  return out;
}

/** Mean distance between different rows of a set. */
const spreadOf = (
  set: Pick<Examples, 'count' | 'size' | 'images'>,
  rows: readonly number[],
): number => meanDistance(pickRows(pooled(set), rows));

const rowsOf = (labels: ArrayLike<number>, wanted: number): number[] =>
  Array.from(labels, (label, i) => (label === wanted ? i : -1)).filter((i) => i >= 0);

const finite = (list: (number | null | undefined)[]): number[] =>
  list.filter((value): value is number => Number.isFinite(value));
const middle = (list: (number | null | undefined)[]): number => {
  const kept = finite(list);
  return kept.length ? median(kept) : Number.NaN;
};

async function judge(
  source: string,
  made: Made,
  { store, verifier, seed }: { store: Store; verifier: Classifier; seed: number },
): Promise<Judged> {
  const archive: SyntheticArchive = {
    ...{ path: source, digest: source, count: made.labels.length, size: store.size },
    labels: Int32Array.from(made.labels),
    classes: store.classes,
    ...{ camera: null, passports: null, origin: null, parameters: null, cifs: null },
    images: (rows) => pickImages(made.images, rows, each(store)),
  };
  const { updates: casUpdates } = settings;
  const progress = terminalProgress;
  const score = await scoreArchive({
    archive,
    store,
    verifier,
    perClass: true,
    networkUpdates: 0,
    casUpdates,
    seed,
    progress,
  });
  const predicted = predictedLabels(verifier.predict(made.images), store.classes.length);
  const right = made.labels.filter((c, i) => store.classes[predicted[i]!] === c).length;
  const train = store.examples('train');
  const groups = [...new Set(made.labels)];
  const diversity = groups.map((c) => {
    const real = spreadOf(train, rowsOf(train.labels, store.classes.indexOf(c)));
    return spreadOf(archive, rowsOf(made.labels, c)) / real;
  });
  const classes = groups.map((spaceGroup) => ({
    spaceGroup,
    kid: Object.fromEntries(
      score.spaces.map(({ name, sets }) => {
        const { value, ratio } = sets.find((one) => one.spaceGroup === spaceGroup)!.metrics.kid;
        return [name, { value, ratio }];
      }),
    ),
  }));
  const spaces = Object.fromEntries(
    score.spaces.map(({ name, sets }) => {
      const own = sets.filter((one) => one.spaceGroup !== null).map(({ metrics }) => metrics);
      const of = (key: 'precision' | 'recall' | 'density' | 'coverage') =>
        middle(own.map((metrics) => metrics[key].value));
      // Few-shot classes alone have too few materials for a floor: all of them together have one.
      const whole = sets.find((one) => one.spaceGroup === null)!.metrics;
      const kidRatio = whole.kid.ratio ?? Number.NaN;
      const names = ['precision', 'recall', 'density', 'coverage'] as const;
      return [name, { kidRatio, ...Object.fromEntries(names.map((key) => [key, of(key)])) }];
    }),
  ) as Judged['spaces'];
  return {
    source,
    verifier: right / made.labels.length,
    accepted: score.samples.filter(({ accepted }) => accepted).length / score.samples.length,
    nearest: median(score.samples.map(({ nearest }) => nearest.distance)),
    diversity: middle(diversity),
    cas: score.cas && { value: score.cas.value, floor: score.cas.floor },
    spaces,
    classes,
  };
}

/** Real triplets above, generated ones below, for some rare classes. */
async function drawSheet(
  store: Store,
  made: Made,
  of: { rare: readonly number[]; seed: number; generator: GeneratorName },
): Promise<void> {
  const { rare, seed, generator } = of;
  const train = store.examples('train');
  const step = Math.max(1, Math.floor(rare.length / SHOWN_CLASSES));
  const cells = rare
    .filter((_, i) => i % step === 0)
    .slice(0, SHOWN_CLASSES)
    .flatMap((spaceGroup): SheetCell[] => {
      const real = rowsOf(train.labels, store.classes.indexOf(spaceGroup));
      const own = rowsOf(made.labels, spaceGroup);
      const cell = (pixels: Uint8Array, text: string): SheetCell => ({
        pixels,
        size: store.size,
        caption: [`space group ${spaceGroup}, ${text}`],
      });
      return [
        ...Array.from({ length: SHOWN_EACH }, (_, i) =>
          cell(train.images([real[Math.floor((i * real.length) / SHOWN_EACH)]!]), 'real'),
        ),
        ...own
          .slice(0, SHOWN_EACH)
          .map((row) =>
            cell(made.images.subarray(row * each(store), (row + 1) * each(store)), 'generated'),
          ),
      ];
    });
  const title = `Real and generated triplets, ${basename(path!, '.h5')}, seed ${seed}`;
  const subtitle = `left three real training triplets, right three of the ${NAMES[generator]} at random; ln intensity`;
  const sheet = await contactSheet({
    title,
    subtitle,
    cells,
    columns: 2 * SHOWN_EACH,
    cellWidth: 210,
  });
  const ending = generator === 'codec' ? '' : `-${generator}`;
  await writeFigure(join(folder!, `sheet-${seed}${ending}`), sheet());
}

async function runSeed(whole: Store, seed: number): Promise<SeedResult> {
  const store = settings.resplit ? resplit(whole, { seed, rule: DEFAULT_SPLIT_RULE }) : whole;
  const rare = trainingClasses(store, 'rare');
  const training = { updates: settings.updates, seed: 20_000 + seed, progress: terminalProgress };
  const verifier = await trainVerifier(store, training);
  const test = store.examples('test');
  const found = predictedLabels(verifier.predict(test), store.classes.length);
  const rareRows = [...test.labels.keys()].filter((i) =>
    rare.includes(store.classes[test.labels[i]!]!),
  );
  const realTest = rareRows.filter((i) => found[i] === test.labels[i]).length / rareRows.length;
  const set = encodeExamples(store.examples('train'), terminalProgress);
  const discs = () => set;
  const tables = new ClassTables(set);
  const judging = { store, verifier, seed };
  const trainings: TrainingFacts[] = [];
  const judged: Judged[] = [];
  for (const generator of settings.generators) {
    const work = { store, discs, rare, seed, ...settings };
    const { facts, made, untrained } = await trainAndDraw(generator, work);
    trainings.push(facts);
    const name = NAMES[generator];
    await drawSheet(store, made, { rare, seed, generator });
    judged.push(await judge(name, made, judging));
    if (!settings.bare) judged.push(await judge(`${name} untrained`, untrained, judging));
  }
  for (const sampler of settings.bare ? [] : SAMPLERS) {
    judged.push(
      await judge(sampler, await ofSampler(tables, sampler, { store, rare, seed }), judging),
    );
  }
  verifier.dispose();
  return { seed, rare, realTest, trainings, judged };
}

/** Steps and seconds of each generator, means over the seeds. */
function trainingText(results: readonly SeedResult[]): string {
  const texts = settings.generators.map((generator) => {
    const own = results.flatMap(({ trainings }) =>
      trainings.filter((one) => one.generator === generator),
    );
    const mean = (key: 'steps' | 'seconds') =>
      (own.reduce((sum, one) => sum + one[key], 0) / own.length).toFixed(0);
    return `${NAMES[generator]} ${mean('steps')} steps in ${mean('seconds')} s`;
  });
  return texts.join(', ');
}

const shown = (value: number, digits = 2): string =>
  Number.isFinite(value) ? value.toFixed(digits) : '-';

/** Means over the seeds, a row a source. */
function summary(results: readonly SeedResult[]): string {
  const sources = results[0]!.judged.map(({ source }) => source);
  const spaces = Object.keys(results[0]!.judged[0]!.spaces);
  const rows = sources.map((source) => {
    const all = results.map(({ judged }) => judged.find((one) => one.source === source)!);
    const mean = (of: (one: Judged) => number | undefined): number => {
      const kept = finite(all.map(of));
      return kept.reduce((a, b) => a + b, 0) / kept.length;
    };
    return [
      source,
      shown(mean((one) => one.verifier)),
      shown(mean((one) => one.accepted)),
      shown(mean((one) => one.cas?.value)),
      shown(mean((one) => one.cas?.floor)),
      shown(mean((one) => one.diversity)),
      shown(
        mean((one) => one.nearest),
        1,
      ),
      ...spaces.map((space) =>
        shown(
          mean((one) => one.spaces[space]!.kidRatio),
          1,
        ),
      ),
      ...(['precision', 'recall', 'density', 'coverage'] as const).map((key) =>
        shown(mean((one) => one.spaces[spaces[0]!]![key])),
      ),
    ];
  });
  const heads = ['source', 'verifier', 'accepted', 'CAS', 'CAS real', 'diversity', 'nearest'];
  const last = ['precision', 'recall', 'density', 'coverage'];
  return textTable([[...heads, ...spaces.map((space) => `KID ratio ${space}`), ...last], ...rows]);
}

mkdirSync(folder, { recursive: true });
const store = await openStore(path);
writeJson(join(folder, 'settings.json'), {
  store: basename(path),
  digest: store.digest,
  ...settings,
});
for (const seed of settings.seeds) {
  const file = join(folder, `seed-${seed}.json`);
  if (!existsSync(file)) writeJson(file, await runSeed(store, seed));
}
const results = settings.seeds.map((seed) =>
  readJson<SeedResult>(join(folder, `seed-${seed}.json`)),
);
const real = results.map(({ realTest }) => realTest.toFixed(2)).join(', ');
const text = summary(results);
writeAtomic(
  join(folder, 'summary.md'),
  `Means over ${results.length} seeds, ${settings.count} samples a rare class; ${trainingText(results)}; ` +
    `KID of all rare classes together over its floor (real triplets of other materials); precision to coverage: ` +
    `medians over classes in the first space.\n` +
    `Recall of the verifier on real test triplets of the same classes: ${real}.\n\n\`\`\`\n${text}\n\`\`\`\n`,
);
console.log(text);
store.close();
