import { Command } from 'commander';
import type { PairCell } from '../../synthetic/probing/probe-data.ts';
import { counted } from '../common/log.ts';
import { DRY_RUN } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';

interface ProbeFlags {
  config?: string;
  map?: boolean;
  json?: boolean;
  [setting: string]: unknown;
}

async function settingsOf({ config, json: _, map: _m, ...flags }: ProbeFlags) {
  const { z } = await import('zod');
  const { EPSILON } = await import('../../classifier/boundary/margin.ts');
  const { resolveConfig } = await import('../common/config.ts');
  const { groupPair, number, whole } = await import('../common/settings.ts');
  const schema = z.strictObject({
    data: z.string().optional(),
    from: z.string().optional(),
    gan: z.string().optional(),
    pair: groupPair.optional(),
    classes: z.coerce.string().optional(),
    epsilon: number.default(EPSILON),
    guide: z.string().optional(),
    verifier: z.array(z.string()).optional(),
    count: whole(1).default(24),
    side: whole(4).max(200).default(40),
    seed: whole(0).default(0),
    out: z.string().optional(),
  });
  const settings = resolveConfig(schema, flags, config);
  if (settings.from !== undefined) return { ...settings, data: settings.from };
  const { chooseMakers } = await import('../../synthetic/sampling/open.ts');
  return { ...settings, ...chooseMakers({ ...settings, near: true }) };
}

type Settings = Awaited<ReturnType<typeof settingsOf>>;

/** Probes images of one's own: no generator, so nothing lies on a path. */
async function probeOwn(flags: ProbeFlags, settings: Settings, from: string): Promise<void> {
  const { groupsOf } = await import('../common/settings.ts');
  const { openStore } = await import('../dataset/store/store.ts');
  const { openJudges } = await import('../../synthetic/sampling/open.ts');
  const { probeImages } = await import('../../synthetic/probing/image-probe.ts');
  const { imageProbeFigures } = await import('../report/figures/boundary.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { openRun } = await import('../common/run.ts');
  const { writeJson } = await import('../common/files.ts');
  const store = await openStore(from);
  const { guide, verifiers } = await openJudges(settings, ({ size }) =>
    size === store.size ? null : `sees ${size} pixels a side, ${from} has ${store.size}`,
  );
  const alike = verifiers.filter((one) => one.classes.join() === guide.classes.join());
  try {
    const wanted = settings.pair === undefined ? undefined : groupsOf(settings.pair);
    const probed = probeImages({ ...settings, store, guide, verifiers: alike, pair: wanted });
    const { pair } = probed;
    const run = openRun('probe', { ...settings, pair: pair.join(':') }, settings.out);
    const pictures: string[] = [];
    for (const { name, draw } of imageProbeFigures(probed)) {
      pictures.push((await writeFigure(run.file(name), draw)).png);
    }
    writeJson(run.file('probe.json'), { pair, from });
    if (flags.json) console.log(JSON.stringify({ run: run.folder, pair, from, pictures }, null, 2));
    else console.log(`pair ${pair.join(':')} on ${from}\nwrote ${pictures.join(', ')}`);
  } finally {
    for (const one of [guide, ...verifiers]) one.dispose();
    store.close();
  }
}

/** Candidates of each related pair. */
const MAPPED = 6;

/** Draws the map of all related pairs. */
async function probeMap(flags: ProbeFlags, settings: Settings): Promise<void> {
  const { openSampling } = await import('../../synthetic/sampling/open.ts');
  const { relationMap } = await import('../../synthetic/probing/relation-map.ts');
  const { relationFigure } = await import('../report/figures/boundary-sets.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { openRun } = await import('../common/run.ts');
  const { writeJson } = await import('../common/files.ts');
  const { inputError } = await import('../common/errors.ts');
  const sampling = await openSampling({ ...settings, near: true });
  try {
    const { generator, guide, classes } = sampling;
    const count = flags.count === undefined ? MAPPED : settings.count;
    const cells = await relationMap(
      { generator, guide: guide! },
      { ...settings, classes, count, progress: terminalProgress },
    );
    if (cells.length === 0) {
      throw inputError(
        `no crystal of a ${generator.kind} generator can be distorted down to ${classes.join(', ')}`,
        'name a run of a crystal GAN with --gan, or other --classes',
      );
    }
    const run = openRun('probe', { ...settings, count }, settings.out);
    const { png } = await writeFigure(run.file('map'), (width) => relationFigure(cells, width));
    writeJson(run.file('probe.json'), cells);
    const figure = counted(cells.length, 'related pair');
    const { saveSummary } = await import('../common/summary.ts');
    saveSummary(run, { figure, lines: [] });
    if (flags.json)
      console.log(JSON.stringify({ run: run.folder, cells, pictures: [png] }, null, 2));
    else console.log(`${figure}\nwrote ${png}`);
  } finally {
    sampling.close();
  }
}

async function probe(flags: ProbeFlags): Promise<void> {
  const settings = await settingsOf(flags);
  if (flags.map) return probeMap(flags, settings);
  if (settings.from !== undefined) return probeOwn(flags, settings, settings.from);
  const { groupsOf } = await import('../common/settings.ts');
  const { openSampling } = await import('../../synthetic/sampling/open.ts');
  const { pairTable, likeliestPair } = await import('../../synthetic/probing/choice.ts');
  const { probePair } = await import('../../synthetic/probing/pair-probe.ts');
  const { pairFigure } = await import('../report/figures/boundary-sets.ts');
  const { pairProbeFigures } = await import('../report/figures/boundary.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { openRun } = await import('../common/run.ts');
  const { writeJson } = await import('../common/files.ts');
  const sampling = await openSampling({ ...settings, near: true });
  try {
    const table = await pairTable(sampling);
    const asked = settings.pair ? groupsOf(settings.pair) : likeliestPair(table);
    const run = openRun('probe', { ...settings, pair: asked.join(':') }, settings.out);
    const { store, generator, verifiers } = sampling;
    const probing = { store, generator, guide: sampling.guide!, verifiers };
    const made = await probePair(probing, { ...settings, pair: asked, progress: terminalProgress });
    const { pair } = made;
    const probed = (cell: PairCell): boolean =>
      cell.spaceGroup === pair[0] && cell.partner === pair[1];
    const cells = table.map((cell) =>
      probed(cell) ? { ...cell, accepted: (cell.accepted ?? 0) + made.accepted } : cell,
    );
    const pairs = { name: 'pairs', draw: (width?: number) => pairFigure(cells, width) };
    const figures = [...(await pairProbeFigures(made)), pairs];
    const pictures: string[] = [];
    for (const { name, draw } of figures)
      pictures.push((await writeFigure(run.file(name), draw)).png);
    const { attempts, accepted } = made;
    const { crossing = null, curve = [] } = made.strip ?? {};
    const facts = { pair, attempts, accepted, crossing, curve };
    const text = `pair ${pair.join(':')}: ${counted(accepted, 'boundary sample')} of ${counted(attempts, 'attempt')}`;
    const { saveSummary } = await import('../common/summary.ts');
    saveSummary(run, {
      figure: `pair ${pair.join(':')}`,
      lines: [text],
      next: {
        text: 'make samples near this boundary.',
        command: `npx gan sample --near-boundary --pair ${pair.join(':')}`,
      },
    });
    writeJson(run.file('probe.json'), facts);
    if (flags.json) console.log(JSON.stringify({ run: run.folder, ...facts, pictures }, null, 2));
    else {
      console.log(text);
      console.log(`wrote ${pictures.join(', ')}`);
    }
  } finally {
    sampling.close();
  }
}

/** `gan probe`: pictures of a decision boundary. */
export const probeCommand = (): Command =>
  new Command('probe')
    .description('draw the decision boundary between two space groups: figures as PNG and SVG')
    .option(
      '--pair <a:b>',
      'the class and the one across the boundary (default: the most confused)',
    )
    .option(
      '--classes <which>',
      'classes to choose the pair from, as in gan train (default: those of the GAN)',
    )
    .option('--epsilon <x>', 'largest difference of the two probabilities (default: 0.1)')
    .option(
      '--map',
      'all pairs of a class and a supergroup: the smallest distortion that the guide sees (crystal GAN)',
    )
    .option(
      '--count <n>',
      'boundary samples and random samples to make (default: 24), or distortions of each pair of --map (default: 6)',
    )
    .option('--side <n>', 'grid points a side of the plane (default: 40)')
    .option('--guide <run>', 'classifier whose boundary it is (default: the newest)')
    .option('--verifier <runs...>', 'classifiers of other seeds (default: the next newest)')
    .option('--gan <run>', 'GAN run (default: the newest)')
    .option(
      '--from <store>',
      'a classifier on images of your own: no GAN, four figures (default: no)',
    )
    .option('--data <store>', 'prepared store (default: the one that the GAN was trained on)')
    .option('--seed <n>', 'seed of every random draw (default: 0)')
    .option('--out <folder>', 'run folder (default: a new one in the workspace)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option(...DRY_RUN)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  npx gan probe --pair 14:62\n  npx gan probe --from my-images.h5 --guide my-classifier',
    )
    .action(probe);
