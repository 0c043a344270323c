import type { Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { centring } from '../../src/crystal/spacegroup.ts';
import { type ZoneFrame, zoneFrame } from '../../src/crystal/zone.ts';
import { interactionParameter, wavelength } from '../../src/simulate/electron.ts';
import { periodicMultislice, stagesOf } from '../../src/simulate/periodic.ts';
import {
  type Beams,
  beamsOf,
  type Projection,
  projectCrystal,
} from '../../src/simulate/projection.ts';
import { scatteringFactors } from '../../src/simulate/scattering.ts';

export type Tilt = readonly [number, number];

export interface BeamRequest {
  crystal: Crystal;
  zone: Vec3;
  /** Incident directions, 1/angstrom in the axes of the pattern. */
  tilts: readonly Tilt[];
  /** kV. */
  energy?: number;
  /** Angstrom. */
  thickness?: number;
  step?: number;
  band?: number;
  /** Root mean square displacement, angstrom. */
  displacement?: number;
}

export interface BeamResult {
  frame: ZoneFrame;
  beams: Beams;
  projection: Projection;
  /** Intensity of beam (h, k) over the projected basis for a tilt; 0 outside the band. */
  at: (h: number, k: number, tilt: number) => number;
  /** Sum over all beams for a tilt. */
  total: (tilt: number) => number;
}

/** Periodic multislice with tilts of the test's own choice. */
export function simulateBeams(request: BeamRequest): BeamResult {
  const { crystal, zone, tilts, energy = 100, thickness = 100, step = 2.5 } = request;
  const { band = 3, displacement = 0.07 } = request;
  const frame = zoneFrame({ cell: crystal.cell, centring: centring(crystal.spaceGroup), zone });
  const projection = projectCrystal({
    crystal,
    frame,
    band,
    displacement,
    factors: scatteringFactors('kirkland'),
  });
  const beams = beamsOf(frame, band);
  const [[values]] = periodicMultislice([
    {
      projection,
      beams,
      tilts: {
        count: tilts.length,
        x: Float64Array.from(tilts, (tilt) => tilt[0]),
        y: Float64Array.from(tilts, (tilt) => tilt[1]),
      },
      lambda: wavelength(energy),
      sigma: interactionParameter(energy),
      absorption: 0,
      stages: stagesOf([thickness], step),
    },
  ]) as [[Float32Array]];
  const places = new Map(Array.from(beams.h, (h, i) => [`${h} ${beams.k[i]}`, i]));
  return {
    frame,
    beams,
    projection,
    at: (h, k, tilt) => {
      const place = places.get(`${h} ${k}`);
      return place === undefined ? 0 : values[place * tilts.length + tilt]!;
    },
    total: (tilt) => {
      let sum = 0;
      for (let g = 0; g < beams.count; g++) sum += values[g * tilts.length + tilt]!;
      return sum;
    },
  };
}
