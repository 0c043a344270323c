/**
 * Patterns of eight crystals at 100 and 200 kV beside abTEM's, same atoms and the same table of
 * scattering factors (Kirkland): the periodic mode with its default bandwidth against tilted plane
 * waves on a grid that holds 6 1/angstrom, and the box mode against a probe on the same grid.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/agreement.js
 *
 * PEERS_PYTHON names an interpreter that has abTEM; NumPy's FFT is enough.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textTable } from '../../src/common/log.ts';
import { packageRoot } from '../../src/common/paths.ts';
import { cellMatrix } from '../../src/crystal/cell.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { dot, vectorMatrix } from '../../src/crystal/matrix.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import { centring } from '../../src/crystal/spacegroup.ts';
import { standardZones, type Vec2, type ZoneFrame, zoneFrame } from '../../src/crystal/zone.ts';
import { boxMultislice, type SlicedAtoms } from '../../src/simulate/box/multislice.ts';
import { SlicePotentials, type SpeciesAtoms } from '../../src/simulate/box/potential.ts';
import { interactionParameter, wavelength } from '../../src/simulate/electron.ts';
import { type PeriodicOptions, simulationSchema } from '../../src/simulate/options.ts';
import { periodicMultislice } from '../../src/simulate/periodic.ts';
import { planPeriodic } from '../../src/simulate/periodic-patterns.ts';
import { scatteringFactors } from '../../src/simulate/scattering.ts';

const DISPLACEMENT = 0.07;
const ENERGIES = [100, 200];

/** The first mineral of each formula, all atoms with one displacement. */
const FORMULAS = [
  'Si8',
  'Mg4 O4',
  'Na4 Cl4',
  'Pb4 S4',
  'Ti2 O4',
  'Zn4 S4',
  'Au4',
  'Si3 O6',
  'Ca4 C4 O12',
];

function crystals(): Crystal[] {
  const minerals = loadMinerals();
  return FORMULAS.flatMap((formula) => {
    const found = minerals.find((one) => one.formula === formula);
    if (!found) return [];
    const atoms = found.atoms.map(({ element, position }) => ({ element, position }));
    return [{ ...found, atoms }];
  });
}

/** Shortest sides of a rectangular cell of the projected net along x and y; null where none. */
function rectangle({ projected: [a, b] }: ZoneFrame): Vec2 | null {
  const best: [number, number] = [Infinity, Infinity];
  for (let i = -4; i <= 4; i++) {
    for (let j = -4; j <= 4; j++) {
      const [x, y] = [i * a[0] + j * b[0], i * a[1] + j * b[1]];
      if (Math.abs(y) < 1e-4 && x > 1e-3) best[0] = Math.min(best[0], x);
      if (Math.abs(x) < 1e-4 && y > 1e-3) best[1] = Math.min(best[1], y);
    }
  }
  return best.every(Number.isFinite) ? best : null;
}

/** An atom: element, x, y and height in angstrom. */
type Placed = [number, number, number, number];

/** Atoms in a rectangular prism with a corner in the origin. */
function fill(crystal: Crystal, frame: ZoneFrame, sides: readonly [number, number, number]) {
  const rows = cellMatrix(crystal.cell);
  const reach = rows.map((row) => Math.ceil((2 * Math.hypot(...sides)) / Math.hypot(...row)) + 1);
  const out: Placed[] = [];
  const inside = (value: number, side: number): boolean => value > -1e-4 && value < side - 1e-4;
  for (const { element, position } of crystal.atoms) {
    for (let i = -reach[0]!; i <= reach[0]!; i++) {
      for (let j = -reach[1]!; j <= reach[1]!; j++) {
        for (let k = -reach[2]!; k <= reach[2]!; k++) {
          const r = vectorMatrix([position[0] + i, position[1] + j, position[2] + k], rows);
          const at = [dot(r, frame.x), dot(r, frame.y), dot(r, frame.normal)] as const;
          if (!at.every((value, n) => inside(value, sides[n]!))) continue;
          // Off the edges, so that rounding moves no atom to another slice or out of the cell.
          out.push([element, at[0] + 2e-4, at[1] + 2e-4, at[2] + 2e-4]);
        }
      }
    }
  }
  return out;
}

/** What abTEM computes, and what it is compared with. */
interface Comparison {
  label: string;
  mode: 'periodic' | 'box';
  energy: number;
  request: Record<string, unknown>;
  /** (tilts, beams). */
  ours: number[][];
  seconds: number;
}

const wrap = (index: number, count: number): number => ((index % count) + count) % count;

function periodicCases(crystal: Crystal, energy: number): Comparison[] {
  const options = simulationSchema.parse({ energies: [energy] }) as PeriodicOptions;
  const plan = planPeriodic(crystal, options);
  return plan.views.flatMap((view, v): Comparison[] => {
    const { frame } = view;
    const sides = rectangle(frame);
    const job = plan.jobs[v]![0]!;
    if (!sides) return [];
    const start = performance.now();
    const [[intensity]] = periodicMultislice([job]) as [[Float32Array]];
    const seconds = (performance.now() - start) / 1000;
    const { count } = job.tilts;
    const tilts = [...new Set([0, Math.floor(count / 3), Math.floor((2 * count) / 3), count - 1])];
    const shown = Array.from(job.beams.x, (_, g) => g).filter(
      (g) => Math.hypot(job.beams.x[g]!, job.beams.y[g]!) < 1.28,
    );
    const gpts = sides.map((side) => 2 * Math.ceil(9.5 * side));
    const { slices, step } = job.stages[0]!;
    return [
      {
        label: `${crystal.formula} [${view.zone.join(' ')}]`,
        mode: 'periodic',
        energy,
        seconds,
        ours: tilts.map((q) => shown.map((g) => intensity[g * count + q]!)),
        request: {
          kind: 'waves',
          energy,
          cell: sides,
          period: frame.period,
          atoms: fill(crystal, frame, [...sides, frame.period]),
          gpts,
          slices,
          step,
          factors: 'kirkland',
          displacement: DISPLACEMENT,
          tilts: tilts.map((q) =>
            [job.tilts.x[q]!, job.tilts.y[q]!].map((k) => 1000 * Math.atan(wavelength(energy) * k)),
          ),
          beams: shown.map((g) => [
            wrap(Math.round(job.beams.x[g]! * sides[0]), gpts[0]!),
            wrap(Math.round(job.beams.y[g]! * sides[1]), gpts[1]!),
          ]),
        },
      },
    ];
  });
}

/** The atoms of a prism in slices. */
function sliced(atoms: readonly Placed[], sides: Vec2, step: number, count: number): SlicedAtoms {
  const slices = Array.from({ length: count }, () => new Map<number, SpeciesAtoms>());
  for (const [element, x, y, z] of atoms) {
    const slice = slices[Math.floor(z / step)]!;
    const meanSquare = DISPLACEMENT ** 2;
    const species = slice.get(element) ?? { element, meanSquare, u: [], v: [] };
    (species.u as number[]).push(x / sides[0]);
    (species.v as number[]).push(y / sides[1]);
    slice.set(element, species);
  }
  return { step, slices: slices.map((slice) => [...slice.values()]) };
}

function boxCases(crystal: Crystal, energy: number): Comparison[] {
  const zone = standardZones(crystal.spaceGroup)[0];
  const lattice = { cell: crystal.cell, centring: centring(crystal.spaceGroup) };
  const frame = zoneFrame({ ...lattice, zone });
  const least = rectangle(frame);
  if (!least) return [];
  const sides = least.map((side) => side * Math.ceil(20 / side)) as [number, number];
  const periods = Math.max(1, Math.round(60 / frame.period));
  const perPeriod = Math.ceil(frame.period / 2.5);
  const [slices, step] = [periods * perPeriod, frame.period / perPeriod];
  const gpts = sides.map((side) => 2 * Math.ceil((3 * 2 * side) / 2));
  const grid = [180, 160, 144, 150, 128, 192, 200, 240, 216, 225, 243, 250, 256];
  const [rows, columns] = gpts.map((n) => Math.min(...grid.filter((m) => m >= n && m % 2 === 0)));
  const box = {
    sides: [
      [sides[0], 0],
      [0, sides[1]],
    ] as const,
    rows: rows!,
    columns: columns!,
    band: Math.min(rows! / sides[0], columns! / sides[1]) / 3,
  };
  const atoms = fill(crystal, frame, [...sides, periods * frame.period]);
  const radius = 0.2;
  const potentials = new SlicePotentials({
    box,
    placement: 'linear',
    factors: scatteringFactors('kirkland'),
  });
  const start = performance.now();
  const [[intensity]] = boxMultislice({
    box,
    potentials,
    specimen: sliced(atoms, sides, step, slices),
    beams: [{ lambda: wavelength(energy), sigma: interactionParameter(energy) }],
    radii: [radius],
    positions: [[0.5, 0.5]],
    records: [slices],
    absorption: 0,
    taper: 0.03,
  }) as [[Float32Array]];
  const seconds = (performance.now() - start) / 1000;
  potentials.dispose();
  const beams: [number, number][] = [];
  for (let i = 0; i < rows!; i++) {
    for (let j = 0; j < columns!; j++) {
      const h = 2 * i < rows! ? i : i - rows!;
      const k = 2 * j < columns! ? j : j - columns!;
      if (Math.hypot(h / sides[0], k / sides[1]) < 1.28) beams.push([i, j]);
    }
  }
  return [
    {
      label: `${crystal.formula} [${zone.join(' ')}]`,
      mode: 'box',
      energy,
      seconds,
      ours: [beams.map(([i, j]) => intensity[i * columns! + j]!)],
      request: {
        kind: 'probe',
        energy,
        cell: sides,
        atoms,
        gpts: [rows, columns],
        slices,
        step,
        factors: 'kirkland',
        displacement: DISPLACEMENT,
        semiangle: 1000 * radius * wavelength(energy),
        beams,
      },
    },
  ];
}

interface Answer {
  version: string;
  results: { intensities: number[][]; seconds: number }[];
}

function askPeer(cases: readonly Comparison[]): Answer {
  const folder = mkdtempSync(join(tmpdir(), 'agreement-'));
  const [input, output] = [join(folder, 'in.json'), join(folder, 'out.json')];
  try {
    writeFileSync(input, JSON.stringify(cases.map(({ request }) => request)));
    const python = process.env.PEERS_PYTHON ?? 'python3';
    const script = join(packageRoot, 'benchmarks', 'peers', 'agreement.py');
    const run = spawnSync(python, [script, input, output], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`abTEM did not run: ${run.stderr}`);
    return JSON.parse(readFileSync(output, 'utf8')) as Answer;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The intensity that stands elsewhere, as a share of all inside the picture. */
function misplaced(ours: readonly number[][], theirs: readonly number[][]): number {
  let [sum, total] = [0, 0];
  for (const [q, beams] of theirs.entries()) {
    for (const [g, value] of beams.entries()) {
      sum += Math.abs(value - ours[q]![g]!);
      total += value;
    }
  }
  return sum / total;
}

const cases = crystals().flatMap((crystal) =>
  ENERGIES.flatMap((energy) => [...periodicCases(crystal, energy), ...boxCases(crystal, energy)]),
);
const { version, results } = askPeer(cases);
const heading = ['mode', 'crystal, zone', 'kV', 'relative L1, |g| < 1.28', 'ours, s', 'abTEM, s'];
const rows: (string | number)[][] = [heading];
const errors = { periodic: [] as number[], box: [] as number[] };
cases.forEach(({ mode, label, energy, ours, seconds }, at) => {
  const error = misplaced(ours, results[at]!.intensities);
  errors[mode].push(error);
  const times = [seconds, results[at]!.seconds].map((value) => value.toFixed(3));
  rows.push([mode, label, energy, `${(100 * error).toFixed(3)} %`, ...times]);
});
console.log(`abTEM ${version}, float64, NumPy FFT; ours float32, all tilts of the disc`);
console.log(textTable(rows));
for (const [mode, list] of Object.entries(errors)) {
  list.sort((a, b) => a - b);
  const quantile = (q: number) =>
    `${(100 * list[Math.floor(q * (list.length - 1))]!).toFixed(3)} %`;
  const words = `median ${quantile(0.5)}, 90th percentile ${quantile(0.9)}, largest ${quantile(1)}`;
  console.log(`${mode}, ${list.length} patterns: ${words}`);
}
