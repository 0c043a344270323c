/**
 * Boundary search on the generators of a study: how many samples near the boundary each rare class
 * gets, how fast, and whether a classifier that no search has seen finds them near it too.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/boundary.js STUDY_FOLDER FOLDER
 *     [--count 50] [--attempts 16] [--classes 6] [--gradient-steps 24] [--minutes 10]
 *     [--partner-by candidate] [--agreement 0.75] [--verifiers 1] [--gans 6]
 *
 * STUDY_FOLDER is a folder of `gan bench run`; its GANs, guides and verifiers are used (or made).
 * Of the rare classes of each, `--classes` are searched, others for each GAN. FOLDER gets a JSON
 * file a GAN, the settings and summary.md; GANs that are done are not searched again.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AGREEMENT, EPSILON } from '../classifier/boundary/margin.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { type Attempt, searchPair, searchSpaceOf } from '../gan/boundary/search.ts';
import { trainingClasses } from '../gan/classes.ts';
import { makerClassifier, makerGan, makersFolder } from '../src/benchmark/pools/makers.ts';
import { readStudyFolder } from '../src/benchmark/study/folder.ts';
import { openDivision } from '../src/benchmark/study/store.ts';
import { type CellPlan, needsGan, planCells } from '../src/benchmark/study/study.ts';
import { encodeExamples } from '../src/codec/encode.ts';
import { writeAtomic, writeJson } from '../src/common/files.ts';
import { tally } from '../src/common/group.ts';
import { terminalProgress } from '../src/common/progress.ts';
import { median } from '../src/common/quantile.ts';
import { readJson } from '../src/common/run.ts';
import { joinTriplets } from '../src/dataset/intensity/transform.ts';
import {
  candidateChecks,
  pixelsOf,
  verifierMargins,
} from '../synthetic/checks/candidate-checks.ts';
import { randomSamples } from '../synthetic/sampling/random.ts';
import {
  boundarySearches,
  PARTNER_CHOICES,
  type PartnerChoice,
} from '../synthetic/sampling/searches.ts';
import { FOOLED, type Result, type Searched, summary } from './boundary/summary.ts';
import { unseenMargins } from './boundary/unseen.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '50' },
    attempts: { type: 'string', default: '16' },
    classes: { type: 'string', default: '6' },
    'gradient-steps': { type: 'string', default: '24' },
    minutes: { type: 'string', default: '10' },
    'partner-by': { type: 'string', default: 'candidate' },
    agreement: { type: 'string', default: String(AGREEMENT) },
    verifiers: { type: 'string', default: '1' },
    gans: { type: 'string', default: '6' },
  },
});
const [studyPath, out] = positionals;
if (!studyPath || !out) throw new Error('give the folder of a study and a folder for the results');
const count = Number(values.count);
const attempts = Number(values.attempts);
const gradientSteps = Number(values['gradient-steps']);
const classesEach = Number(values.classes);
const minutes = Number(values.minutes);
const agreement = Number(values.agreement);
const roles = (['verifier', 'second-verifier'] as const).slice(0, Number(values.verifiers));
const by = PARTNER_CHOICES.find((one) => one === values['partner-by']);
if (!by) throw new Error(`--partner-by is one of ${PARTNER_CHOICES.join(', ')}`);
const partnerBy: PartnerChoice = by;
const SEED = 70_000;

/** Classes spread over the rare ones from the rarest on, others for each GAN. */
function chosen(rare: readonly number[], turn: number): number[] {
  const step = rare.length / Math.min(classesEach, rare.length);
  const first = Math.floor((turn * step) / 3) % Math.max(1, Math.floor(step));
  return Array.from(
    { length: Math.min(classesEach, rare.length) },
    (_, i) => rare[Math.floor(first + i * step)]!,
  );
}

/** Attempts that the guide finds near and the verifier not at all. */
function guideOnly(verifier: Classifier, attempts: readonly Attempt[]): number {
  const refused = attempts.filter(({ reasons }) => reasons.includes('verifier'));
  if (refused.length === 0) return 0;
  const pairs = refused.map(({ pair }) => pair);
  const margins = verifierMargins(verifier, pixelsOf(refused), pairs);
  return margins.filter((margin) => Math.abs(margin) > FOOLED).length;
}

async function searchAll(cell: CellPlan, turn: number): Promise<Result> {
  const { store } = await openDivision(folder.study, cell);
  const discs = () => encodeExamples(store.examples('train'), terminalProgress);
  const work = { folder, cell, store, discs, progress: terminalProgress };
  const guide = await makerClassifier(work, 'guide');
  const verifiers: Classifier[] = [];
  for (const role of roles) verifiers.push(await makerClassifier(work, role));
  const witness = await makerClassifier(work, 'witness');
  const generator = await makerGan(work);
  const space = searchSpaceOf(generator);
  const rare = trainingClasses(store, 'rare');
  const { labels } = store.examples('train');
  const training = (c: number) => labels.filter((label) => store.classes[label] === c).length;
  const byRarity = [...rare].sort((a, b) => training(a) - training(b) || a - b);
  const wanted = new Map(chosen(byRarity, turn).map((c) => [c, count]));
  const searches = boundarySearches({ guide, store, space, by: partnerBy }, wanted);
  const checks = candidateChecks(store, verifiers, agreement);
  const { samples: random } = await randomSamples(generator, {
    wanted,
    seed: SEED,
    progress: terminalProgress,
  });
  const searched: Searched[] = [];
  for (const { spaceGroup, partner, from } of searches) {
    const start = performance.now();
    const found = await searchPair({
      generator,
      spaceGroup,
      partner,
      from,
      count,
      epsilon: EPSILON,
      checks,
      gradientSteps,
      score: (images) => guide.logitsOf(images),
      attempts: attempts * count,
      seed: SEED,
      progress: terminalProgress,
    });
    const seconds = (performance.now() - start) / 1000;
    const taken = found.attempts.filter(({ accepted }) => accepted).slice(0, count);
    const gaps = taken.map(({ view }) => view.gap);
    const own = random.filter(({ passport }) => passport.class === spaceGroup);
    searched.push({
      ...{ spaceGroup, partner, training: training(spaceGroup), accepted: taken.length },
      partners: Object.fromEntries(tally(taken.map((one) => one.partner))),
      ...{ attempts: found.attempts.length, seconds, times: found.times, reasons: found.reasons },
      guideOnly: guideOnly(verifiers[0]!, found.attempts),
      gap:
        gaps.length > 0
          ? { least: Math.min(...gaps), median: median(gaps), most: Math.max(...gaps) }
          : null,
      unseen: unseenMargins(
        { guide, witness, label: generator.labelOf(spaceGroup) },
        taken,
        joinTriplets(own.map(({ sample }) => sample.pixels)),
      ),
    });
  }
  for (const one of [generator, guide, ...verifiers, witness]) one.dispose();
  store.close();
  return { makers: makersFolder(cell), rare, searched };
}

const folder = readStudyFolder(studyPath);
mkdirSync(out, { recursive: true });
writeJson(join(out, 'settings.json'), {
  ...{ study: folder.study.name, data: folder.study.data, ganSteps: folder.study.ganSteps },
  ...{ updates: folder.study.updates, count, attempts, gradientSteps, classesEach, minutes },
  ...{ epsilon: EPSILON, partnerBy, agreement, verifiers: roles.length, rate: folder.study.rate },
});
const cells = new Map(
  planCells(folder.study)
    .filter(needsGan)
    .map((c) => [makersFolder(c), c]),
);
const results: Result[] = [];
for (const [makers, cell] of [...cells].slice(0, Number(values.gans))) {
  const file = join(out, `${makers}.json`);
  if (!existsSync(file)) writeJson(file, await searchAll(cell, results.length));
  results.push(readJson<Result>(file));
}
const text = summary(results, { count, minutes });
writeAtomic(join(out, 'summary.md'), text);
console.log(text);
