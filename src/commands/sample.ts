import { Command } from 'commander';
import { counted } from '../common/log.ts';
import { DRY_RUN } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';

interface SampleFlags {
  config?: string;
  json?: boolean;
  softLabels?: boolean;
  hard?: boolean;
  cifOnly?: boolean;
  replay?: string;
  from?: string;
  [setting: string]: unknown;
}

async function settingsOf({
  config,
  json: _j,
  replay: _r,
  from: _f,
  cifOnly: _c,
  hard,
  ...flags
}: SampleFlags) {
  const { z } = await import('zod');
  const { resolveConfig } = await import('../common/config.ts');
  const { groupPair, number, positive, whole } = await import('../common/settings.ts');
  const { AGREEMENT, EPSILON } = await import('../../classifier/boundary/margin.ts');
  const { PARTNER_CHOICES } = await import('../../synthetic/sampling/searches.ts');
  const schema = z.strictObject({
    data: z.string().optional(),
    gan: z.string().optional(),
    classes: z.coerce.string().optional(),
    count: whole(1).default(20),
    truncation: positive.max(2).default(1),
    nearBoundary: z.boolean().default(false),
    pair: groupPair.optional(),
    partners: whole(1).optional(),
    partnerBy: z.enum(PARTNER_CHOICES).optional(),
    epsilon: number.default(EPSILON),
    guide: z.string().optional(),
    verifier: z.array(z.string()).optional(),
    agreement: positive.max(10).default(AGREEMENT),
    attempts: whole(1).optional(),
    softLabels: z.boolean().default(false),
    seed: whole(0).default(0),
    out: z.string().optional(),
  });
  const settings = resolveConfig(
    schema,
    { ...flags, ...(hard ? { softLabels: false } : {}) },
    config,
  );
  const { chooseMakers } = await import('../../synthetic/sampling/open.ts');
  const near = settings.nearBoundary || settings.pair !== undefined;
  return { ...settings, ...chooseMakers({ ...settings, near }) };
}

type Settings = Awaited<ReturnType<typeof settingsOf>>;

/** What is written and said of samples. */
interface Made {
  contents: import('../../synthetic/archive/archive.ts').ArchiveContents;
  facts: Record<string, unknown>;
  text: string;
  /** What a boundary search found. */
  found: import('../../synthetic/sampling/boundary.ts').BoundaryMade | null;
}

type Sampling = import('../../synthetic/sampling/open.ts').Sampling;
type PartnerChoice = import('../../synthetic/sampling/searches.ts').PartnerChoice;

/** Draws random samples: what to write and what to say. */
async function randomContents(sampling: Sampling, settings: Settings): Promise<Made> {
  const { generatorArchive } = await import('../../synthetic/archive/from-generator.ts');
  const { ofEach } = await import('../../synthetic/sampling/wanted.ts');
  const { randomSamples, refusalText } = await import('../../synthetic/sampling/random.ts');
  const { generator, store, classes } = sampling;
  const { count, seed, truncation } = settings;
  const start = performance.now();
  const { samples, proposed, refused } = await randomSamples(generator, {
    wanted: ofEach(classes, count),
    seed,
    truncation,
    progress: terminalProgress,
  });
  const triplets = samples.length;
  const perSecond = (1000 * triplets) / (performance.now() - start);
  const groups = classes.length === 1 ? 'one space group' : `${classes.length} space groups`;
  const lines = [
    `${counted(triplets, 'triplet')} of ${groups} (${classes.join(', ')}), ${perSecond.toFixed(1)} a second`,
    refusalText({ proposed, refused }),
  ];
  return {
    contents: generatorArchive({ generator, store, guide: null }, samples),
    facts: { classes, triplets, perSecond, proposed, refused },
    text: lines.filter(Boolean).join('\n'),
    found: null,
  };
}

/** Searches samples near boundaries with partners of someone's choice. */
async function boundaryContents(
  sampling: Sampling,
  settings: Settings,
  by: PartnerChoice,
): Promise<Made> {
  const { generatorArchive } = await import('../../synthetic/archive/from-generator.ts');
  const { ofEach } = await import('../../synthetic/sampling/wanted.ts');
  const { recordMaterials } = await import('../../synthetic/archive/passport.ts');
  const { candidateChecks } = await import('../../synthetic/checks/candidate-checks.ts');
  const { boundarySearches, namedSearch } = await import('../../synthetic/sampling/searches.ts');
  const { boundarySamples } = await import('../../synthetic/sampling/boundary.ts');
  const { boundaryText } = await import('../../synthetic/sampling/boundary-report.ts');
  const { generator, store, classes, verifiers } = sampling;
  const guide = sampling.guide!;
  const { pair, count, partners } = settings;
  const partnering = { guide, store, space: generator.space!, partners, by };
  const pairs = pair
    ? [namedSearch(pair, count)]
    : boundarySearches(partnering, ofEach(classes, count));
  const checks = candidateChecks(store, verifiers, settings.agreement);
  // A distortion that does not cross costs two simulations, so that more may be tried.
  const attempts = settings.attempts ?? (generator.space?.supergroups ? 40 : 16);
  const options = { ...settings, attempts, pairs, checks };
  const found = await boundarySamples({ generator, guide, verifiers }, options, terminalProgress);
  const recordOf = ({ digest, seen }: typeof guide) => recordMaterials(digest, seen.materials);
  const makers = { generator, store, guide: recordOf(guide), verifiers: verifiers.map(recordOf) };
  return {
    contents: generatorArchive(makers, found.samples),
    facts: { pairs: found.summary },
    text: boundaryText(found),
    found,
  };
}

async function sample(flags: SampleFlags): Promise<void> {
  if (flags.replay !== undefined) return replay(flags);
  const settings = await settingsOf(flags);
  const { claimRun } = await import('../common/run.ts');
  claimRun('sample', settings, settings.out);
  const { openSampling } = await import('../../synthetic/sampling/open.ts');
  const { partnerChoice } = await import('../../synthetic/sampling/searches.ts');
  const near = settings.nearBoundary || settings.pair !== undefined;
  const by = near ? partnerChoice(settings) : null;
  const sampling = await openSampling({ ...settings, near });
  try {
    if (flags.cifOnly) return await sampleCifs(sampling, flags, settings);
    const contents =
      by === null
        ? await randomContents(sampling, settings)
        : await boundaryContents(sampling, settings, by);
    await write(flags, settings, { made: contents, sampling });
  } finally {
    sampling.close();
  }
}

/** Writes the crystals of an archive, one CIF file a row, named by it. */
async function writeRows(folder: string, cifs: readonly (string | null)[]): Promise<void> {
  const { writeCifs } = await import('../dataset/export/cif.ts');
  const named = cifs.map((cif, row) => ({ name: String(row).padStart(5, '0'), cif }));
  console.error(`wrote ${counted(writeCifs(folder, named).length, 'CIF file')} to ${folder}`);
}

/** Crystals alone, as CIF files. */
async function sampleCifs(
  sampling: Sampling,
  flags: SampleFlags,
  settings: Settings,
): Promise<void> {
  const { usageError } = await import('../common/errors.ts');
  const { openRun } = await import('../common/run.ts');
  const { CrystalGenerator } = await import('../../gan/crystal/generator.ts');
  const { ofEach } = await import('../../synthetic/sampling/wanted.ts');
  const { refusalText } = await import('../../synthetic/sampling/random.ts');
  const { generator, classes } = sampling;
  if (!(generator instanceof CrystalGenerator)) {
    throw usageError(
      `--cif-only: a ${generator.kind} GAN makes patterns, not crystals`,
      'train one with: npx gan train --generator crystal',
    );
  }
  const { count, seed, truncation } = settings;
  const start = performance.now();
  const { cifs, proposed, refused } = generator.sampleCifs({
    wanted: ofEach(classes, count),
    seed,
    truncation,
    progress: terminalProgress,
  });
  const perSecond = (1000 * cifs.length) / (performance.now() - start);
  const run = openRun('sample', settings, settings.out);
  await writeRows(run.file('cifs'), cifs);
  if (flags.json) {
    console.log(
      JSON.stringify(
        { run: run.folder, crystals: cifs.length, perSecond, proposed, refused },
        null,
        2,
      ),
    );
    return;
  }
  console.log(`${counted(cifs.length, 'crystal')}, ${perSecond.toFixed(1)} a second`);
  const text = refusalText({ proposed, refused });
  if (text) console.log(text);
}

async function write(
  flags: SampleFlags,
  settings: Settings,
  { made, sampling }: { made: Made; sampling: Sampling },
): Promise<void> {
  const { openRun } = await import('../common/run.ts');
  const { writeJson } = await import('../common/files.ts');
  const { writeArchive, ARCHIVE_FILE } = await import('../../synthetic/archive/archive.ts');
  const { writeAttempts } = await import('../../synthetic/sampling/boundary-report.ts');
  const { store, chosenVerifiers } = sampling;
  const chosen = chosenVerifiers && { verifier: chosenVerifiers };
  const run = openRun('sample', settings, settings.out, chosen);
  const path = run.file(ARCHIVE_FILE);
  const { contents, facts, text, found } = made;
  await writeArchive(path, contents);
  if (contents.cifs) await writeRows(run.file('cifs'), contents.cifs);
  if (found) {
    writeAttempts(run.file('attempts.jsonl'), { ...found, seed: settings.seed });
    writeJson(run.file('search.json'), found.summary);
  }
  const { sampleSheet } = await import('../report/figures/preview.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { saveSummary } = await import('../common/summary.ts');
  const any = contents.labels.length > 0;
  saveSummary(run, {
    figure: counted(contents.labels.length, 'triplet'),
    lines: text.split('\n').filter(Boolean),
    // Nothing can be scored of an empty archive.
    ...(any && {
      next: { text: 'accept or reject each of them.', command: `npx gan score ${path}` },
    }),
  });
  const sheet = (await writeFigure(run.file('samples'), await sampleSheet(contents, store))).png;
  report(flags, { run: run.folder, archive: path, sheet, ...facts }, { text, any });
}

function report(
  flags: SampleFlags,
  result: { run: string; archive: string; sheet: string; [fact: string]: unknown },
  { text, any }: { text: string; any: boolean },
): void {
  if (flags.json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  console.log(text);
  console.log(`wrote ${result.archive} and ${result.sheet}`);
  console.log(
    any
      ? 'next: npx gan score'
      : 'no sample to score: raise --attempts or --epsilon, name another --pair, or train GAN and classifiers longer',
  );
}

/** Draws one row of an archive again and says whether it is the same. */
async function replay(flags: SampleFlags): Promise<void> {
  const { replayRow } = await import('../../synthetic/sampling/replay.ts');
  const { writePng } = await import('../report/draw/raster.ts');
  const { tripletPicture } = await import('../report/draw/sheet.ts');
  const result = await replayRow({
    row: Number(flags.replay),
    archive: flags.from,
    gan: flags.gan as string | undefined,
  });
  const { pixels, size, ...facts } = result;
  const path = (flags.out as string | undefined) ?? `replay-${facts.row}.png`;
  await writePng(path, tripletPicture(pixels, size), 4);
  if (flags.json) console.log(JSON.stringify({ ...facts, picture: path }, null, 2));
  else {
    const verdict = facts.identical ? 'the same to the bit' : 'NOT the same';
    console.log(`row ${facts.row} of ${facts.archive}: ${verdict}; wrote ${path}`);
  }
  if (!facts.identical) process.exitCode = 1;
}

/** `gan sample`: synthetic triplets with provenance. */
export const sampleCommand = (): Command =>
  new Command('sample')
    .description('draw synthetic triplets from a trained GAN, with a passport each')
    .option('--near-boundary', 'search them where a classifier hesitates between two classes')
    .option('--classes <which>', 'as in gan train (default: those that the GAN was trained for)')
    .option('--count <n>', 'triplets of each class (default: 20)')
    .option(
      '--pair <a:b>',
      'space group to make and the one across the boundary; implies --near-boundary (default: all)',
    )
    .option(
      '--partner-by <who>',
      "candidate: each candidate's strongest rival, relation: the same for distorted crystals of supergroups where there are some, or validation: the class most confused there (default: relation)",
    )
    .option(
      '--partners <n>',
      'most confused classes of validation that share the triplets (default: by --partner-by)',
    )
    .option('--epsilon <x>', 'largest difference of the two probabilities (default: 0.1)')
    .option('--agreement <nats>', 'largest margin under the verifiers (default: 0.75)')
    .option(
      '--attempts <n>',
      'attempts at most, for each triplet wanted (default: 16; 40 for a crystal GAN)',
    )
    .option('--soft-labels', "keep the partner's probability as a soft label")
    .option('--hard', 'hard labels (the default)')
    .option('--guide <run>', 'classifier that hesitates (default: the newest)')
    .option(
      '--verifier <runs...>',
      'classifiers of other seeds that must agree (default: the next newest)',
    )
    .option('--cif-only', 'crystals as CIF files, nothing simulated (crystal GAN)')
    .option('--truncation <x>', 'below 1: more typical, less diverse (default: 1)')
    .option('--gan <run>', 'GAN run (default: the newest)')
    .option('--data <store>', 'prepared store (default: the one that the GAN was trained on)')
    .option(
      '--replay <row>',
      'draw a row of an archive again into --out (a PNG file) and compare (default: no)',
    )
    .option('--from <archive>', 'archive of --replay (default: of the newest gan sample)')
    .option('--seed <n>', 'seed of every random draw (default: 0)')
    .option('--out <folder>', 'run folder (default: a new one in the workspace)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option(...DRY_RUN)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  npx gan sample --near-boundary --classes rare --count 20')
    .action(sample);
