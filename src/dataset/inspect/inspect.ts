import { silentProgress } from '../../common/progress.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { type Anomaly, distinctAnomalies, isFatal } from '../anomaly.ts';
import {
  bandOf,
  type Census,
  type CensusRow,
  census,
  learnableMaterials,
  storeCensus,
} from '../census.ts';
import type { ExternalAccess } from '../hdf5/external.ts';
import { intensityOf, resampledCamera } from '../intensity/transform.ts';
import { runReadings } from '../prepare/pool.ts';
import { surveyFrom } from '../prepare/reading.ts';
import { enforce, type ScanOptions, scan } from '../prepare/scan.ts';
import { officialSplits, oneCamera, selectSamples, withoutLeaks } from '../prepare/select.ts';
import type { Store } from '../store/store.ts';
import type { Catalogue } from '../summit/catalogue.ts';
import { indexedFacts } from '../summit/catalogue.ts';
import { SUMMIT_CAMERA } from '../summit/summit-file.ts';
import {
  addSurvey,
  emptySurvey,
  type IntensitySummary,
  type Survey,
  type SurveyPlan,
} from './survey.ts';

export interface InspectOptions extends ScanOptions {
  /** Patterns are read of about this many samples, spread evenly over the files. */
  patterns: number;
  /** Pixels a side of the example pictures. */
  size?: number;
}

/** A sample to show, by the rarity of its class. */
export interface BandExample {
  spaceGroup: number;
  material: string;
  formula: string;
  zones: SampleFacts['zones'];
  /** Materials of its class that it can be learned from. */
  count: number;
  /** (size, size, 3) stored pixels. */
  pixels: Uint8Array;
}

export interface Inspection {
  files: number;
  census: Census;
  intensities: IntensitySummary;
  anomalies: Anomaly[];
  examples: BandExample[];
  /** The camera of the example pictures. */
  camera: Camera;
}

interface Located {
  file: number;
  key: string;
}

/** Classes shown of each rarity band. */
const EXAMPLES_PER_BAND = 4;
const PICTURE_SIZE = 64;

/** Items spread evenly over a list. */
export function evenly<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]!,
  );
}

/** One sample of some classes of each band, from many to few. */
function pickExamples(
  catalogues: readonly Catalogue[],
  counts: Census,
): (Located & { count: number })[] {
  const firstOf = new Map<number, Located>();
  catalogues.forEach(({ samples }, file) => {
    for (const { key, spaceGroup } of samples) {
      if (!firstOf.has(spaceGroup)) firstOf.set(spaceGroup, { file, key });
    }
  });
  const sorted = [...counts.classes].sort((a, b) => learnableMaterials(b) - learnableMaterials(a));
  return (['many', 'medium', 'few'] as const).flatMap((band) =>
    evenly(
      sorted.filter((one) => bandOf(learnableMaterials(one)) === band),
      EXAMPLES_PER_BAND,
    ).map((one) => ({ ...firstOf.get(one.spaceGroup)!, count: learnableMaterials(one) })),
  );
}

function planSurvey(
  catalogues: readonly Catalogue[],
  keys: readonly string[][],
  shown: readonly Located[],
  { patterns, size = PICTURE_SIZE }: InspectOptions,
): SurveyPlan[] {
  const all = keys.flatMap((some, file) => some.map((key): Located => ({ file, key })));
  const wanted = catalogues.map(() => new Set<string>());
  for (const { file, key } of [...evenly(all, patterns), ...shown]) wanted[file]!.add(key);
  return catalogues.flatMap(({ path, camera, samples }, file) => {
    const some = samples.map(({ key }) => key).filter((key) => wanted[file]!.has(key));
    const pictures = shown.filter((one) => one.file === file).map(({ key }) => key);
    const plan = {
      path,
      from: camera.size,
      size: Math.min(size, camera.size),
      keys: some,
      pictures,
    };
    return some.length > 0 ? [plan] : [];
  });
}

async function runSurvey(
  plans: readonly SurveyPlan[],
  options: InspectOptions & { external: ExternalAccess },
): Promise<Survey> {
  const { strict, external, progress = silentProgress } = options;
  const found = new Map<SurveyPlan, Survey>();
  const bar = progress(
    'reading patterns',
    plans.reduce((sum, plan) => sum + plan.keys.length, 0),
  );
  const readings = plans.map((plan) => ({ kind: 'survey' as const, plan, external }));
  await runReadings(readings, options, (reading, { result, anomalies }) => {
    const { plan } = reading as (typeof readings)[number];
    const part = result === null ? emptySurvey() : surveyFrom(result);
    part.anomalies.push(...anomalies);
    enforce(strict, part.anomalies);
    found.set(plan, part);
    bar.advance(plan.keys.length);
  });
  // Added up in the order of the files, so that the sums do not depend on who was first.
  const survey = emptySurvey();
  for (const plan of plans) addSurvey(survey, found.get(plan)!);
  bar.done();
  return survey;
}

/**
 * Looks through files in the Summit layout: counts from all attributes, intensities from some of
 * the patterns, everything that is not as the layout says, and a few examples of each rarity.
 */
export async function inspectFiles(
  inputs: readonly string[],
  options: InspectOptions,
): Promise<Inspection> {
  const { catalogues: all, anomalies, external } = await scan(inputs, options);
  const some = all.some(({ samples }) => samples.length > 0);
  const catalogues = some ? oneCamera(all, anomalies).catalogues : all;
  const splits = officialSplits(catalogues);
  const selected = selectSamples(catalogues, {});
  const kept = splits
    ? withoutLeaks(catalogues, selected.keys, splits)
    : { keys: selected.keys, anomalies: [] };
  anomalies.push(...selected.anomalies, ...kept.anomalies);
  enforce(options.strict, anomalies);
  const rows = (leftOut: ReadonlySet<string>): CensusRow[] =>
    catalogues.flatMap(({ path, samples }, file) => {
      const chosen = new Set(kept.keys[file]);
      return samples
        .filter(({ key }) => chosen.has(key) && !leftOut.has(`${path}/${key}`))
        .map((sample): CensusRow => ({ ...sample, split: splits?.[file] ?? null }));
    });
  const shown = pickExamples(catalogues, census(rows(new Set())));
  const plans = planSurvey(catalogues, kept.keys, shown, options);
  const survey = await runSurvey(plans, { ...options, external });
  anomalies.push(...survey.anomalies);
  // What preparing the same files would leave out is not counted.
  const unusable = survey.anomalies.filter((one) => one.group !== null && isFatal(one));
  const counts = census(rows(new Set(unusable.map(({ file, group }) => `${file}/${group}`))));
  const pictures = new Map(
    survey.pictures.map(({ path, key, pixels }) => [`${path}/${key}`, pixels]),
  );
  const examples = shown.flatMap(({ file, key, count }): BandExample[] => {
    const catalogue = catalogues[file]!;
    const pixels = pictures.get(`${catalogue.path}/${key}`);
    const { spaceGroup, material, formula, zones } = indexedFacts(catalogue).get(key)!;
    return pixels
      ? [{ spaceGroup, material, formula, zones, count, pixels: Buffer.from(pixels, 'base64') }]
      : [];
  });
  const { pictures: _, anomalies: __, ...intensities } = survey;
  const taken = catalogues[0]?.camera ?? SUMMIT_CAMERA;
  const camera = resampledCamera(taken, Math.min(options.size ?? PICTURE_SIZE, taken.size));
  const told = distinctAnomalies(anomalies);
  return { files: all.length, census: counts, intensities, anomalies: told, examples, camera };
}

/** What a prepared store holds, told as files are. */
export function inspectStore(store: Store, patterns: number): Inspection {
  const census = storeCensus(store);
  const rows = evenly(
    Array.from({ length: store.count }, (_, row) => row),
    patterns,
  );
  const { histogram } = emptySurvey();
  for (const row of rows) for (const pixel of store.images([row])) histogram[pixel]!++;
  const pixels = histogram.reduce((sum, count) => sum + count, 0);
  const occurring = histogram.flatMap((count, value) => (count > 0 ? [value] : []));
  const mean =
    histogram.reduce((sum, count, value) => sum + count * intensityOf(value), 0) / pixels;
  return {
    files: 1,
    census,
    intensities: {
      samples: rows.length,
      minimum: intensityOf(occurring[0]!),
      maximum: intensityOf(occurring.at(-1)!),
      mean,
      histogram,
    },
    anomalies: [],
    examples: bandExamples(store),
    camera: store.camera,
  };
}

function bandExamples(store: Store): BandExample[] {
  const classes = [...storeCensus(store).classes].sort(
    (a, b) => b.bySplit.train.materials - a.bySplit.train.materials,
  );
  return (['many', 'medium', 'few'] as const).flatMap((band) =>
    evenly(
      classes.filter((one) => bandOf(one.bySplit.train.materials) === band),
      EXAMPLES_PER_BAND,
    ).map(({ spaceGroup, bySplit }) => {
      const row = store.rows.spaceGroup.indexOf(spaceGroup);
      const { material, formula, zones } = store.facts(row);
      const count = bySplit.train.materials;
      return { spaceGroup, material, formula, zones, count, pixels: store.images([row]) };
    }),
  );
}
