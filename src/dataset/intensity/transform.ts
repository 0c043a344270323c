import type { Camera } from '../../simulate/camera.ts';
import { type Averages, areBlocks, blockAverages, coverAverages, rowRoom } from './averages.ts';

// v = clip(10 (max(ln I, -17) + 17), 0, 255): ten grey levels a factor of e in intensity.
export const LEVEL_GAIN = 10;
export const LEVEL_FLOOR = -17;

/** The stored value of an intensity: 0 at or below e^-17, 255 at or above e^8.5. */
export function pixelOf(intensity: number): number {
  if (!(intensity > 0)) return 0;
  const value = LEVEL_GAIN * (Math.max(Math.log(intensity), LEVEL_FLOOR) - LEVEL_FLOOR);
  return Math.min(255, Math.round(value));
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** Where stored values begin, so that they are looked up instead of computed. */
interface Steps {
  /** The least intensity of each stored value 1..255; NaN, which nothing reaches, for 256. */
  from: Float64Array;
  /**
   * By the upper half of an intensity's float32 bits: its stored value, or the one before, as
   * each half holds one step at most.
   */
  least: Uint8Array;
}

let steps: Steps | null = null;

/** The least intensity whose stored value is at least `value`, by halving. */
function stepTo(value: number): number {
  let low = 0;
  let high = Math.exp((value + 1) / LEVEL_GAIN + LEVEL_FLOOR);
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    if (pixelOf(middle) >= value) high = middle;
    else low = middle;
  }
}

function findSteps(): Steps {
  const from = Float64Array.from({ length: 257 }, (_, value) => stepTo(Math.min(value, 255)));
  from[256] = Number.NaN;
  const least = new Uint8Array(1 << 16);
  const infinity = 0x7f80;
  for (let half = 1, value = 0; half <= infinity; half++) {
    // The last float before the half: rounding to float32 may cross into the next one.
    bits[0] = (half << 16) - 1;
    while (single[0]! >= from[value + 1]!) value++;
    least[half] = value;
  }
  return { from, least };
}

/** The same as `pixelOf`, for many intensities. */
function quickPixelOf(intensity: number, { from, least }: Steps): number {
  single[0] = intensity;
  const value = least[bits[0]! >>> 16]!;
  return intensity >= from[value + 1]! ? value + 1 : value;
}

/** The intensity a stored value stands for; 0 stands for none. */
export const intensityOf = (pixel: number): number =>
  pixel === 0 ? 0 : Math.exp(pixel / LEVEL_GAIN + LEVEL_FLOOR);

/** The camera of a pattern after it was averaged to `size` pixels a side. */
export function resampledCamera(camera: Camera, size: number): Camera {
  const ratio = camera.size / size;
  return { size, pixel: camera.pixel * ratio, centre: (camera.centre + 0.5) / ratio - 0.5 };
}

/** What a stack was reduced to, and what was met on the way. */
export interface Reduction {
  /** (size, size, 3) stored values, NHWC. */
  pixels: Uint8Array;
  /** Smallest and largest intensity of the stack. */
  minimum: number;
  maximum: number;
  /** Mean intensity a pixel of the stack. */
  mean: number;
  /** False where a value is NaN or infinite; the pixels are then of no use. */
  finite: boolean;
  /** Patterns, from 1, of which a quarter or more was never written. */
  blank: number[];
}

/** Tiles a side of a pattern, for what was never written. */
const TILES = 4;

/** Smallest and largest average of each tile of a pattern, row by row. */
interface Tiles {
  lowest: Float64Array;
  highest: Float64Array;
}

const emptyTiles = (): Tiles => ({
  lowest: new Float64Array(TILES ** 2).fill(Number.POSITIVE_INFINITY),
  highest: new Float64Array(TILES ** 2).fill(Number.NEGATIVE_INFINITY),
});

/** First pixel of a tile along a side. */
const tileStart = (tile: number, size: number): number => Math.ceil((tile * size) / TILES);

/** Share of the pixels of a tile whose stored value is not this one. */
function shareBeside(value: number, tile: number, size: number, stored: (i: number) => number) {
  const [row, column] = [Math.floor(tile / TILES), tile % TILES];
  let [count, beside] = [0, 0];
  for (let y = tileStart(row, size); y < tileStart(row + 1, size); y++) {
    for (let x = tileStart(column, size); x < tileStart(column + 1, size); x++, count++) {
      if (stored(y * size + x) !== value) beside++;
    }
  }
  return beside / Math.max(1, count);
}

/** A tile shows something where at least this share of it differs from what was never written. */
const SHOWN = 0.25;

/**
 * Whether a pattern, or a quarter of it, was never written: one value throughout, opposite to tiles
 * that show something. A frame of zeros about a pattern lies on all sides of it.
 */
function isUnwritten({ lowest, highest }: Tiles, size: number, stored: (i: number) => number) {
  if (Math.max(...highest) === Math.min(...lowest)) return true;
  const constant = [...lowest.keys()].filter((tile) => lowest[tile] === highest[tile]);
  const alone = constant.filter((tile) => {
    const value = pixelOf(lowest[tile]!);
    return shareBeside(value, TILES ** 2 - 1 - tile, size, stored) > SHOWN;
  });
  return alone.length >= TILES && alone.every((tile) => lowest[tile] === lowest[alone[0]!]);
}

/** Makes stored values of averages, as they come from the top of the first pattern on. */
class Reducer {
  private readonly size: number;
  private readonly pixels: Uint8Array;
  private readonly steps: Steps;
  private at = 0;
  private total = 0;
  private minimum = Number.POSITIVE_INFINITY;
  private maximum = Number.NEGATIVE_INFINITY;
  private readonly tiles = [emptyTiles(), emptyTiles(), emptyTiles()];

  constructor(size: number, pixels: Uint8Array = new Uint8Array(3 * size * size)) {
    this.size = size;
    this.pixels = pixels;
    steps ??= findSteps();
    this.steps = steps;
  }

  /** Takes the averages of the next whole rows. */
  add({ values, minimum, maximum }: Averages): void {
    const { size, pixels, steps } = this;
    let { at, total } = this;
    for (let i = 0; i < values.length; ) {
      const pattern = Math.floor(at / size ** 2);
      const { lowest, highest } = this.tiles[pattern]!;
      const row = Math.floor(at / size) % size;
      for (let column = 0; column < TILES; column++) {
        const tile = TILES * Math.floor((TILES * row) / size) + column;
        const end = tileStart(column + 1, size) - tileStart(column, size);
        let [least, most] = [lowest[tile]!, highest[tile]!];
        for (const stop = i + end; i < stop; i++, at++) {
          const value = values[i]!;
          total += value;
          if (value < least) least = value;
          if (value > most) most = value;
          pixels[3 * (at - pattern * size ** 2) + pattern] = quickPixelOf(value, steps);
        }
        lowest[tile] = least;
        highest[tile] = most;
      }
    }
    this.at = at;
    this.total = total;
    this.minimum = Math.min(this.minimum, minimum);
    this.maximum = Math.max(this.maximum, maximum);
  }

  done(): Reduction {
    const { pixels, minimum, maximum, tiles, size } = this;
    const mean = this.total / pixels.length;
    // Noise below the least stored value shows as little as a constant.
    const even = (pattern: number): boolean =>
      pixels.every((value, i) => i % 3 !== pattern || value === pixels[pattern]);
    const blank = [0, 1, 2]
      .filter((pattern) => {
        const stored = (i: number): number => pixels[3 * i + pattern]!;
        return even(pattern) || isUnwritten(tiles[pattern]!, size, stored);
      })
      .map((pattern) => pattern + 1);
    return { pixels, minimum, maximum, mean, finite: Number.isFinite(mean), blank };
  }
}

export interface ReduceOptions {
  /** Pixels a side of the stack, and of what it is reduced to. */
  from: number;
  size: number;
  /** Where the stored values go; into an array of their own otherwise. */
  into?: Uint8Array;
}

/** Takes a stack in pieces: each is laid into `room` and then taken. */
export interface PieceReducer {
  room: Float32Array;
  take(): void;
  done(): Reduction;
}

// Pieces stay in the processor's cache between the reading and the averaging of them.
const PIECE_FLOATS = 1 << 15;

/** Reduces a (3, from, from) stack piece by piece; null for a ratio that blocks do not serve. */
export function pieceReducer({ from, size, into }: ReduceOptions): PieceReducer | null {
  const ratio = from / size;
  if (!areBlocks(ratio)) return null;
  const row = from * ratio;
  let rows = 3 * size;
  while (rows > 1 && (rows * row > PIECE_FLOATS || (3 * size) % rows !== 0)) rows--;
  const room = rowRoom(rows * row);
  const reducer = new Reducer(size, into);
  return {
    room,
    take: () => reducer.add(blockAverages(room, size, ratio)),
    done: () => reducer.done(),
  };
}

/**
 * Reduces a (3, from, from) stack of intensities to (size, size, 3) stored values.
 *
 * Pixels are averaged by area in linear intensity, **before** the logarithm: a disc on a coarse
 * grid is then the same sum of splatted discs as on a fine one, which is what the disc codec
 * renders. Negative intensities count as they are in the averages, and as none after them.
 */
export function reduceStack(stack: Float32Array, from: number, size: number): Reduction {
  const ratio = from / size;
  const reducer = new Reducer(size);
  reducer.add(
    areBlocks(ratio) ? blockAverages(stack, size, ratio) : coverAverages(stack, from, size),
  );
  return reducer.done();
}
/** The (size, size, 3) stored values of a (3, from, from) stack of intensities. */
export const toPixels = (stack: Float32Array, from: number, size = from): Uint8Array =>
  reduceStack(stack, from, size).pixels;

/**
 * The (3, to, to) intensities that (size, size, 3) stored values stand for. `to` is a multiple of
 * `size`; each stored pixel becomes a constant block, so that `toPixels` gives the values back.
 *
 * @throws RangeError where `to` is no multiple of `size`.
 */
export function fromPixels(pixels: Uint8Array, size: number, to = size): Float32Array {
  const ratio = to / size;
  if (!Number.isInteger(ratio)) throw new RangeError(`${to} is no multiple of ${size}`);
  const stack = new Float32Array(3 * to * to);
  const table = Float32Array.from({ length: 256 }, (_, value) => intensityOf(value));
  for (let pattern = 0, at = 0; pattern < 3; pattern++) {
    for (let y = 0; y < to; y++) {
      const row = Math.floor(y / ratio) * size;
      for (let x = 0; x < to; x++, at++) {
        stack[at] = table[pixels[(row + Math.floor(x / ratio)) * 3 + pattern]!]!;
      }
    }
  }
  return stack;
}

/** Stored pixels of triplets of one size, one after another. */
export function joinTriplets(triplets: readonly Uint8Array[]): Uint8Array {
  const size = triplets[0]?.length ?? 0;
  const stack = new Uint8Array(triplets.length * size);
  triplets.forEach((pixels, i) => {
    stack.set(pixels, i * size);
  });
  return stack;
}

/** The triplets of a stack, each of `size` numbers; views of it. */
export const splitTriplets = (stack: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: stack.length / size }, (_, i) => stack.subarray(i * size, (i + 1) * size));
