import { inputError } from '../common/errors.ts';
import type { Stream } from '../common/stream.ts';
import type { Cell } from '../crystal/crystal.ts';
import type { ClassTables } from './class-tables.ts';
import type { PatternDiscs, TripletDiscs } from './discs.ts';
import { tripletGeometry } from './geometry.ts';
import { ABSENT_LEVEL, LOG_CEILING, MODES } from './modes.ts';
import { PLAYS, type Play, type SamplerName, smoothGain } from './play.ts';
import { discVector, turnModes } from './polar.ts';
import { chooseSources, playedCell, type Sources } from './sources.ts';
import { tripletSpacings } from './spacings.ts';

export { SAMPLERS, type SamplerName } from './play.ts';

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
  sources: Sources,
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
    const level = tables.envelope.at(g) + contrast * mix(own.residual, other.residual) + gain(g);
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
  const sources = chooseSources(tables, name, row, stream);
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
 * Draws `count` triplets of a class. Sources never leave the training triplets given to `tables`;
 * absent discs that all sources agree on stay absent.
 *
 * @throws input error for a class without a training triplet.
 */
export function drawSamples(
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
