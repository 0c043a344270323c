import { exponential } from './exponential.ts';
import { Footprint, fillFootprintSlope } from './footprint.ts';
import type { DiscPlaces, MarkList } from './mark-list.ts';
import { HIGHEST_LEVEL, LOWEST_LEVEL } from './modes.ts';
import { type DiscPolynomial, discPolynomial } from './paint.ts';

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
export class LatticeSlopes {
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
