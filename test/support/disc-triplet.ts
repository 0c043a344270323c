import type { Stream } from '../../src/common/stream.ts';

/** Three patterns of discs on three nets with levels of their own, (size, size, 3): no two alike. */
export function discTriplet(size: number, stream: Stream): Uint8Array {
  const middle = (size - 1) / 2;
  const out = new Uint8Array(size * size * 3);
  for (let channel = 0; channel < 3; channel++) {
    const [ax, ay] = [stream.between(5, 9), stream.between(-2, 2)];
    const [bx, by] = [stream.between(-2, 2), stream.between(5, 9)];
    const radius = stream.between(1.5, 2.5);
    for (let h = -5; h <= 5; h++) {
      for (let k = -5; k <= 5; k++) {
        const [x, y] = [h * ax + k * bx + middle, h * ay + k * by + middle];
        const far = Math.hypot(x - middle, y - middle);
        const level = Math.max(0, 230 - 7 * far + 30 * stream.normal());
        for (let row = 0; row < size; row++) {
          for (let column = 0; column < size; column++) {
            if (Math.hypot(column - x, row - y) > radius) continue;
            out[3 * (row * size + column) + channel] = Math.min(255, level);
          }
        }
      }
    }
  }
  return out;
}
