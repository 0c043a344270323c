import { PIXEL_SCALE } from '../src/dataset/examples.ts';

type Three<T> = [T, T, T];

/** How one triplet is read from its stored pixels. */
export interface TripletPlacement {
  /** Output pixel at distance d from the centre is read at distance scale x d. */
  scale: number;
  /** Shift of the reading position, in pixels. */
  dx: number;
  dy: number;
  /** Whether each pattern is mirrored left-right, and up-down. */
  flipX: Three<boolean>;
  flipY: Three<boolean>;
}

export const unmoved = (): TripletPlacement => ({
  scale: 1,
  dx: 0,
  dy: 0,
  flipX: [false, false, false],
  flipY: [false, false, false],
});

/** Placements as the fused kernel reads them: nine numbers each. */
export const placementNumbers = (placements: readonly TripletPlacement[]): Float32Array =>
  Float32Array.from(
    placements.flatMap(({ scale, dx, dy, flipX, flipY }) => [
      scale,
      dx,
      dy,
      ...flipX.map(Number),
      ...flipY.map(Number),
    ]),
  );

const CHANNELS = 3;

/** For each output position along an axis: two input positions and their weights. */
interface AxisTable {
  first: Int32Array;
  second: Int32Array;
  firstWeight: Float32Array;
  secondWeight: Float32Array;
}

function axisTable(size: number, axis: { scale: number; shift: number; flip: boolean }): AxisTable {
  const { scale, shift, flip } = axis;
  const centre = (size - 1) / 2;
  const table: AxisTable = {
    first: new Int32Array(size),
    second: new Int32Array(size),
    firstWeight: new Float32Array(size),
    secondWeight: new Float32Array(size),
  };
  const inside = (at: number) => at >= 0 && at < size;
  for (let i = 0; i < size; i++) {
    const from = centre + scale * ((flip ? size - 1 - i : i) - centre) + shift;
    const low = Math.floor(from);
    const share = from - low;
    if (inside(low)) {
      table.first[i] = low;
      table.firstWeight[i] = 1 - share;
    }
    if (inside(low + 1)) {
      table.second[i] = low + 1;
      table.secondWeight[i] = share;
    }
  }
  return table;
}

/** Where one pattern of a batch begins, in input and output alike. */
interface PatternAt {
  size: number;
  /** Index of the pattern's first value. */
  offset: number;
}

function readPattern(
  out: Float32Array,
  pixels: Uint8Array,
  { size, offset }: PatternAt,
  [rows, columns]: [AxisTable, AxisTable],
): void {
  const pitch = size * CHANNELS;
  for (let y = 0; y < size; y++) {
    const upper = offset + rows.first[y]! * pitch;
    const lower = offset + rows.second[y]! * pitch;
    const upperWeight = rows.firstWeight[y]! * PIXEL_SCALE;
    const lowerWeight = rows.secondWeight[y]! * PIXEL_SCALE;
    let at = offset + y * pitch;
    for (let x = 0; x < size; x++) {
      const left = columns.first[x]! * CHANNELS;
      const right = columns.second[x]! * CHANNELS;
      const leftValue = upperWeight * pixels[upper + left]! + lowerWeight * pixels[lower + left]!;
      const rightValue =
        upperWeight * pixels[upper + right]! + lowerWeight * pixels[lower + right]!;
      out[at] = columns.firstWeight[x]! * leftValue + columns.secondWeight[x]! * rightValue;
      at += CHANNELS;
    }
  }
}

/**
 * Stored pixels (N, size, size, 3) as network inputs, each triplet read under its placement:
 * bilinear, zero outside the pattern. Where no placement is given, as they are.
 */
export function placedInputs(
  pixels: Uint8Array,
  size: number,
  placements: readonly TripletPlacement[] | null,
): Float32Array {
  const out = new Float32Array(pixels.length);
  if (!placements) {
    for (let i = 0; i < pixels.length; i++) out[i] = pixels[i]! * PIXEL_SCALE;
    return out;
  }
  const each = size * size * CHANNELS;
  placements.forEach(({ scale, dx, dy, flipX, flipY }, example) => {
    const columns = [false, true].map((flip) => axisTable(size, { scale, shift: dx, flip }));
    const rows = [false, true].map((flip) => axisTable(size, { scale, shift: dy, flip }));
    for (let channel = 0; channel < CHANNELS; channel++) {
      const tables: [AxisTable, AxisTable] = [
        rows[flipY[channel]! ? 1 : 0]!,
        columns[flipX[channel]! ? 1 : 0]!,
      ];
      readPattern(out, pixels, { size, offset: example * each + channel }, tables);
    }
  });
  return out;
}
