import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { SCORED_FILE } from '../../synthetic/archive/archive.ts';
import { runCell } from '../benchmark/cells/cell.ts';
import { type StudyComparison, shortVerdict } from '../benchmark/comparison/compare.ts';
import { makePools } from '../benchmark/pools/pools.ts';
import { ganOf, type StudyGan } from '../benchmark/pools/study-gan.ts';
import { openStudyFolder, type StudyFolder } from '../benchmark/study/folder.ts';
import { loadStudy } from '../benchmark/study/load.ts';
import { NEAR_SOURCES, planCells } from '../benchmark/study/study.ts';
import { writeAtomic, writeJson } from '../common/files.ts';
import { durationText, textTable } from '../common/log.ts';
import type { ProgressFactory } from '../common/progress.ts';
import { openRun, type Run } from '../common/run.ts';
import { openStore, type Store } from '../dataset/store/store.ts';
import { makeTask } from '../dataset/tasks/make-task.ts';
import { writeFigure } from '../report/draw/raster.ts';
import { drawScore } from '../report/figures/realism.ts';
import { storyText } from '../report/pages/runs.ts';
import { compareFolder, type FolderComparison } from '../report/pages/study-files.ts';
import { studyPage } from '../report/pages/study-page.ts';
import {
  type DataPictures,
  drawData,
  drawProbes,
  drawSamples,
  NOTHING_NEAR,
  type SamplePictures,
  type StudyParts,
} from '../report/pages/study-pictures.ts';
import { armRows } from '../report/pages/study-text.ts';
import { type MachinePace, measurePace } from './pace.ts';

/** What all stages of the story share. */
export interface Story {
  run: Run;
  seed: number;
  progress: ProgressFactory;
  /** Tells the reader one line. */
  say(line: string): void;
}

/** Runs one stage under a heading, and says how long it took and what it wrote. */
export async function stage<T extends { wrote: readonly string[] }>(
  story: Story,
  heading: string,
  work: () => Promise<T>,
): Promise<T> {
  story.say(`\n${heading}`);
  const started = performance.now();
  const result = await work();
  const files = result.wrote.map((path) => relative(process.cwd(), path)).join(', ');
  story.say(`  wrote ${files} (${durationText(performance.now() - started)})`);
  return result;
}

/** Copies a file or folder into the run, where later commands look for it. */
export function keep(from: string, to: string): string {
  if (!existsSync(from)) throw new Error(`${from} was not made`);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
  return to;
}

/** How much of everything a quickstart does. */
export interface Budget {
  /** Crystals of the minerals task that are simulated, at most: 5,600 are all there are. */
  crystals: number;
  /** Updates of every classifier. */
  updates: number;
  crystalSteps: number;
}

/** All minerals and as many updates as show a difference well; and what the workflow needs at least. */
const FULL = { crystals: 5600, updates: 300, crystalSteps: 250 } as const;
const LEAST = { crystals: 700, updates: 60, crystalSteps: 40 } as const;

/** A step of the crystal GAN in updates of a classifier. */
const GAN_STEP = 9;
/** Validation and test beside the updates of a classifier. */
const TESTED = 1.2;
/**
 * What does not grow with the budget, in triplets: new crystals of rare groups at random, the same with a
 * search at boundaries and checks, and counting and drawing.
 */
const BESIDE = 1100 + 3700 + 1500;

/** How long a budget takes at the pace of a machine, in milliseconds. */
export function timeFor(
  { crystals, updates, crystalSteps }: Budget,
  pace: MachinePace,
  runs: number,
): number {
  const triplets = crystals + BESIDE;
  // Guide and verifier are trained beside the runs.
  const trained = (runs + 2) * updates * TESTED + crystalSteps * GAN_STEP;
  return 1000 * (triplets * pace.triplet + trained * pace.update);
}

/** As much of everything as fits into the minutes at the pace of this machine. */
export function budgetFor(minutes: number, pace: MachinePace, runs: number): Budget {
  const share = Math.min(1, (60_000 * minutes) / timeFor(FULL, pace, runs));
  const scaled = (name: keyof Budget): number =>
    Math.max(LEAST[name], Math.round(FULL[name] * share));
  return {
    crystals: scaled('crystals'),
    updates: scaled('updates'),
    crystalSteps: scaled('crystalSteps'),
  };
}

export interface StoryData {
  store: string;
  pictures: DataPictures;
}

/** Simulates the built-in minerals, prepares them, and draws how imbalanced they are. */
export async function makeData(story: Story, crystals: number): Promise<StoryData> {
  const made = await stage(story, 'Simulating CBED triplets of real minerals', async () => {
    const { seed, progress } = story;
    const task = await makeTask('minerals', story.run.file('prepared.h5'), {
      seed,
      limit: crystals,
      progress,
    });
    return { ...task, wrote: [task.store] };
  });
  if (made.failed.length > 0)
    story.say(`  ${made.failed.length} crystals left out: ${made.failed[0]!.reason}`);
  return stage(story, 'Counting the classes', async () => {
    const store = await openStore(made.store);
    try {
      const pictures = await drawData(store);
      for (const line of pictures.lines) story.say(`  ${line}`);
      const first = await writeFigure(story.run.file('census'), pictures.histogram);
      const second = await writeFigure(story.run.file('samples'), pictures.sheet);
      return { store: made.store, pictures, wrote: [first.png, second.png] };
    } finally {
      store.close();
    }
  });
}

export interface StoryStudy {
  folder: StudyFolder;
  /** The samples that the pictures show, and what made them. */
  gan: StudyGan;
}

/** Opens the study `quick` on the story's store, in the story's run folder. */
export function openStory(story: Story, store: string, budget: Budget): StudyFolder {
  const { updates, crystalSteps } = budget;
  const study = loadStudy('quick', { data: store, updates, crystalSteps, firstSeed: story.seed });
  return openStudyFolder(story.run.file('study'), study);
}

/**
 * Trains guide, verifier and GAN on the training split, samples near the boundaries, judges the
 * samples, and leaves all of it where the later commands look.
 */
export async function makeSynthetic(story: Story, folder: StudyFolder): Promise<StoryStudy> {
  const cell = planCells(folder.study).find(({ arm }) => NEAR_SOURCES.includes(arm.synthetic))!;
  const gan = ganOf(folder, cell);
  const heading =
    'Training the crystal GAN; new crystals at random and near boundaries; simulating and checking them';
  return stage(story, heading, async () => {
    await makePools(folder, story.progress);
    const wrote = [
      keep(gan.maker('guide'), story.run.file('classifier')),
      keep(gan.maker('gan'), story.run.file('gan')),
      keep(gan.archive, story.run.file('sample', 'synthetic.h5')),
      keep(gan.archive, story.run.file('score', SCORED_FILE)),
    ];
    for (const name of ['sample', 'score'])
      writeJson(story.run.file(name, 'config.json'), folder.study);
    return { folder, gan, wrote };
  });
}

/** Trains every arm with equal updates, tests on real triplets of unseen materials, compares. */
export async function compareArms(story: Story, folder: StudyFolder): Promise<FolderComparison> {
  const cells = planCells(folder.study);
  const heading = `Training with and without synthetic data: ${cells.length} runs of ${folder.study.updates} updates`;
  const { compared, outcomes } = await stage(story, heading, async () => {
    const bar = story.progress('classifiers', cells.length);
    for (const cell of cells) {
      await runCell({ folder, cell });
      bar.advance(1, cell.id);
    }
    bar.done();
    const found = compareFolder(folder);
    const [of] = found.compared.comparisons;
    const results = story.run.file('results.json');
    // Without the times, which no two runs share: the same seed gives the same file.
    const arms = of!.arms.map(({ seconds: _, ...arm }) => arm);
    writeJson(results, { ...of!, arms });
    return { ...found, wrote: [results] };
  });
  return { compared, outcomes };
}

/** Draws the judged samples beside real ones, and the class counts before and after mixing. */
export async function showSamples(
  story: Story,
  made: StoryStudy,
  store: Store,
): Promise<SamplePictures> {
  const heading = 'Drawing real and synthetic triplets side by side';
  const { pictures } = await stage(story, heading, async () => {
    const { run } = story;
    const found = await drawSamples(made.gan, store, story.seed);
    const folder = run.file('score', 'figures');
    await drawScore(folder, found.scored);
    const counts = found.figures.mix
      ? [(await writeFigure(run.file('mix', 'counts'), found.figures.mix)).png]
      : [];
    writeJson(run.file('learned.json'), found.learned);
    if (found.learned.length === 0) story.say('  too few real triplets of rare classes for a KID');
    else story.say('  KID, about 0 where synthetic triplets are as real ones among themselves:');
    for (const { space, trained, untrained } of found.learned) {
      story.say(
        `  rare classes in ${space}: ${trained.toPrecision(3)} (untrained generator ${untrained.toPrecision(3)})`,
      );
    }
    return { pictures: found, wrote: [folder, ...counts, run.file('learned.json')] };
  });
  return pictures;
}

/** The probe figures of the pair whose sample lies nearest to the boundary, and its path. */
export async function probeBoundary(
  story: Story,
  made: StoryStudy,
  store: Store,
): Promise<StudyParts['probes']> {
  const { probes } = await stage(story, 'Probing the boundary', async () => {
    const { seed, progress, run } = story;
    const found = await drawProbes(made.gan, store, { seed, progress });
    if (!found) {
      story.say(`  ${NOTHING_NEAR}`);
      return { probes: NOTHING_NEAR, wrote: [run.folder] };
    }
    const wrote = await Promise.all(
      found.figures.map(async ({ name, svg }) => {
        return (await writeFigure(run.file('probe', name), svg)).png;
      }),
    );
    return { probes: found, wrote };
  });
  return probes;
}

/** Writes report.html of a quickstart: the page of its study, in a quickstart's words. */
export function writeStoryPage(
  story: Story,
  { minutes, ...page }: FolderComparison & { parts: StudyParts; minutes: number },
): string {
  const file = story.run.file('report.html');
  const text = storyText({ minutes, seed: story.seed });
  writeAtomic(file, studyPage({ ...text, ...page }));
  return file;
}

export interface QuickstartOptions {
  minutes: number;
  seed: number;
  /** Run folder; a new one in the workspace by default. */
  out?: string;
  progress: ProgressFactory;
  say(line: string): void;
}

export interface Quickstart {
  run: Run;
  comparison: StudyComparison;
  page: string;
}

/** What the GAN made, drawn on the story's store. */
async function drawMade(story: Story, made: StoryStudy, path: string) {
  const store = await openStore(path);
  try {
    const samples = await showSamples(story, made, store);
    return { samples, probes: await probeBoundary(story, made, store) };
  } finally {
    store.close();
  }
}

/**
 * The whole story on the built-in minerals: simulate, count, train, generate near the boundaries
 * of rare space groups, judge, mix, train again, compare. Everything lands in one run folder.
 */
export async function quickstart(options: QuickstartOptions): Promise<Quickstart> {
  const { minutes, seed, out, progress, say } = options;
  const started = performance.now();
  const pace = await measurePace();
  const runs = planCells(loadStudy('quick')).length;
  const budget = budgetFor(minutes, pace, runs);
  const run = openRun('quickstart', { seed, minutes, ...budget }, out);
  const story: Story = { run, seed, progress, say };
  say(
    `This takes about ${durationText(timeFor(budget, pace, runs))} here (measured: ${(1 / pace.triplet).toFixed(0)} triplets a second, ${(1000 * pace.update).toFixed(0)} ms an update); everything goes to ${run.folder}`,
  );
  const data = await makeData(story, budget.crystals);
  const folder = openStory(story, data.store, budget);
  const made = await makeSynthetic(story, folder);
  const drawn = await drawMade(story, made, data.store);
  const found = await compareArms(story, folder);
  const parts = { ...drawn, data: data.pictures };
  const page = writeStoryPage(story, { ...found, parts, minutes });
  const comparison = found.compared.comparisons[0]!;
  say(`\n${textTable(armRows(comparison))}\n`);
  say(`report: ${page} (all of it took ${durationText(performance.now() - started)})\n`);
  for (const line of shortVerdict(folder.study, comparison)) say(line);
  return { run, comparison, page };
}
