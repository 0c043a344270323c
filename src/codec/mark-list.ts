import { Footprint, reach } from './footprint.ts';
import type { PlainLattice } from './geometry.ts';

/** Every pixel that every disc of a pattern marks, disc by disc. */
export interface MarkList {
  /** Disc d has marks start[d] to start[d + 1]. */
  start: Int32Array;
  /** Pixel, row by row from the top. */
  pixel: Int32Array;
  /** Footprint: how strongly a disc of intensity 1 marks the pixel, in (0, 1]. */
  footprint: Float32Array;
  /** Disc coordinates, y up, held at the rim outside the disc. */
  x: Float32Array;
  y: Float32Array;
}

/** Where the discs of a pattern lie, as far as their marks go. */
export interface DiscPlaces extends PlainLattice {
  h: ArrayLike<number>;
  k: ArrayLike<number>;
}

/** Largest usable disc radius, pixels: above it the lists no longer fit into memory. */
const LARGEST_RADIUS = 64;

/**
 * The marks of a pattern's discs on the pixels of the detector.
 *
 * @throws RangeError for a radius that cannot be drawn.
 */
export function markList(geometry: DiscPlaces): MarkList {
  const { size, centre, basis, radius, aperture, h, k } = geometry;
  if (!(radius <= LARGEST_RADIUS)) throw new RangeError(`disc radius ${radius} px is not usable`);
  const far = reach(radius);
  const disc = new Footprint(radius, aperture);
  const most = h.length * (2 * far + 1) ** 2;
  const start = new Int32Array(h.length + 1);
  const pixel = new Int32Array(most);
  const footprint = new Float32Array(most);
  const x = new Float32Array(most);
  const y = new Float32Array(most);
  let at = 0;
  for (let d = 0; d < h.length; d++) {
    const column = centre + h[d]! * basis[0] + k[d]! * basis[2];
    const row = centre - h[d]! * basis[1] - k[d]! * basis[3];
    const top = Math.max(0, Math.round(row) - far);
    const bottom = Math.min(size - 1, Math.round(row) + far);
    const left = Math.max(0, Math.round(column) - far);
    const right = Math.min(size - 1, Math.round(column) + far);
    for (let r = top; r <= bottom; r++) {
      const dy = row - r;
      for (let c = left; c <= right; c++) {
        const dx = c - column;
        const mark = disc.at(dx, dy);
        if (mark <= 0) continue;
        const square = dx * dx + dy * dy;
        const scale = square < radius * radius ? 1 / radius : 1 / Math.sqrt(square);
        pixel[at] = r * size + c;
        footprint[at] = mark;
        x[at] = dx * scale;
        y[at++] = dy * scale;
      }
    }
    start[d + 1] = at;
  }
  return {
    start,
    pixel: pixel.subarray(0, at),
    footprint: footprint.subarray(0, at),
    x: x.subarray(0, at),
    y: y.subarray(0, at),
  };
}

/** The marks without those of discs that no lit pixel touches; such discs keep an empty range. */
export function litMarks(marks: MarkList, measured: Float32Array): MarkList {
  const { start, pixel, footprint, x, y } = marks;
  const discs = start.length - 1;
  const lit = {
    start: new Int32Array(discs + 1),
    pixel: new Int32Array(pixel.length),
    footprint: new Float32Array(pixel.length),
    x: new Float32Array(pixel.length),
    y: new Float32Array(pixel.length),
  };
  let to = 0;
  for (let disc = 0; disc < discs; disc++) {
    const [from, end] = [start[disc]!, start[disc + 1]!];
    let at = from;
    while (at < end && measured[pixel[at]!]! <= 0) at++;
    if (at < end) {
      lit.pixel.set(pixel.subarray(from, end), to);
      lit.footprint.set(footprint.subarray(from, end), to);
      lit.x.set(x.subarray(from, end), to);
      lit.y.set(y.subarray(from, end), to);
      to += end - from;
    }
    lit.start[disc + 1] = to;
  }
  return lit;
}
