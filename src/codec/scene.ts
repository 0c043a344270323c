import { HIGHEST_LEVEL, LOWEST_LEVEL, MODES } from './discs.ts';
import { type Aperture, Footprint, fillFootprintSlope } from './footprint.ts';
import { type DiscPlaces, type MarkList, markList } from './mark-list.ts';
import { type DiscPolynomial, discPolynomial, exponential, paint, paintGradient } from './paint.ts';

/** One disc whose slopes are wanted. */
interface DiscSlope {
  marks: MarkList;
  coefficients: Float32Array;
  /** Where its coefficients start. */
  at: number;
  /** (size, size) gradient of a loss with respect to the image. */
  slope: Float32Array;
}

/**
 * How a loss on the image of a pattern changes with its lattice and its disc radius: through the
 * footprints, and through the disc coordinates of every pixel.
 */
class LatticeSlopes {
  /** Gradient with respect to (b0, b1, b2, b3) and to the radius. */
  readonly basis = new Float64Array(4);
  radius = 0;
  private readonly footprint: Footprint;
  /** Slope of the footprint in the radius. */
  private readonly growth: Footprint;

  constructor(private readonly places: DiscPlaces) {
    const { radius, aperture } = places;
    this.footprint = new Footprint(radius, aperture);
    this.growth = new Footprint(radius, aperture, fillFootprintSlope);
  }

  /** Adds what a disc contributes. */
  add(disc: number, { marks, coefficients, at, slope }: DiscSlope): void {
    const { size, centre, basis, h, k } = this.places;
    const { footprint } = this;
    const p = discPolynomial(coefficients, at);
    const column = centre + h[disc]! * basis[0] + k[disc]! * basis[2];
    const row = centre - h[disc]! * basis[1] - k[disc]! * basis[3];
    let [right, up] = [0, 0];
    for (let i = marks.start[disc]!; i < marks.start[disc + 1]!; i++) {
      const pixel = marks.pixel[i]!;
      const dx = (pixel % size) - column;
      const dy = row - Math.floor(pixel / size);
      footprint.read(dx, dy);
      const inside = this.inside(p, dx, dy);
      const mark = footprint.value * inside.intensity;
      // The pixel moves left where the disc moves right.
      right -= slope[pixel]! * (footprint.alongX * inside.intensity + mark * inside.alongX);
      up -= slope[pixel]! * (footprint.alongY * inside.intensity + mark * inside.alongY);
      const grown = this.growth.at(dx, dy) * inside.intensity + mark * inside.inRadius;
      this.radius += slope[pixel]! * grown;
    }
    this.basis[0]! += right * h[disc]!;
    this.basis[1]! += up * h[disc]!;
    this.basis[2]! += right * k[disc]!;
    this.basis[3]! += up * k[disc]!;
  }

  /** Intensity within a disc (dx right, dy up of its centre), and the slopes of its logarithm. */
  private inside(p: DiscPolynomial, dx: number, dy: number) {
    const { radius } = this.places;
    const distance = Math.sqrt(dx * dx + dy * dy);
    const scale = 1 / Math.max(radius, distance);
    const [x, y] = [dx * scale, dy * scale];
    const level = p.constant + x * (p.x + p.xx * x + p.xy * y) + y * (p.y + p.yy * y);
    const held = Math.min(HIGHEST_LEVEL, Math.max(LOWEST_LEVEL, level));
    const free = held === level ? scale : 0;
    const alongX = free * (p.x + 2 * p.xx * x + p.xy * y);
    const alongY = free * (p.y + 2 * p.yy * y + p.xy * x);
    const radial = alongX * x + alongY * y;
    const intensity = exponential(held);
    if (distance < radius) return { intensity, alongX, alongY, inRadius: -radial };
    // Outside, the coordinates are held at the rim: only their direction moves.
    return { intensity, alongX: alongX - radial * x, alongY: alongY - radial * y, inRadius: 0 };
  }
}

/** Where the discs of a batch of patterns lie, in plain numbers; see `DiscTensors`. */
export interface ScenePlaces {
  size: number;
  centre: number;
  aperture: Aperture;
  pattern: Int32Array;
  h: ArrayLike<number>;
  k: ArrayLike<number>;
  /** (patterns, 4). */
  basis: Float32Array;
  /** (patterns). */
  radius: Float32Array;
}

/** One pattern of a scene. */
interface Part {
  places: DiscPlaces;
  marks: MarkList;
  /** Intensity of every mark. */
  marked: Float32Array;
  /** Number of its first disc. */
  first: number;
}

const cut = (list: ArrayLike<number>, from: number, to: number): Int32Array => {
  const out = new Int32Array(to - from);
  for (let at = from; at < to; at++) out[at - from] = list[at]!;
  return out;
};

/** Discs on a batch of patterns: their image, and how a loss on it depends on them. */
export class Scene {
  private readonly parts: readonly Part[];
  private readonly size: number;
  private readonly coefficients: Float32Array;

  /**
   * @param coefficients (discs, MODES).
   * @throws RangeError where the discs do not come pattern by pattern.
   */
  constructor(scene: ScenePlaces, coefficients: Float32Array) {
    const { size, centre, aperture, pattern, basis, radius } = scene;
    this.size = size;
    this.coefficients = coefficients;
    let first = 0;
    this.parts = Array.from(radius, (own, index): Part => {
      let end = first;
      while (end < pattern.length && pattern[end] === index) end++;
      const [ax, ay, bx, by] = basis.subarray(4 * index) as unknown as [number, ...number[]];
      const places: DiscPlaces = {
        ...{ size, centre, aperture, radius: own },
        basis: [ax, ay!, bx!, by!],
        h: cut(scene.h, first, end),
        k: cut(scene.k, first, end),
      };
      const marks = markList(places);
      const part = { places, marks, marked: new Float32Array(marks.pixel.length), first };
      first = end;
      return part;
    });
    if (first !== pattern.length) throw new RangeError('discs do not come pattern by pattern');
  }

  /** Linear intensities (patterns, size, size). */
  image(): Float32Array {
    const pixels = this.size ** 2;
    const image = new Float32Array(this.parts.length * pixels);
    this.parts.forEach(({ marks, marked, first }, index) => {
      const own = image.subarray(index * pixels, (index + 1) * pixels);
      paint({ marks, coefficients: this.coefficients, first }, own, marked);
    });
    return image;
  }

  /**
   * Gradient with respect to the coefficients, (discs, MODES), after `image`.
   *
   * @param slope (patterns, size, size) gradient with respect to the image.
   */
  coefficientGradient(slope: Float32Array): Float32Array {
    const pixels = this.size ** 2;
    const into = new Float32Array(this.coefficients.length);
    this.parts.forEach(({ marks, marked, first }, index) => {
      const own = slope.subarray(index * pixels, (index + 1) * pixels);
      paintGradient(
        { marks, coefficients: this.coefficients, first },
        { slope: own, marked, into },
      );
    });
    return into;
  }

  /** Gradients with respect to lattice (patterns, 4) and radius (patterns), after `image`. */
  latticeGradient(slope: Float32Array): { basis: Float32Array; radius: Float32Array } {
    const pixels = this.size ** 2;
    const basis = new Float32Array(4 * this.parts.length);
    const radius = new Float32Array(this.parts.length);
    this.parts.forEach(({ places, marks, first }, index) => {
      const slopes = new LatticeSlopes(places);
      const discs = places.h.length;
      for (let disc = 0; disc < discs; disc++) {
        slopes.add(disc, {
          marks,
          coefficients: this.coefficients,
          at: (first + disc) * MODES,
          slope: slope.subarray(index * pixels, (index + 1) * pixels),
        });
      }
      basis.set(slopes.basis, 4 * index);
      radius[index] = slopes.radius;
    });
    return { basis, radius };
  }
}
