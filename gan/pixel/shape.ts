/** Sizes of the networks that work on pixels. */
export interface PixelShape {
  /** Pixels a side, S. */
  size: number;
  /** Channels of the maps of S x S; smaller maps have up to eight times as many. */
  width: number;
  latent: number;
  embedding: number;
  /** Length of a class code: one place a class and one a crystal system. */
  code: number;
}

/** Side of the smallest maps. */
export const SMALLEST = 4;
const MOST = 8;

/** Sides that the networks know: powers of two. */
export const SIZES = [16, 32, 64, 128] as const;

/** Channels of maps of `side` pixels a side. */
export const channelsAt = ({ size, width }: Pick<PixelShape, 'size' | 'width'>, side: number) =>
  width * Math.min(MOST, size / side);

/** Sides above the smallest, ascending, up to `size`: 8, 16, ... */
export function sidesTo(size: number): number[] {
  const sides: number[] = [];
  for (let side = 2 * SMALLEST; side <= size; side *= 2) sides.push(side);
  return sides;
}
