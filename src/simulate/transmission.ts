import type { ZoneFrame } from '../crystal/zone.ts';
import { transform } from './fourier.ts';
import { type Projection, squaredLengths } from './projection.ts';

/** The waves that a calculation keeps: points of the zero layer inside the band limit. */
export interface Beams {
  count: number;
  /** Indices over the reciprocal basis of the frame. */
  h: Int32Array;
  k: Int32Array;
  /** Reciprocal vectors in the pattern's axes, 1/angstrom. */
  x: Float64Array;
  y: Float64Array;
  /** Position of the direct beam in the list. */
  direct: number;
}

/**
 * How much further potential and transmission function reach than the waves: a wave at one edge of
 * the band is scattered towards the other. With 1, a tenth of the intensity of a film of 100
 * angstrom stands elsewhere; with 2, little more changes.
 */
export const POTENTIAL_REACH = 1.5;

/** All beams with |g| under the band limit of the waves (1/angstrom), in order of h and k. */
export function beamsOf(frame: ZoneFrame, band: number): Beams {
  const [a, b] = frame.reciprocal;
  const [reachH, reachK] = frame.projected.map((v) => Math.ceil(band * Math.hypot(...v))) as [
    number,
    number,
  ];
  const found: [number, number, number, number][] = [];
  for (let h = -reachH; h <= reachH; h++) {
    for (let k = -reachK; k <= reachK; k++) {
      const x = h * a[0] + k * b[0];
      const y = h * a[1] + k * b[1];
      if (x * x + y * y < band * band) found.push([h, k, x, y]);
    }
  }
  return {
    count: found.length,
    h: Int32Array.from(found, (beam) => beam[0]),
    k: Int32Array.from(found, (beam) => beam[1]),
    x: Float64Array.from(found, (beam) => beam[2]),
    y: Float64Array.from(found, (beam) => beam[3]),
    direct: found.findIndex(([h, k]) => h === 0 && k === 0),
  };
}

export interface SliceRequest {
  projection: Projection;
  /** Slice thickness, angstrom. */
  step: number;
  /** Interaction parameter, rad/(V angstrom). */
  sigma: number;
  /** Imaginary over real part of the potential; 0 for none. */
  absorption: number;
}

/** Fourier coefficients of the transmission function of one slice, band-limited, row-major. */
export interface Coefficients {
  frame: ZoneFrame;
  band: number;
  rows: number;
  columns: number;
  re: Float64Array;
  im: Float64Array;
}

/** exp(i sigma v step (1 + i absorption)), transformed and cut off at the band limit. */
export function transmission(request: SliceRequest): Coefficients {
  const { projection, step, sigma, absorption } = request;
  const { rows, columns, volts, band } = projection;
  const points = rows * columns;
  const re = new Float64Array(points);
  const im = new Float64Array(points);
  for (let at = 0; at < points; at++) {
    const phase = sigma * step * volts[at]!;
    const amplitude = Math.exp(-absorption * phase) / points;
    re[at] = amplitude * Math.cos(phase);
    im[at] = amplitude * Math.sin(phase);
  }
  const out: Coefficients = {
    frame: projection.frame,
    band,
    ...transform({ rows, columns, re, im }, -1),
  };
  const squares = squaredLengths(projection.frame, rows, columns);
  for (let at = 0; at < points; at++) {
    if (squares[at]! < band * band) continue;
    out.re[at] = 0;
    out.im[at] = 0;
  }
  return out;
}
