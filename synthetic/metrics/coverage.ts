import type { Features } from './features.ts';
import { squaredDistance, squaredRadii, visitDistances } from './neighbours.ts';

/** Shares of samples, 0 to 1; density may exceed 1. */
export interface Prdc {
  /** Generated samples inside the ball of at least one real sample. */
  precision: number;
  /** Real samples inside the ball of at least one generated sample. */
  recall: number;
  /** Real balls that hold a generated sample, on average, over k. */
  density: number;
  /** Real samples whose own ball holds a generated sample. */
  coverage: number;
}

export interface PrdcOptions {
  /** Radius of a ball: distance to the k-th nearest sample of the same set, itself not counted. */
  k?: number;
  /**
   * False (default): inside means strictly nearer than the radius (Naeem et al. 2020, `prdc`).
   * True: the boundary counts (Kynkaanniemi et al. 2019).
   */
  closed?: boolean;
}

/**
 * Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of
 * generated samples against real ones, on plain Euclidean distances.
 *
 * @throws RangeError where a set has no k-th neighbours.
 */
export function prdc(real: Features, fake: Features, options: PrdcOptions = {}): Prdc {
  const { k = 5, closed = false } = options;
  const realRadii = squaredRadii(real, k);
  const fakeRadii = squaredRadii(fake, k);
  const balls = new Int32Array(fake.count);
  let recalled = 0;
  let covered = 0;
  const inside = (squared: number, limit: number) => (closed ? squared <= limit : squared < limit);
  visitDistances(real, fake, ({ start, count, squared }, slack) => {
    for (let r = 0; r < count; r++) {
      const i = start + r;
      const limit = realRadii[i]!;
      let recall = false;
      let cover = false;
      for (let j = 0, at = r * fake.count; j < fake.count; j++, at++) {
        let d = squared[at]!;
        const reach = fakeRadii[j]!;
        if (Math.abs(d - limit) <= slack || Math.abs(d - reach) <= slack) {
          d = squaredDistance(real, i, fake, j);
        }
        if (inside(d, limit)) {
          balls[j]!++;
          cover = true;
        }
        if (!recall && inside(d, reach)) recall = true;
      }
      if (recall) recalled++;
      if (cover) covered++;
    }
  });
  const held = balls.reduce((sum, n) => sum + (n > 0 ? 1 : 0), 0);
  return {
    precision: held / fake.count,
    recall: recalled / real.count,
    density: balls.reduce((sum, n) => sum + n, 0) / (k * fake.count),
    coverage: covered / real.count,
  };
}
