/**
 * Boundary search on the generators of a study: how many samples near the boundary each rare class
 * gets, how fast, and whether a classifier that no search has seen finds them near it too.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/boundary.js STUDY_FOLDER FOLDER
 *     [--count 50] [--attempts 8] [--classes 6] [--gradient-steps 24] [--minutes 10]
 *
 * STUDY_FOLDER is a folder of `gan bench run`; its GANs, guides and verifiers are used (or made).
 * Of the rare classes of each, `--classes` are searched, others for each GAN. FOLDER gets a JSON
 * file a GAN, the settings and summary.md; GANs that are done are not searched again.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { trainingClasses } from '../gan/attention.ts';
import { searchPair } from '../gan/boundary.ts';
import { openDivided } from '../src/benchmark/divided.ts';
import { readStudyFolder } from '../src/benchmark/folder.ts';
import { makerClassifier, makerGan, makersFolder } from '../src/benchmark/makers.ts';
import { type CellPlan, needsGan, planCells } from '../src/benchmark/study.ts';
import { encodeExamples } from '../src/codec/encode.ts';
import { writeAtomic, writeJson } from '../src/ground/files.ts';
import { textTable } from '../src/ground/log.ts';
import { terminalProgress } from '../src/ground/progress.ts';
import { median } from '../src/ground/quantile.ts';
import { readJson } from '../src/ground/run.ts';
import { pixelsOf, sampleGates, verifierMargins } from '../synthetic/gates.ts';
import { likeliestPairs } from '../synthetic/sampling/pairs.ts';
import { randomSamples } from '../synthetic/sampling/random.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '50' },
    attempts: { type: 'string', default: '8' },
    classes: { type: 'string', default: '6' },
    'gradient-steps': { type: 'string', default: '24' },
    minutes: { type: 'string', default: '10' },
  },
});
const [studyPath, out] = positionals;
if (!studyPath || !out) throw new Error('give the folder of a study and a folder for the results');
const count = Number(values.count);
const attempts = Number(values.attempts);
const gradientSteps = Number(values['gradient-steps']);
const classesEach = Number(values.classes);
const minutes = Number(values.minutes);
const EPSILON = 0.1;
const SEED = 70_000;

/** What the search of one class came to. */
interface Searched {
  spaceGroup: number;
  partner: number;
  /** Training triplets of the class. */
  training: number;
  accepted: number;
  attempts: number;
  seconds: number;
  times: { search: number; draw: number; gates: number };
  reasons: Record<string, number>;
  /** Largest and median p(class) - p(partner) of accepted samples under the guide. */
  gap: { least: number; median: number; most: number } | null;
  /** Median |log p(class) - log p(partner)| under a classifier that no search has seen. */
  unseen: { accepted: number | null; random: number };
}

interface Result {
  makers: string;
  rare: number[];
  searched: Searched[];
}

const medianOr = <T>(list: readonly number[], none: T): number | T =>
  list.length > 0 ? median(list) : none;

/** Classes spread over the rare ones from the rarest on, others for each GAN. */
function chosen(rare: readonly number[], turn: number): number[] {
  const step = rare.length / Math.min(classesEach, rare.length);
  const first = Math.floor((turn * step) / 3) % Math.max(1, Math.floor(step));
  return Array.from(
    { length: Math.min(classesEach, rare.length) },
    (_, i) => rare[Math.floor(first + i * step)]!,
  );
}

async function searchAll(cell: CellPlan, turn: number): Promise<Result> {
  const store = await openDivided(folder.study, cell);
  const discs = () => encodeExamples(store.examples('train'), terminalProgress);
  const work = { folder, cell, store, discs, progress: terminalProgress };
  const guide = await makerClassifier(work, 'guide');
  const verifier = await makerClassifier(work, 'verifier');
  const witness = await makerClassifier(work, 'witness');
  const model = await makerGan(work);
  const rare = trainingClasses(store, 'rare');
  const { labels } = store.examples('train');
  const training = (c: number) => labels.filter((label) => store.classes[label] === c).length;
  const byRarity = [...rare].sort((a, b) => training(a) - training(b) || a - b);
  const wanted = new Map(chosen(byRarity, turn).map((c) => [c, count]));
  const pairs = likeliestPairs({ guide, store, allowed: model.hasZones }, wanted);
  const gates = sampleGates(store, [verifier]);
  const random = await randomSamples(model, { wanted, seed: SEED }, terminalProgress);
  const searched: Searched[] = [];
  for (const { spaceGroup, partner } of pairs) {
    const pair = { label: model.labelOf(spaceGroup), partner: model.labelOf(partner) };
    const start = performance.now();
    const found = await searchPair({
      ...{ model, spaceGroup, partner, count, epsilon: EPSILON, gates, gradientSteps },
      score: (images) => guide.logitsOf(images),
      attempts: attempts * count,
      seed: SEED,
      progress: terminalProgress,
    });
    const seconds = (performance.now() - start) / 1000;
    const taken = found.attempts.filter(({ accepted }) => accepted).slice(0, count);
    const gaps = taken.map(({ view }) => view.gap);
    const far = (pixels: Uint8Array) =>
      Array.from(verifierMargins(witness, pixels, pair), Math.abs);
    const own = random.filter(({ passport }) => passport.class === spaceGroup);
    searched.push({
      ...{ spaceGroup, partner, training: training(spaceGroup), accepted: taken.length },
      ...{ attempts: found.attempts.length, seconds, times: found.times, reasons: found.reasons },
      gap:
        gaps.length > 0
          ? { least: Math.min(...gaps), median: median(gaps), most: Math.max(...gaps) }
          : null,
      unseen: {
        accepted: medianOr(taken.length > 0 ? far(pixelsOf(taken)) : [], null),
        random: median(far(pixelsOf(own))),
      },
    });
  }
  for (const one of [model, guide, verifier, witness]) one.dispose();
  store.close();
  return { makers: makersFolder(cell), rare, searched };
}

/** A row a class, and what the acceptance asks for. */
function summary(results: readonly Result[]): string {
  const all = results.flatMap(({ makers, searched }) =>
    searched.map((one) => ({ makers, ...one })),
  );
  const shown = (value: number | null, digits: number) => value?.toFixed(digits) ?? '-';
  const rows = all.map(({ makers, unseen, gap, ...one }) => [
    makers,
    `${one.spaceGroup}:${one.partner}`,
    one.training,
    one.accepted,
    one.attempts,
    one.seconds.toFixed(0),
    shown(gap?.median ?? null, 3),
    shown(unseen.accepted, 2),
    shown(unseen.random, 2),
    one.reasons.verifier ?? 0,
  ]);
  const heads = ['GAN', 'pair', 'training', 'accepted', 'attempts', 'seconds', 'p gap'];
  const last = ['unseen margin', 'random margin', 'fooled only the guide'];
  const reached = all.filter((one) => one.accepted >= count && one.seconds <= 60 * minutes);
  const near = all.flatMap(({ unseen }) => unseen.accepted ?? []);
  const ratio =
    median(all.map(({ unseen }) => unseen.random)) / medianOr(near, Number.POSITIVE_INFINITY);
  const total = (of: (one: Searched) => number) => all.reduce((sum, one) => sum + of(one), 0);
  const times = total((one) => one.times.search + one.times.draw + one.times.gates);
  const share = (phase: keyof Searched['times']) =>
    `${phase} ${((100 * total((one) => one.times[phase])) / times).toFixed(0)} %`;
  const lines = [
    `${reached.length} of ${all.length} classes have ${count} accepted samples within ${minutes} minutes each.`,
    `${total((one) => one.accepted)} accepted of ${total((one) => one.attempts)} attempts, ${(total((one) => one.accepted) / total((one) => one.seconds)).toFixed(2)} a second; ${share('search')}, ${share('draw')}, ${share('gates')}.`,
    `Median |margin| under an unseen classifier: accepted ${shown(medianOr(near, null), 2)}, random ${median(all.map(({ unseen }) => unseen.random)).toFixed(2)} nats, ratio ${ratio.toFixed(1)}.`,
    `${total((one) => one.reasons.verifier ?? 0)} candidates fooled only the guide.`,
  ];
  return `${lines.join('\n')}\n\n\`\`\`\n${textTable([[...heads, ...last], ...rows])}\n\`\`\`\n`;
}

const folder = readStudyFolder(studyPath);
mkdirSync(out, { recursive: true });
writeJson(join(out, 'settings.json'), {
  ...{ study: folder.study.name, data: folder.study.data, ganSteps: folder.study.ganSteps },
  ...{ updates: folder.study.updates, count, attempts, gradientSteps, classesEach, minutes },
  epsilon: EPSILON,
});
const cells = new Map(
  planCells(folder.study)
    .filter(needsGan)
    .map((c) => [makersFolder(c), c]),
);
const results: Result[] = [];
for (const [makers, cell] of cells) {
  const file = join(out, `${makers}.json`);
  if (!existsSync(file)) writeJson(file, await searchAll(cell, results.length));
  results.push(readJson<Result>(file));
}
const text = summary(results);
writeAtomic(join(out, 'summary.md'), text);
console.log(text);
