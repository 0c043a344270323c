import { RING_ANGLES, ringsOf, sampleRings } from './intensity/polar.ts';

/** Triplets among which near-duplicates are sought. */
export interface TripletSet {
  readonly count: number;
  /** Pixels a side. */
  readonly size: number;
  /** (indices.length, size, size, 3) stored pixels. */
  images(indices: ArrayLike<number>): Uint8Array;
}

/** Two triplets that show the same, whatever was done to one of them. */
export interface NearDuplicate {
  /** Row of the first set, and of the second (or of the same one). */
  row: number;
  other: number;
  /** See `tripletDistance`. */
  distance: number;
}

/**
 * Below this distance two triplets are one. Measured on the built-in minerals: a triplet that was
 * shifted by a pixel or half of one, turned, mirrored, scaled in intensity, noisy by five grey levels
 * or whose zones were exchanged stays below 0.011, whereas the nearest triplet of another material is
 * nearer than 0.017 for one in twenty (minerals of one structure) and than 0.11 for half.
 */
export const NEAR_DUPLICATE = 0.015;

/** Patterns are averaged to at most so many pixels a side. */
const SIDE = 64;
/** Angular frequencies of the alignment: discs of four pixels at the rim. */
const ORDERS = 32;
/** Angles that are tried. */
const TURNS = 192;
/** Shifts about the centre of light that are tried, in pixels. */
const SHIFTS: readonly (readonly [number, number])[] = [0, -0.5, 0.5].flatMap((dy) =>
  [0, -0.5, 0.5].map((dx) => [dx, dy] as const),
);
/** Width of the window in which the centre of light is sought, as a share of the side. */
const WINDOW = 0.25;
const CENTRE_TURNS = 8;

/** Prints compare mean amplitudes of the lowest orders in bands of rings. */
const PRINT_ORDERS = 12;
const BANDS = 8;
/** Prints of one triplet differ by less than this, however it was changed. */
const PRINT_REACH = 0.22;
/** Candidates of a row that are aligned, the nearest prints first. */
const MOST_ALIGNED = 12;
/** Shifts are tried where the centres of light alone come as near as this: ten times what a shift changes. */
const WORTH_SHIFTING = 0.12;
/** Candidates whose shifts are tried where the nearest are sought, however far. */
const MOST_SHIFTED = 2;

/** Triplets whose spectra are kept, 50 KB each. */
const MOST_KEPT = 3000;

/** A quarter and a half of the angles of a ring. */
const [QUARTER, HALF] = [RING_ANGLES / 4, RING_ANGLES / 2];

/** Cosines and sines of the orders at the first quarter of the angles, one order after another. */
const WAVES = [Math.cos, Math.sin].map((wave) =>
  Float64Array.from({ length: (ORDERS + 1) * (QUARTER + 1) }, (_, at) => {
    const [m, n] = [Math.floor(at / (QUARTER + 1)), at % (QUARTER + 1)];
    return wave((2 * Math.PI * m * n) / RING_ANGLES) / RING_ANGLES;
  }),
) as [Float64Array, Float64Array];

/** A ring folded: [order even or odd][cosine or sine] values that meet the first quarter of a wave. */
const FOLDED = [0, 1].map(() => [0, 1].map(() => new Float64Array(QUARTER + 1)));

/** Folds a ring at its half and quarters, where the waves of an order repeat but for their sign. */
function foldRing(polar: Float32Array, from: number): void {
  for (const [odd, sign] of [1, -1].entries()) {
    const [cosine, sine] = FOLDED[odd]!;
    const at = (n: number): number => polar[from + n]! + sign * polar[from + n + HALF]!;
    cosine!.fill(0);
    sine!.fill(0);
    cosine![0] = at(0);
    for (let n = 1; n < QUARTER; n++) {
      const [left, right] = [at(n), at(HALF - n)];
      cosine![n] = left + sign * right;
      sine![n] = left - sign * right;
    }
    // In the middle a wave of even order has its cosine alone, one of odd order its sine.
    if (odd === 0) cosine![QUARTER] = at(QUARTER);
    else sine![QUARTER] = at(QUARTER);
  }
}

/**
 * A pattern as angular waves on its rings: complex amplitudes of (rings, orders + 1), weighted by
 * the root of the ring's length, less the mean of the pattern and of length one. All zero where
 * the pattern is even.
 */
interface Spectrum {
  /** Highest order. */
  orders: number;
  real: Float64Array;
  imaginary: Float64Array;
}

/** A triplet averaged to `side` pixels and smoothed, (side, side, 3). */
interface Reduced {
  side: number;
  values: Float32Array;
}

function reduce(pixels: Uint8Array, size: number): Reduced {
  const side = Math.min(SIDE, size);
  const step = size / side;
  const out = new Float32Array(side * side * 3);
  for (let y = 0, at = 0; y < size; y++) {
    const row = Math.min(side - 1, Math.floor(y / step));
    for (let x = 0; x < size; x++) {
      const to = (row * side + Math.min(side - 1, Math.floor(x / step))) * 3;
      for (let c = 0; c < 3; c++, at++) out[to + c]! += pixels[at]! / (step * step);
    }
  }
  return { side, values: smoothed(smoothed(out, side, 3), side, 3 * side) };
}

/**
 * Where the light of a pattern lies, right and down from its middle: the centre of the squared grey
 * levels under a bell about that very point, so that it moves and turns with the pattern.
 */
function centreOfLight({ side, values }: Reduced, channel: number): [number, number] {
  const middle = (side - 1) / 2;
  const bell = (centre: number): Float64Array => {
    const out = new Float64Array(side);
    for (let i = 0; i < side; i++) {
      out[i] = Math.exp(-0.5 * ((i - middle - centre) / (WINDOW * side)) ** 2);
    }
    return out;
  };
  let [cx, cy] = [0, 0];
  for (let turn = 0; turn < CENTRE_TURNS; turn++) {
    const [across, down] = [bell(cx), bell(cy)];
    let [sum, sx, sy] = [0, 0, 0];
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const weight = values[3 * (y * side + x) + channel]! ** 2 * across[x]! * down[y]!;
        sum += weight;
        sx += weight * (x - middle);
        sy += weight * (y - middle);
      }
    }
    if (sum === 0) return [0, 0];
    [cx, cy] = [sx / sum, sy / sum];
  }
  return [cx, cy];
}

/** Spectrum of one pattern of a triplet, seen from a point right and down of its middle. */
function spectrumOf(
  { side, values }: Reduced,
  channel: number,
  { from, orders = ORDERS }: { from: readonly [number, number]; orders?: number },
): Spectrum {
  const rings = ringsOf(side);
  const polar = sampleRings(side, from, { triplet: values, channel });
  const width = orders + 1;
  const real = new Float64Array(rings * width);
  const imaginary = new Float64Array(rings * width);
  const [cosine, sine] = WAVES;
  for (let ring = 0; ring < rings; ring++) {
    foldRing(polar, ring * RING_ANGLES);
    for (let m = 0; m < width; m++) {
      const [even, odd] = FOLDED[m & 1]!;
      let [re, im] = [0, 0];
      for (let n = 0, q = m * (QUARTER + 1); n <= QUARTER; n++, q++) {
        re += even![n]! * cosine[q]!;
        im -= odd![n]! * sine[q]!;
      }
      real[ring * width + m] = re;
      imaginary[ring * width + m] = im;
    }
  }
  const spectrum = { orders, real, imaginary };
  normalise(spectrum, rings);
  return spectrum;
}

/** Each value as the binomial mean of itself and the two at `step` values from it. */
function smoothed(values: Float32Array, side: number, step: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const place = Math.floor(at / step) % side;
    const before = place > 0 ? values[at - step]! : values[at]!;
    const after = place < side - 1 ? values[at + step]! : values[at]!;
    out[at] = 0.25 * before + 0.5 * values[at]! + 0.25 * after;
  }
  return out;
}

function normalise({ orders, real, imaginary }: Spectrum, rings: number): void {
  const width = orders + 1;
  let [sum, weight] = [0, 0];
  for (let ring = 0; ring < rings; ring++) {
    sum += (ring + 1) * real[ring * width]!;
    weight += ring + 1;
  }
  const mean = sum / weight;
  let square = 0;
  for (let ring = 0; ring < rings; ring++) {
    const root = Math.sqrt(ring + 1);
    for (let m = 0, at = ring * width; m < width; m++, at++) {
      real[at] = root * (real[at]! - (m === 0 ? mean : 0));
      imaginary[at] = root * imaginary[at]!;
      // Each order stands for itself and its negative.
      square += (m === 0 ? 1 : 2) * (real[at]! ** 2 + imaginary[at]! ** 2);
    }
  }
  const scale = square > 1e-6 ? 1 / Math.sqrt(square) : 0;
  for (let at = 0; at < real.length; at++) {
    real[at]! *= scale;
    imaginary[at]! *= scale;
  }
}

const isEven = ({ real, imaginary }: Spectrum): boolean =>
  real.every((value) => value === 0) && imaginary.every((value) => value === 0);

/** Turns: cosines and sines of m times each angle that is tried. */
const TURN_COSINE = Float64Array.from({ length: TURNS }, (_, n) =>
  Math.cos((2 * Math.PI * n) / TURNS),
);
const TURN_SINE = Float64Array.from({ length: TURNS }, (_, n) =>
  Math.sin((2 * Math.PI * n) / TURNS),
);

/** Two patterns at their best turn, plain (1) or mirrored (-1). */
interface Fit {
  correlation: number;
  mirror: 1 | -1;
}

/** Waves of one turn: (orders + 1) of the products of two spectra. */
const PRODUCTS = [new Float64Array(ORDERS + 1), new Float64Array(ORDERS + 1)] as const;

/** Highest correlation of two patterns over all turns; 1 where both are even. */
function fitTurns(a: Spectrum, b: Spectrum, mirror: Fit['mirror']): number {
  if (isEven(a) || isEven(b)) return isEven(a) && isEven(b) ? 1 : 0;
  const width = ORDERS + 1;
  const [re, im] = PRODUCTS;
  re.fill(0);
  im.fill(0);
  for (let at = 0, m = 0; at < a.real.length; at++, m = m + 1 === width ? 0 : m + 1) {
    const other = mirror * b.imaginary[at]!;
    re[m]! += a.real[at]! * b.real[at]! + a.imaginary[at]! * other;
    im[m]! += a.imaginary[at]! * b.real[at]! - a.real[at]! * other;
  }
  const at = (n: number): number => {
    let sum = re[0]!;
    for (let m = 1, turn = n; m < width; m++, turn = (turn + n) % TURNS) {
      sum += 2 * (re[m]! * TURN_COSINE[turn]! - im[m]! * TURN_SINE[turn]!);
    }
    return sum;
  };
  // Every other turn samples the highest order often enough to find the hill; then its top.
  let [best, top] = [-1, 0];
  for (let n = 0; n < TURNS; n += 2) {
    const sum = at(n);
    if (sum > best) [best, top] = [sum, n];
  }
  return Math.max(best, at((top + 1) % TURNS), at((top + TURNS - 1) % TURNS));
}

/** The better of the plain and the mirrored pattern. */
function fit(a: Spectrum, b: Spectrum): Fit {
  const [plain, mirrored] = [fitTurns(a, b, 1), fitTurns(a, b, -1)];
  return plain >= mirrored
    ? { correlation: plain, mirror: 1 }
    : { correlation: mirrored, mirror: -1 };
}

const ORDERINGS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** How the patterns of two triplets go together: `partner[c]` of the first with c of the second. */
interface Pairing {
  distance: number;
  partner: readonly [number, number, number];
  fits: readonly Fit[];
}

/** The best pairing of the patterns of two triplets, each about its centre of light. */
function pairPatterns(a: readonly Spectrum[], b: readonly Spectrum[]): Pairing {
  const fits = a.map((one) => b.map((other) => fit(one, other)));
  const sums = ORDERINGS.map((partner) =>
    partner.reduce<number>((sum, of, c) => sum + fits[of]![c]!.correlation, 0),
  );
  const best = Math.max(...sums);
  const partner = ORDERINGS[sums.indexOf(best)]!;
  return {
    distance: Math.max(0, 1 - best / 3),
    partner,
    fits: partner.map((of, c) => fits[of]![c]!),
  };
}

/** The three spectra of a triplet about the centres of light. */
function spectraOf(pixels: Uint8Array, size: number, orders?: number): Spectrum[] {
  const reduced = reduce(pixels, size);
  return [0, 1, 2].map((channel) =>
    spectrumOf(reduced, channel, { from: centreOfLight(reduced, channel), orders }),
  );
}

/**
 * The distance of paired triplets, one by its spectra, at the best shifts of the patterns of the other;
 * infinity as soon as it is more than `limit`.
 */
function shiftedDistance(
  fixed: readonly Spectrum[],
  { pixels, size, pairing }: { pixels: Uint8Array; size: number; pairing: Pairing },
  limit: number,
): number {
  const reduced = reduce(pixels, size);
  const { partner, fits } = pairing;
  // The patterns that fit worst first: they alone show most pairs to be two.
  const worstFirst = [0, 1, 2].sort((a, b) => fits[a]!.correlation - fits[b]!.correlation);
  let lack = 0;
  for (const channel of worstFirst) {
    const [x, y] = centreOfLight(reduced, channel);
    const over = SHIFTS.map(([dx, dy]) => {
      const moved = spectrumOf(reduced, channel, { from: [x + dx, y + dy] });
      return fitTurns(fixed[partner[channel]!]!, moved, fits[channel]!.mirror);
    });
    lack += 1 - Math.max(...over);
    if (lack > 3 * limit) return Number.POSITIVE_INFINITY;
  }
  return Math.max(0, lack / 3);
}

/**
 * How much of what two triplets show differs: 0 for the same, about 1 for unrelated ones. One minus
 * the mean correlation of their patterns, each about its centre of light, at its best
 * turn or mirror image, and with the zones paired as fits best; grey levels may be scaled and lifted. Patterns are
 * smoothed over three pixels, so that light noise hardly counts.
 *
 * @param pixels two times (size, size, 3) stored values.
 */
export function tripletDistance(pixels: readonly [Uint8Array, Uint8Array], size: number): number {
  const fixed = spectraOf(pixels[0], size);
  const pairing = pairPatterns(fixed, spectraOf(pixels[1], size));
  return shiftedDistance(fixed, { pixels: pixels[1], size, pairing }, Number.POSITIVE_INFINITY);
}

/**
 * What of a triplet no turn, shift by a pixel, scaling or exchange of zones changes much: mean
 * amplitudes of the angular waves in bands of rings, summed over the patterns and their largest.
 */
function printOf(spectra: readonly Spectrum[], out: Float32Array, at: number): void {
  const width = PRINT_ORDERS + 1;
  const rings = spectra[0]!.real.length / width;
  const half = BANDS * width;
  for (const { real, imaginary } of spectra) {
    const bands = new Float64Array(half);
    for (let ring = 0; ring < rings; ring++) {
      const band = Math.floor((ring * BANDS) / rings);
      for (let m = 0; m <= PRINT_ORDERS; m++) {
        const from = ring * width + m;
        bands[band * width + m]! += real[from]! ** 2 + imaginary[from]! ** 2;
      }
    }
    for (let n = 0; n < half; n++) {
      const amplitude = Math.sqrt(bands[n]!);
      out[at + n]! += amplitude / 3;
      out[at + half + n] = Math.max(out[at + half + n]!, amplitude);
    }
  }
}

const PRINT = 2 * BANDS * (PRINT_ORDERS + 1);

/** Prints of all triplets of a set, (count, PRINT). */
function printsOf(set: TripletSet): Float32Array {
  const out = new Float32Array(set.count * PRINT);
  for (let row = 0; row < set.count; row++) {
    printOf(spectraOf(set.images([row]), set.size, PRINT_ORDERS), out, row * PRINT);
  }
  return out;
}

/** Squared distance of two prints, or infinity as soon as it is more than `limit`. */
function printDistance(a: Float32Array, p: number, b: Float32Array, q: number, limit: number) {
  let sum = 0;
  for (let k = 0; k < PRINT; k += 8) {
    for (let n = k; n < k + 8; n++) {
      const step = a[p + n]! - b[q + n]!;
      sum += step * step;
    }
    if (sum > limit) return Number.POSITIVE_INFINITY;
  }
  return sum;
}

export interface NearDuplicateSearch {
  /** Pairs that are not looked at, such as two energies of one material. */
  skip?: (row: number, other: number) => boolean;
  /** Distance up to which triplets count as one; with `Infinity` the nearest ones are named, however far. */
  limit?: number;
  /** Candidates of a row that are aligned, the nearest prints first: a dozen at most. */
  aligned?: number;
}

/**
 * Pairs of triplets that are one and the same (`tripletDistance`), nearest first for each row. With
 * one set, each pair once, `row` after `other`. Prints find the candidates, of which the dozen with
 * the nearest prints are aligned by their centres of light, and those that come near by shifts too.
 */
export function nearDuplicates(
  first: TripletSet,
  second: TripletSet | null,
  {
    skip = () => false,
    limit = NEAR_DUPLICATE,
    aligned: most = MOST_ALIGNED,
  }: NearDuplicateSearch = {},
): NearDuplicate[] {
  const other = second ?? first;
  if (first.size !== other.size) {
    throw new RangeError(`triplets of ${first.size} pixels a side against ${other.size}`);
  }
  if (first.count === 0 || other.count === 0) return [];
  const reach = Number.isFinite(limit) ? PRINT_REACH ** 2 : Number.POSITIVE_INFINITY;
  const prints = printsOf(first);
  const others = second ? printsOf(second) : prints;
  const spectra = new Map<number, Spectrum[]>();
  const seen = (at: number): Spectrum[] => {
    const kept = spectra.get(at) ?? spectraOf(other.images([at]), other.size);
    if (spectra.size < MOST_KEPT) spectra.set(at, kept);
    return kept;
  };
  const found: NearDuplicate[] = [];
  for (let row = 0; row < first.count; row++) {
    const near: { at: number; squared: number }[] = [];
    const last = second ? other.count : row;
    for (let at = 0; at < last; at++) {
      const squared = printDistance(prints, row * PRINT, others, at * PRINT, reach);
      if (squared <= reach && !skip(row, at)) near.push({ at, squared });
    }
    if (near.length === 0) continue;
    const fixed = spectraOf(first.images([row]), first.size);
    const centred = near
      .sort((a, b) => a.squared - b.squared)
      .slice(0, Math.min(most, MOST_ALIGNED))
      .map(({ at }) => ({ at, pairing: pairPatterns(fixed, seen(at)) }))
      .sort((a, b) => a.pairing.distance - b.pairing.distance);
    const worth = Number.isFinite(limit)
      ? centred.filter(({ pairing }) => pairing.distance <= WORTH_SHIFTING)
      : centred.slice(0, MOST_SHIFTED);
    const aligned = worth
      .map(({ at, pairing }) => ({
        row,
        other: at,
        distance: shiftedDistance(
          fixed,
          { pixels: other.images([at]), size: first.size, pairing },
          limit,
        ),
      }))
      .filter(({ distance }) => distance <= limit);
    found.push(...aligned.sort((a, b) => a.distance - b.distance));
  }
  return found;
}
