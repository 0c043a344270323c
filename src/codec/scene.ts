import type { Aperture } from './footprint.ts';
import { LatticeSlopes } from './lattice-slopes.ts';
import { type DiscPlaces, type MarkList, markList } from './mark-list.ts';
import { MODES } from './modes.ts';
import { paint, paintGradient } from './paint.ts';

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
