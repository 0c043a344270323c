/**
 * Simulated patterns a second: the periodic mode on generated crystals and on built-in minerals,
 * the box mode beside abTEM (same atoms, grid, slices and probe, potential included, two threads
 * each; once with every slice computed, once told that slices repeat), and the settings of the
 * Summit data.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/simulate.js [crystals] [--no-summit]
 *
 * PEERS_PYTHON names an interpreter that has abTEM; without one only our own runs.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { textTable } from '../../src/common/log.ts';
import { packageRoot } from '../../src/common/paths.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import type { BuiltInTaskName } from '../../src/dataset/tasks/task-names.ts';
import { builtInTask } from '../../src/dataset/tasks/tasks.ts';
import { boxMultislice, type SlicedAtoms } from '../../src/simulate/box/multislice.ts';
import { SlicePotentials } from '../../src/simulate/box/potential.ts';
import { interactionParameter, wavelength } from '../../src/simulate/electron.ts';
import { SUMMIT_SETTINGS, simulationSchema } from '../../src/simulate/options.ts';
import { scatteringFactors } from '../../src/simulate/scattering.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';

const count = Number(process.argv[2] ?? 128);
const minerals = loadMinerals();
const spread = (n: number): Crystal[] =>
  Array.from({ length: n }, (_, i) => minerals[Math.floor((i * minerals.length) / n)]!);

/** Seconds on the clock and on the processors. */
async function timed(
  run: () => Promise<unknown> | unknown,
): Promise<{ wall: number; cpu: number }> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(used);
  return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

async function simulate(crystals: readonly Crystal[], settings: object): Promise<number> {
  let made = 0;
  for await (const outcome of simulateTriplets(crystals, simulationSchema.parse(settings))) {
    if ('ok' in outcome) made++;
  }
  return made;
}

/** Strontium titanate, 7 x 7 cells of 3.905 angstrom and 49 slices of two planes' distance. */
const CELL = 3.905;
const SLICES = 49;
const specimen: SlicedAtoms = {
  step: CELL / 2,
  slices: Array.from({ length: SLICES }, (_, slice) => {
    const planes: [number, [number, number][]][] =
      slice % 2 === 0
        ? [
            [38, [[0, 0]]],
            [8, [[0.5, 0.5]]],
          ]
        : [
            [22, [[0.5, 0.5]]],
            [
              8,
              [
                [0, 0.5],
                [0.5, 0],
              ],
            ],
          ];
    return planes.map(([element, sites]) => {
      const cells = Array.from({ length: 49 }, (_, i) => [i % 7, Math.floor(i / 7)] as const);
      const at = sites.flatMap(([u, v]) =>
        cells.map(([i, j]) => [(u + i) / 7, (v + j) / 7] as const),
      );
      return { element, meanSquare: 0, u: at.map((p) => p[0]), v: at.map((p) => p[1]) };
    });
  }),
};

function boxPattern(points: number, placement: 'exact' | 'linear', distinct = SLICES): void {
  const width = 7 * CELL;
  const sides = [
    [width, 0],
    [0, width],
  ] as const;
  const box = { sides, rows: points, columns: points, band: points / (3 * width) };
  const potentials = new SlicePotentials({
    box,
    placement,
    factors: scatteringFactors('kirkland'),
  });
  boxMultislice({
    box,
    potentials,
    specimen: { ...specimen, slices: specimen.slices.slice(0, distinct) },
    beams: [{ lambda: wavelength(100), sigma: interactionParameter(100) }],
    radii: [0.006 / wavelength(100)],
    positions: [[0.5, 0.5]],
    records: [SLICES],
    absorption: 0,
    taper: 0,
  });
  potentials.dispose();
}

/** So many crystals of a built-in task, from its first to its last. */
function someOf(task: BuiltInTaskName): Crystal[] {
  const all = builtInTask(task, { seed: 0, limit: 2 * count }).crystals;
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
}

async function periodic(): Promise<void> {
  console.log('periodic, 64 x 64, 100 angstrom in slices of 2.5:');
  for (const task of ['ladder', 'minerals'] as const) {
    const crystals = someOf(task);
    await simulate(crystals.slice(0, 32), {});
    let made = 0;
    const { wall, cpu } = await timed(async () => {
      made = await simulate(crystals, {});
    });
    const each = `${((1000 * cpu) / made).toFixed(1)} ms of processor each`;
    console.log(`  ${task}: ${made} triplets, ${(made / wall).toFixed(1)} a second (${each})`);
  }
}

/** Seconds a pattern by abTEM at each grid, or none where it is not to be had. */
function abtem(grids: readonly number[]): Record<string, number> | null {
  const python = process.env.PEERS_PYTHON ?? 'python3';
  const script = join(packageRoot, 'benchmarks', 'peers', 'simulate.py');
  const run = spawnSync(python, [script, ...grids.map(String)], { encoding: 'utf8' });
  if (run.status === 0) return JSON.parse(run.stdout.trim().split('\n').at(-1)!);
  console.log(`no abTEM: ${run.stderr?.trim().split('\n').at(-1) ?? run.error?.message}`);
  return null;
}

async function boxes(): Promise<void> {
  const grids = [128, 256, 512];
  const peer = abtem(grids);
  const heading = ['grid', 'exact, s', 'linear, s', 'linear, repeating, s', 'abTEM, s'];
  const rows: (string | number)[][] = [heading];
  for (const points of grids) {
    const best = async (placement: 'exact' | 'linear', distinct = SLICES): Promise<string> => {
      boxPattern(points, placement, distinct);
      const runs: { wall: number; cpu: number }[] = [];
      for (let run = 0; run < 5; run++) {
        runs.push(await timed(() => boxPattern(points, placement, distinct)));
      }
      const least = (of: 'wall' | 'cpu') => Math.min(...runs.map((run) => run[of])).toFixed(3);
      return `${least('wall')} (${least('cpu')})`;
    };
    const ours = [await best('exact'), await best('linear'), await best('linear', 2)];
    rows.push([points, ...ours, peer?.[points]?.toFixed(3) ?? '-']);
  }
  console.log(`box, SrTiO3 [001], ${SLICES} slices, one probe, on the clock (of processors):`);
  console.log(textTable(rows));
}

async function summit(): Promise<void> {
  const crystals = spread(4);
  let made = 0;
  const { wall, cpu } = await timed(async () => {
    made = await simulate(crystals, { ...SUMMIT_SETTINGS, positions: 1 });
  });
  console.log(
    `summit, 512 x 512, one probe: ${made} triplets, ${(made / wall).toFixed(2)} a second (${(cpu / made).toFixed(1)} s of processor each)`,
  );
}

const [processor] = cpus();
console.log(`${processor!.model}, ${cpus().length} cores, Node ${process.version}`);
await periodic();
await boxes();
if (!process.argv.includes('--no-summit')) await summit();
