import { inputError } from '../common/errors.ts';
import { type ProgressFactory, silentProgress } from '../common/progress.ts';
import type { Stream } from '../common/stream.ts';
import { cellMatrix } from '../crystal/cell.ts';
import type { Cell, Vec3 } from '../crystal/crystal.ts';
import { inverse, matrixVector, norm } from '../crystal/matrix.ts';
import { latticeSystem } from '../crystal/spacegroup.ts';
import { cellFromNumbers, cellNumbers } from './cell-numbers.ts';
import type { ClassTables } from './class-tables.ts';
import {
  ABSENT_LEVEL,
  discVector,
  LOG_CEILING,
  MODES,
  type PatternDiscs,
  type TripletDiscs,
  turnModes,
} from './discs.ts';
import { tripletGeometry } from './geometry.ts';
import { renderTriplets, storedPixels } from './render.ts';

type Three<T> = readonly [T, T, T];

/** Interplanar spacing of hkl in angstrom. */
const spacingOf = (cell: Cell, hkl: Vec3): number =>
  1 / norm(matrixVector(inverse(cellMatrix(cell)), hkl));

/**
 * The spacings that chose zone axes, for another cell: where a reflection hkl (or a multiple) chose
 * the direction of the same indices, its spacing changes with the cell.
 */
function tripletSpacings(
  from: { cell: Cell; zones: Three<Vec3>; spacings: Three<number> | null },
  cell: Cell,
): Three<number> | null {
  const { zones, spacings } = from;
  if (!spacings) return null;
  const moved = (i: 0 | 1 | 2): number =>
    (spacings[i] * spacingOf(cell, zones[i])) / spacingOf(from.cell, zones[i]);
  return [moved(0), moved(1), moved(2)];
}

/** Ways to make a new triplet of a class from its own training triplets, without a network. */
export const SAMPLERS = [
  'copy',
  'interpolation',
  'jitter',
  'interpolation-jitter',
  'lattice-transfer',
] as const;
export type SamplerName = (typeof SAMPLERS)[number];

/** How far a sampler goes beyond its sources; standard deviations and ranges. */
export interface Play {
  /** ln of all lengths together, ln of each length, degrees of each angle. */
  volume: number;
  length: number;
  angle: number;
  /** Amplitude of the smooth gain along |g|. */
  gain: number;
  /** Range of the factor on all levels' deviations from the envelope. */
  contrast: readonly [number, number];
  /** Range of the factor on all modes. */
  modes: readonly [number, number];
}

const STILL: Play = {
  volume: 0,
  length: 0,
  angle: 0,
  gain: 0,
  contrast: [1, 1],
  modes: [1, 1],
};

const PLAYS: Record<SamplerName, Play> = {
  copy: STILL,
  interpolation: STILL,
  jitter: {
    volume: 0.04,
    length: 0.05,
    angle: 2,
    gain: 0.4,
    contrast: [0.8, 1.2],
    modes: [0.7, 1.2],
  },
  'interpolation-jitter': {
    volume: 0.03,
    length: 0.025,
    angle: 1,
    gain: 0.25,
    contrast: [0.85, 1.15],
    modes: [1, 1],
  },
  'lattice-transfer': {
    volume: 0.05,
    length: 0.03,
    angle: 1,
    gain: 0.4,
    contrast: [0.8, 1.2],
    modes: [0.7, 1.2],
  },
};

/** Relative amplitudes of the cosines of the smooth gain, longest wave first. */
const GAIN_WAVES = [1, 0.7, 0.5, 0.35];
/** |g| over which the first cosine turns by half, 1/angstrom. */
const GAIN_REACH = 1.3;
/** Share of the gain at the direct beam that is taken back: total intensity hardly changes. */
const GAIN_HELD = 0.7;
/** A smooth gain along |g|, the same for equal |g| so that it keeps every symmetry. */
function smoothGain(amplitude: number, stream: Stream): (g: number) => number {
  const waves = GAIN_WAVES.map((relative) => amplitude * relative * stream.normal());
  const at = (g: number): number =>
    waves.reduce((sum, wave, n) => sum + wave * Math.cos((Math.PI * n * g) / GAIN_REACH), 0);
  const centre = at(0);
  return (g) => at(g) - GAIN_HELD * centre;
}

/** Neighbours of its class that a triplet may be joined with. */
const NEIGHBOURS = 5;
/** Rows of the class that are other materials, the most similar cell lengths first. */
function neighbours(tables: ClassTables, row: number, stream: Stream): number[] {
  const { label, material, cell } = tables.triplet(row);
  const own = cellNumbers(cell);
  const others = tables.rows(label).filter((other) => tables.triplet(other).material !== material);
  const distance = (other: number): number => {
    const numbers = cellNumbers(tables.triplet(other).cell);
    const apart = [0, 1, 2].reduce((sum, i) => sum + Math.abs(numbers[i]! - own[i]!), 0);
    return apart + 1e-3 * stream.uniform();
  };
  return others
    .map((other) => ({ other, apart: distance(other) }))
    .sort((a, b) => a.apart - b.apart)
    .slice(0, NEIGHBOURS)
    .map(({ other }) => other);
}

/** ln of the volume of a cell in cell numbers. */
function logVolume(numbers: readonly number[]): number {
  const [ca, cb, cg] = [3, 4, 5].map((i) => Math.cos((numbers[i]! * Math.PI) / 180));
  const square = 1 - ca! ** 2 - cb! ** 2 - cg! ** 2 + 2 * ca! * cb! * cg!;
  return numbers[0]! + numbers[1]! + numbers[2]! + Math.log(Math.max(square, 0.02)) / 2;
}

/** Rows of any class whose cells have the same lattice system. */
function donors(tables: ClassTables, row: number): number[] {
  const system = latticeSystem(tables.triplet(row).spaceGroup);
  return [...tables.set.triplets.keys()].filter(
    (other) => latticeSystem(tables.triplet(other).spaceGroup) === system,
  );
}

/** The sources of a draw and the cell they give, before any play. */
export interface DrawSources {
  row: number;
  partner: number | null;
  share: number;
  donor: number | null;
  cell: number[];
}

function chooseDrawSources(
  tables: ClassTables,
  name: SamplerName,
  row: number,
  stream: Stream,
): DrawSources {
  const own = cellNumbers(tables.triplet(row).cell);
  const alone: DrawSources = { row, partner: null, share: 0, donor: null, cell: own };
  if (name === 'lattice-transfer') {
    const donor = stream.pick(donors(tables, row));
    const shape = cellNumbers(tables.triplet(donor).cell);
    const scale = (logVolume(own) - logVolume(shape)) / 3;
    return { ...alone, donor, cell: shape.map((value, i) => (i < 3 ? value + scale : value)) };
  }
  if (name !== 'interpolation' && name !== 'interpolation-jitter') return alone;
  const near = neighbours(tables, row, stream);
  if (near.length === 0) return alone;
  const partner = stream.pick(near);
  const share = stream.uniform();
  const other = cellNumbers(tables.triplet(partner).cell);
  const cell = own.map((value, i) => (1 - share) * value + share * other[i]!);
  return { ...alone, partner, share, cell };
}

/** A cell near six numbers that the group allows; that of the row where they are no cell. */
function playedCell(tables: ClassTables, sources: DrawSources, play: Play, stream: Stream): Cell {
  const volume = play.volume * stream.normal();
  const moved = sources.cell.map((value, i) =>
    i < 3 ? value + volume + play.length * stream.normal() : value + play.angle * stream.normal(),
  );
  const { spaceGroup, cell } = tables.triplet(sources.row);
  return cellFromNumbers(moved, spaceGroup) ?? cell;
}

/** A synthetic triplet in the codec's terms. */
export interface CodecDraw {
  label: number;
  cell: Cell;
  discs: TripletDiscs;
  /** Training rows it was made from: tables, partner, donor of the cell shape. */
  sources: readonly number[];
  /** Share of the partner in tables and cell; 0 without one. */
  share: number;
}

/** A level below this is not drawn. */
const FAINT = 0.3;

/** One pattern of a draw. */
function drawPattern(
  tables: ClassTables,
  sources: DrawSources,
  options: { zone: 0 | 1 | 2; pattern: PatternDiscs; play: Play; stream: Stream },
): PatternDiscs {
  const { zone, pattern, play, stream } = options;
  const { geometry, coefficients } = pattern;
  const { row, partner, share } = sources;
  const gain = smoothGain(play.gain, stream);
  const contrast = stream.between(...play.contrast);
  const sway = stream.between(...play.modes);
  geometry.h.forEach((h, disc) => {
    const at = disc * MODES;
    const index = [h, geometry.k[disc]!] as const;
    const own = tables.disc(row, zone, index);
    const other = partner === null ? own : tables.disc(partner, zone, index);
    if (own.absent && other.absent) return;
    const { length, cosine, sine } = discVector(geometry.basis, ...index);
    const g = length * tables.set.camera.pixel;
    const mix = (a: number, b: number): number => (1 - share) * a + share * b;
    const level = tables.meanLevel(g) + contrast * mix(own.residual, other.residual) + gain(g);
    if (level < FAINT) return;
    coefficients[at] = Math.min(level, LOG_CEILING);
    for (let m = 1; m < MODES; m++) {
      coefficients[at + m] = sway * mix(own.modes[m - 1]!, other.modes[m - 1]!);
    }
    turnModes(coefficients, at, { cosine, sine: -sine, to: coefficients, toAt: at });
  });
  return pattern;
}

/** Discs of a geometry without any light. */
function darkPattern(geometry: PatternDiscs['geometry']): PatternDiscs {
  const coefficients = new Float32Array(geometry.h.length * MODES);
  for (let at = 0; at < coefficients.length; at += MODES) coefficients[at] = ABSENT_LEVEL;
  return { geometry, coefficients, background: null };
}

function drawOne(tables: ClassTables, name: SamplerName, row: number, stream: Stream): CodecDraw {
  const base = tables.triplet(row);
  const { label, spaceGroup, zones, inPlane } = base;
  if (name === 'copy') {
    return { label, cell: base.cell, discs: base.discs, sources: [row], share: 0 };
  }
  const play = PLAYS[name];
  const sources = chooseDrawSources(tables, name, row, stream);
  const geometryFor = (cell: Cell) =>
    tripletGeometry({
      cell,
      spaceGroup,
      zones,
      inPlane,
      camera: tables.set.camera,
      spacings: tripletSpacings(base, cell),
      aperture: tables.set.aperture,
    });
  const cell = playedCell(tables, sources, play, stream);
  const discs = geometryFor(cell).map((geometry, zone) =>
    drawPattern(tables, sources, {
      zone: zone as 0 | 1 | 2,
      pattern: darkPattern(geometry),
      play,
      stream,
    }),
  ) as unknown as TripletDiscs;
  const { partner, donor, share } = sources;
  return { label, cell, discs, sources: [row, partner, donor].filter((r) => r !== null), share };
}

/** A row of a class: a material first, then one of its triplets, so that no material dominates. */
function drawRow(tables: ClassTables, label: number, stream: Stream): number {
  const byMaterial = new Map<string, number[]>();
  for (const row of tables.rows(label)) {
    const { material } = tables.triplet(row);
    byMaterial.set(material, [...(byMaterial.get(material) ?? []), row]);
  }
  return stream.pick(stream.pick([...byMaterial.values()]));
}

/**
 * Draws `count` triplets of a class. DrawSources never leave the training triplets given to `tables`;
 * absent discs that all sources agree on stay absent.
 *
 * @throws input error for a class without a training triplet.
 */
export function drawCodecSamples(
  tables: ClassTables,
  request: { sampler: SamplerName; label: number; count: number; stream: Stream },
): CodecDraw[] {
  const { sampler, label, count, stream } = request;
  if (tables.rows(label).length === 0) {
    throw inputError(
      `space group ${tables.set.classes[label]} has no training triplet to draw from`,
    );
  }
  return Array.from({ length: count }, (_, i) => {
    const own = stream.split(`${label}/${i}`);
    return drawOne(tables, sampler, drawRow(tables, label, own), own);
  });
}

/** Synthetic triplets drawn and rendered. */
export interface CodecPool {
  /** Stored pixels, (N, size, size, 3) in NHWC order. */
  images: Uint8Array;
  /** Class index of each. */
  labels: Int32Array;
  draws: readonly CodecDraw[];
}

/** Triplets rendered at a time. */
const CHUNK = 32;

/**
 * Draws and renders `counts[label]` triplets of each class.
 *
 * @param counts synthetic triplets wanted of each class index.
 */
export async function drawPool(
  tables: ClassTables,
  request: { sampler: SamplerName; counts: ArrayLike<number>; stream: Stream },
  progress: ProgressFactory = silentProgress,
): Promise<CodecPool> {
  const { sampler, counts, stream } = request;
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const each = tables.set.camera.size ** 2 * 3;
  const images = new Uint8Array(total * each);
  const draws: CodecDraw[] = [];
  const bar = progress(`drawing by ${sampler}`, total);
  const flush = async (pending: readonly CodecDraw[]): Promise<void> => {
    const drawn = renderTriplets(pending.map(({ discs }) => discs));
    images.set(await storedPixels(drawn), draws.length * each);
    drawn.dispose();
    draws.push(...pending);
    bar.advance(pending.length);
  };
  for (let label = 0; label < counts.length; label++) {
    const wanted = counts[label]!;
    if (wanted === 0) continue;
    const drawn = drawCodecSamples(tables, { sampler, label, count: wanted, stream });
    for (let from = 0; from < wanted; from += CHUNK) await flush(drawn.slice(from, from + CHUNK));
  }
  bar.done();
  return { images, labels: Int32Array.from(draws, ({ label }) => label), draws };
}
