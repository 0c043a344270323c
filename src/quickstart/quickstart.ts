import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, relative } from 'node:path';
import { ARCHIVE_FILE, SCORED_FILE } from '../../synthetic/archive/archive.ts';
import type { StudyComparison } from '../benchmark/comparison/compare.ts';
import { shortVerdict } from '../benchmark/comparison/short-verdict.ts';
import { runLocally } from '../benchmark/executors/local.ts';
import { ganOf, type StudyGan } from '../benchmark/pools/shown-gan.ts';
import { openStudyFolder, type StudyFolder } from '../benchmark/study/folder.ts';
import { loadStudy } from '../benchmark/study/load.ts';
import { NEAR_SOURCES, planCells, usesSynthesis } from '../benchmark/study/study.ts';
import { cardBeside } from '../common/card.ts';
import { writeAtomic, writeJson } from '../common/files.ts';
import { durationText, textTable } from '../common/log.ts';
import type { ProgressFactory } from '../common/progress.ts';
import { openRun, type Run } from '../common/run.ts';
import { openStore, type Store } from '../dataset/store/store.ts';
import { makeTask } from '../dataset/tasks/make-task.ts';
import { engine } from '../engine/tf.ts';
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
import { type MachinePace, measureShared } from './pace.ts';

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

/** Pixels a side: half of the other tasks', so that a classifier sees three times as many updates. */
const SIZE = 32;

/** All minerals and as many updates as show a difference well; and what the workflow needs at least. */
const FULL = { crystals: 5600, updates: 600, crystalSteps: 250 } as const;
const LEAST = { crystals: 700, updates: 60, crystalSteps: 40 } as const;

/** Processes at once, at most: each takes about 600 MB. */
const MOST_JOBS = 8;
/** Seconds that a run takes beside its updates; a process takes several runs. */
const START = 1;
/** A step of the crystal GAN in updates of a classifier. */
const GAN_STEP = 12;
/** Triplets that what is beside training takes: pools with their searches and checks; figures and report. */
const POOLS = 3500;
const DRAWN = 1500;
/** Time of a triplet where one process simulates alone. */
const ALONE = 0.6;

/** What a quickstart has to do: its runs, those among them that wait for pools, the cores that share them. */
export interface Workload {
  runs: number;
  waiting: number;
  jobs: number;
}

/** How long a budget takes at the pace of a machine, in milliseconds. */
function timeFor(
  { crystals, updates, crystalSteps }: Budget,
  pace: MachinePace,
  { runs, waiting, jobs }: Workload,
): number {
  const run = START + updates * pace.update;
  // Guide and verifier are trained beside the pools, in their process.
  const pools =
    START +
    2 * updates * pace.update +
    crystalSteps * GAN_STEP * pace.update +
    POOLS * pace.triplet;
  const together = Math.max((pools + runs * run) / jobs, pools + (waiting * run) / jobs);
  return 1000 * ((crystals + DRAWN) * ALONE * pace.triplet + together);
}

/** Share of the minutes that is planned: a machine may slow down on the way. */
const AIM = 0.9;

/** As much of everything as fits into the minutes at the pace of this machine. */
function budgetFor(minutes: number, pace: MachinePace, workload: Workload): Budget {
  const at = (share: number): Budget => {
    const scaled = (name: keyof Budget, by: number): number =>
      Math.max(LEAST[name], Math.round(FULL[name] * by));
    return {
      // The long tail shrinks least: it is what the story is about.
      crystals: scaled('crystals', Math.sqrt(share)),
      updates: scaled('updates', share),
      crystalSteps: scaled('crystalSteps', share),
    };
  };
  // The largest hundredth of all that fits: parts that do not shrink make the time no multiple of it.
  for (let percent = 100; percent > 1; percent--) {
    const budget = at(percent / 100);
    if (timeFor(budget, pace, workload) <= AIM * 60_000 * minutes) return budget;
  }
  return LEAST;
}

export interface StoryData {
  store: string;
  pictures: DataPictures;
}

/** Simulates the built-in minerals, prepares them, and draws how imbalanced they are. */
async function makeData(story: Story, crystals: number): Promise<StoryData> {
  const made = await stage(
    story,
    `Simulating CBED triplets of real minerals, ${SIZE} pixels a side (other tasks have 64)`,
    async () => {
      const { seed, progress } = story;
      const task = await makeTask('minerals', story.run.file('prepared.h5'), {
        seed,
        limit: crystals,
        size: SIZE,
        progress,
      });
      return { ...task, wrote: [task.store] };
    },
  );
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

export interface StoryStudy extends FolderComparison {
  /** The samples that the pictures show, and what made them. */
  gan: StudyGan;
}

/** Opens the study `quick` on the story's store, in the story's run folder. */
function openStory(story: Story, store: string, budget: Budget): StudyFolder {
  const { updates, crystalSteps } = budget;
  const study = loadStudy('quick', { data: store, updates, crystalSteps, firstSeed: story.seed });
  return openStudyFolder(story.run.file('study'), study);
}

/**
 * Trains the GAN with its guide and verifier, makes new crystals at random and near boundaries, and
 * trains every arm with equal updates, a process a core; leaves what was made where the later
 * commands look, and compares the arms on real triplets of unseen materials.
 */
async function trainArms(story: Story, folder: StudyFolder, jobs: number): Promise<StoryStudy> {
  const { study } = folder;
  const cells = planCells(study);
  const gan = ganOf(folder, cells.find(({ arm }) => NEAR_SOURCES.includes(arm.synthetic))!);
  const heading = `Training the crystal GAN, making crystals at random and near boundaries, and training ${cells.length} classifiers of ${study.updates} updates with and without them`;
  const { compared, outcomes } = await stage(story, heading, async () => {
    const { run, progress } = story;
    const say = (line: string) => story.say(`  ${line}`);
    await runLocally({ folder, jobs, threads: engine.threads, progress, say });
    for (const name of ['sample', 'score']) writeJson(run.file(name, 'config.json'), study);
    const found = compareFolder(folder);
    const [of] = found.compared.comparisons;
    const results = run.file('results.json');
    // Without the times, which no two runs share: the same seed gives the same file.
    const arms = of!.arms.map(({ seconds: _, ...arm }) => arm);
    writeJson(results, { ...of!, arms });
    const wrote = [
      keep(gan.maker('guide'), run.file('classifier')),
      keep(gan.maker('gan'), run.file('gan')),
      keep(gan.archive, run.file('sample', ARCHIVE_FILE)),
      keep(gan.archive, run.file('score', SCORED_FILE)),
      results,
    ];
    for (const path of [run.file('sample', ARCHIVE_FILE), run.file('score', SCORED_FILE)])
      keep(cardBeside(gan.archive), cardBeside(path));
    return { ...found, wrote };
  });
  return { gan, compared, outcomes };
}

/** Draws the judged samples beside real ones, and the class counts before and after mixing. */
async function showSamples(story: Story, made: StoryStudy, store: Store): Promise<SamplePictures> {
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
    const passports = found.scored.archive.passports ?? [];
    const near = passports.filter(({ partner }) => partner !== null).length;
    story.say(
      `  ${near} of ${passports.length} new crystals lie near a boundary, the others are random`,
    );
    if (found.learned.length === 0) story.say('  too few real triplets of rare classes for a KID');
    else story.say('  KID, about 0 where synthetic triplets are as real ones among themselves:');
    for (const { space, trained, untrained } of found.learned) {
      story.say(
        `  rare classes in ${space}: ${trained.toPrecision(3)} (untrained generator ${untrained.toPrecision(3)}${trained < untrained ? '' : ': no better'})`,
      );
    }
    return { pictures: found, wrote: [folder, ...counts, run.file('learned.json')] };
  });
  return pictures;
}

/** The probe figures of the pair whose sample lies nearest to the boundary, and its path. */
async function probeBoundary(
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
      found.figures.map(async ({ name, draw }) => {
        return (await writeFigure(run.file('probe', name), draw)).png;
      }),
    );
    return { probes: found, wrote };
  });
  return probes;
}

/** Writes report.html of a quickstart: the page of its study, in a quickstart's words. */
function writeStoryPage(
  story: Story,
  { made, parts, minutes }: { made: StoryStudy; parts: StudyParts; minutes: number },
): string {
  const file = story.run.file('report.html');
  const { compared, outcomes } = made;
  const text = storyText({ minutes, seed: story.seed });
  writeAtomic(file, studyPage({ ...text, compared, outcomes, parts }));
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
  const jobs = Math.min(MOST_JOBS, availableParallelism());
  const pace = await measureShared(SIZE, jobs);
  const cells = planCells(loadStudy('quick'));
  const workload = {
    runs: cells.length,
    waiting: cells.filter(({ arm }) => usesSynthesis(arm)).length,
    jobs,
  };
  const budget = budgetFor(minutes, pace, workload);
  const run = openRun('quickstart', { seed, minutes, ...budget }, out);
  const story: Story = { run, seed, progress, say };
  say(
    `This takes about ${durationText(timeFor(budget, pace, workload))} here (measured: ${(1 / pace.triplet).toFixed(0)} triplets a second, ${(1000 * pace.update).toFixed(0)} ms an update); everything goes to ${run.folder}`,
  );
  const data = await makeData(story, budget.crystals);
  const folder = openStory(story, data.store, budget);
  const made = await trainArms(story, folder, workload.jobs);
  const drawn = await drawMade(story, made, data.store);
  const page = writeStoryPage(story, { made, parts: { ...drawn, data: data.pictures }, minutes });
  const comparison = made.compared.comparisons[0]!;
  say(`\n${textTable(armRows(comparison))}\n`);
  say(`report: ${page} (all of it took ${durationText(performance.now() - started)})\n`);
  for (const line of shortVerdict(folder.study, comparison)) say(line);
  return { run, comparison, page };
}
