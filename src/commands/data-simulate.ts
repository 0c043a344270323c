import { Command } from 'commander';
import { inputError, usageError } from '../common/errors.ts';
import { counted } from '../common/log.ts';
import { DRY_RUN, isDryRun } from '../common/outputs.ts';
import { silentProgress, terminalProgress } from '../common/progress.ts';
import type { Crystal } from '../crystal/crystal.ts';
import type { SimulationFlags } from '../simulate/flags.ts';
import type { SimulationOptions } from '../simulate/options.ts';
import type { Sample } from '../simulate/sample.ts';

interface Flags extends SimulationFlags {
  crystals: string[];
  groups?: string;
  materials?: string;
  shard?: string;
  preview?: boolean;
  out?: string;
  config?: string;
  json?: boolean;
}

interface Failure {
  id: string;
  reason: string;
}

/** `id: reason`, or the reason alone where it names the file already. */
const failureText = ({ id, reason }: Failure): string =>
  reason.startsWith(id) ? reason : `${id}: ${reason}`;

/** Shard i of n, as `i/n` with i from 1. */
function parseShard(text: string | undefined): { index: number; count: number } | null {
  if (text === undefined) return null;
  const [index, count] = text.split('/').map(Number);
  const whole = Number.isInteger(index) && Number.isInteger(count);
  if (!whole || !(index! >= 1) || !(index! <= count!)) {
    throw usageError(`--shard ${text}: expected i/n with i from 1 to n, such as 3/8`);
  }
  return { index: index!, count: count! };
}

/** The file of a shard: `name.3-of-8.h5` beside `name.h5`. */
const shardPath = (path: string, shard: ReturnType<typeof parseShard>): string =>
  shard ? path.replace(/(\.h5)?$/, `.${shard.index}-of-${shard.count}.h5`) : path;

/** Patterns of a preview sheet. */
const SHEET = 24;

/** Keeps every so-many-th sample as it passes, so that the sheet shows the whole range. */
class Shown {
  readonly samples: Sample[] = [];
  seen = 0;
  private stride = 1;

  look(sample: Sample): void {
    if (this.seen++ % this.stride !== 0) return;
    this.samples.push(sample);
    if (this.samples.length <= 2 * SHEET) return;
    this.stride *= 2;
    this.samples.splice(0, this.samples.length, ...this.samples.filter((_, i) => i % 2 === 0));
  }
}

async function crystalsFor(flags: Flags, seed: number, failed: Failure[]) {
  const { Stream } = await import('../common/stream.ts');
  const { crystalsOf } = await import('../crystal/source.ts');
  const { parseSpaceGroups } = await import('../crystal/symbols.ts');
  const materials = flags.materials === undefined ? undefined : Number(flags.materials);
  if (materials !== undefined && !(Number.isInteger(materials) && materials >= 1)) {
    throw usageError(`--materials ${flags.materials}: expected a whole number of at least 1`);
  }
  const found = crystalsOf({
    from: flags.crystals,
    groups: flags.groups === undefined ? undefined : parseSpaceGroups(flags.groups),
    materials,
    stream: new Stream(seed, 'crystals'),
  });
  const shard = parseShard(flags.shard);
  const crystals = [];
  let at = 0;
  for (const one of found) {
    await new Promise(setImmediate); // lets Ctrl-C through
    if ('failed' in one) failed.push(one.failed);
    else if (!shard || at++ % shard.count === shard.index - 1) crystals.push(one.ok);
  }
  if (crystals.length > 0) return crystals;
  // What was refused says itself what to do about it.
  if (failed[0]) throw inputError(failureText(failed[0]));
  throw inputError('no crystal is left', 'widen --crystals, --groups or --materials');
}

/** Pixels a side of the large triplet. */
const LARGE = 256;

/** Simulates a crystal once more, with more pixels, for the large picture. */
async function enlarged(crystal: Crystal, settings: SimulationOptions): Promise<Sample | null> {
  const { simulateTriplets } = await import('../simulate/triplets.ts');
  const size = Math.max(LARGE, settings.size);
  const energies = settings.energies.slice(0, 1);
  for await (const outcome of simulateTriplets([crystal], { ...settings, size, energies })) {
    if ('ok' in outcome) return outcome.ok;
  }
  return null;
}

async function drawPreview(
  { samples, seen }: Shown,
  large: Sample | null,
  stem: string,
): Promise<string[]> {
  const { annotatedTriplet, previewSheet } = await import('../report/figures/preview.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const every = Math.max(1, samples.length / SHEET);
  const some = Array.from(
    { length: Math.min(SHEET, samples.length) },
    (_, i) => samples[Math.floor(i * every)]!,
  );
  const sheet = await writeFigure(
    `${stem}-sheet`,
    (await previewSheet(some, 'Simulated triplets', seen))(),
  );
  const one = await writeFigure(`${stem}-triplet`, await annotatedTriplet(large ?? some[0]!));
  return [sheet.png, one.png];
}

/** Says which crystals were put in other axes than those of their files. */
function reportAxes(crystals: readonly Crystal[]): void {
  const turned = crystals.filter(({ directions }) => directions !== undefined);
  if (turned.length === 0) return;
  const many = turned.length === 1 ? '1 crystal is' : `${turned.length} crystals are`;
  console.error(
    `${many} in other axes than the file's (--zones are in the file's axes; z_dirs, y_dirs and cell in these):`,
  );
  for (const { id, cell } of turned.slice(0, 8)) {
    const [lengths, angles] = [cell.slice(0, 3), cell.slice(3)].map((values) =>
      values.map((value) => Number(value.toFixed(3))).join(' '),
    );
    console.error(`  ${id}: ${lengths} angstrom, ${angles} degrees`);
  }
}

/** Crystals at most that are named where they are left out; a file has all. */
const NAMED = 8;

function nameSome(failed: readonly Failure[]): void {
  for (const one of failed.slice(0, NAMED)) console.error(`  ${failureText(one)}`);
}

/** Says in a dry run how many crystals would be simulated, and which were refused. */
function reportFound(count: number, failed: readonly Failure[]): void {
  console.error(`${counted(count, 'crystal')} found, ${failed.length} refused`);
  nameSome(failed);
  if (failed.length > NAMED) console.error(`  and ${failed.length - NAMED} more`);
}

function report(failed: readonly Failure[], list: string): void {
  if (failed.length === 0) return;
  const many = failed.length === 1 ? '1 crystal was' : `${failed.length} crystals were`;
  console.error(`${many} left out (all in ${list}):`);
  nameSome(failed);
}

async function simulate(flags: Flags): Promise<void> {
  const { join, resolve } = await import('node:path');
  const { resolveConfig } = await import('../common/config.ts');
  const { claimOutput, openRun, workspaceFolder } = await import('../common/run.ts');
  const { writeJson } = await import('../common/files.ts');
  const { settingsOf } = await import('../simulate/flags.ts');
  const { simulationSchema } = await import('../simulate/options.ts');
  const settings = resolveConfig(simulationSchema, settingsOf(flags), flags.config);
  const shard = parseShard(flags.shard);
  const failed: Failure[] = [];
  const crystals = await crystalsFor(flags, settings.seed, failed);
  const { simulateTriplets } = await import('../simulate/triplets.ts');
  const { writeSummit } = await import('../dataset/summit/summit.ts');
  const path = shardPath(resolve(flags.out ?? join(workspaceFolder(), 'simulated.h5')), shard);
  const { crystals: from, groups, materials } = flags;
  const recipe = { ...settings, from, groups, materials, shard, out: path };
  if (isDryRun()) reportFound(crystals.length, failed);
  claimOutput('simulate', path, recipe);
  const shown = new Shown();
  const progress = flags.json ? silentProgress : terminalProgress;
  const numbering = { first: shard ? shard.index - 1 : 0, step: shard?.count ?? 1 };
  const count = await writeSummit(
    path,
    (async function* () {
      let made = 0;
      for await (const outcome of simulateTriplets(crystals, settings, progress, numbering)) {
        await new Promise(setImmediate); // lets Ctrl-C through
        if ('failed' in outcome) failed.push(outcome.failed);
        else {
          made++;
          if (flags.preview) shown.look(outcome.ok);
          yield outcome.ok;
        }
      }
      const first = failed[0];
      if (made === 0 && first) {
        throw inputError(`no crystal could be simulated; ${failureText(first)}`);
      }
    })(),
    settings,
  );
  const run = openRun('simulate', recipe);
  writeJson(run.file('failed.json'), failed);
  const pictures: string[] = [];
  if (flags.preview) {
    const large = await enlarged(crystals[0]!, settings);
    pictures.push(...(await drawPreview(shown, large, path.replace(/\.h5$/, ''))));
  }
  if (flags.json) {
    console.log(JSON.stringify({ out: path, samples: count, failed, pictures }, null, 2));
    return;
  }
  report(failed, run.file('failed.json'));
  reportAxes(crystals);
  console.log(
    `wrote ${path}: ${counted(count, 'triplet')} of ${counted(crystals.length, 'crystal')}`,
  );
  for (const picture of pictures) console.log(`wrote ${picture}`);
  if (!shard) console.log(`next: npx gan data prepare ${path}`);
}

/** `gan data simulate --crystals minerals --groups 14,62 --materials 20 --out FILE` */
export const dataSimulateCommand = (): Command =>
  new Command('simulate')
    .description('Simulate CBED triplets of crystals into a file in the Summit layout.')
    .option('--crystals <from...>', 'minerals, generated, CIF files or folders', ['minerals'])
    .option('--groups <list>', 'space groups, such as 14,62,195-230, cubic or Fd-3m (default: all)')
    .option('--materials <n>', 'materials a space group (default: all)')
    .option('--energies <kV,…>', 'accelerating voltages (100)')
    .option('--thickness <angstrom,…>', 'specimen thicknesses, ascending (100)')
    .option(
      '--zones <which>',
      "standard, strongest, or three such as 001,110,1-11 in the file's axes (standard)",
    )
    .option('--mode <name>', 'periodic, box, or summit: as the real data were made (periodic)')
    .option('--size <pixels>', 'pixels a side (64; summit 512)')
    .option('--semiangle <mrad>', 'semi-convergence angle; rule: discs that do not touch (rule)')
    .option('--slice <angstrom>', 'largest slice thickness, or spacing (2.5; summit spacing)')
    .option(
      '--bandwidth <1/angstrom>',
      'largest scattering vector of waves and potential (auto; box 2)',
    )
    .option('--thermal <kind>', 'none, debye-waller or frozen-phonons (debye-waller)')
    .option('--displacement <angstrom>', 'root mean square displacement along an axis (0.07)')
    .option('--configurations <n>', 'frozen-phonon configurations to average (1)')
    .option('--absorption <share>', 'imaginary over real part of the potential (0)')
    .option('--factors <table>', 'scattering factors: kirkland, lobato or namsa (kirkland)')
    .option('--box <angstrom>', 'width of the box (auto; summit 100)')
    .option('--positions <n>', 'n x n probe positions, averaged (1; summit 2)')
    .option('--placement <how>', 'atoms between grid points: exact, or linear like abTEM (exact)')
    .option('--no-holz', 'project the higher-order Laue zones out (box mode)')
    .option('--shard <i/n>', 'only the i-th of n parts, into a file of its own (default: all)')
    .option('--preview', 'also draw a contact sheet and one large indexed triplet')
    .option('--out <file>', 'where to write (workspace/simulated.h5)')
    .option('--seed <n>', 'seed of every random draw (default: 0)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option(...DRY_RUN)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Bandwidth auto (3, or 4 along heavy columns) against converged patterns of 76 minerals, relative L1:
median 0.2 %, 90th percentile 1.2 %, largest 2.1 % (100 and 200 kV).

Example:
  gan data simulate --crystals minerals --groups 14,62,225 --materials 5 --preview --out few.h5`,
    )
    .action(simulate);
