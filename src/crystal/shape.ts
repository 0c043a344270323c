import type { Stream } from '../common/stream.ts';
import { cellVolume } from './cell.ts';
import type { Cell } from './crystal.ts';
import type { LatticeSystem } from './spacegroup.ts';

/** Lattice lengths and angles of a shape, before its volume is set. */
function drawShape(system: LatticeSystem, stream: Stream): Cell {
  const ratio = (mean: number, spread = 0.3): number => mean * Math.exp(spread * stream.normal());
  switch (system) {
    case 'cubic':
      return [1, 1, 1, 90, 90, 90];
    case 'hexagonal':
      return [1, 1, ratio(1.3, 0.4), 90, 90, 120];
    case 'rhombohedral':
      return [1, 1, ratio(2.2, 0.4), 90, 90, 120];
    case 'tetragonal':
      return [1, 1, ratio(1.2, 0.4), 90, 90, 90];
    case 'orthorhombic':
      return [1, ratio(1), ratio(1), 90, 90, 90];
    case 'monoclinic':
      return [1, ratio(1), ratio(1), 90, stream.between(92, 120), 90];
    case 'triclinic': {
      const angle = (): number => stream.between(70, 110);
      return [1, ratio(1), ratio(1), angle(), angle(), angle()];
    }
  }
}

/** A random cell of a lattice system (hexagonal axes) with this volume in cubic angstrom. */
export function drawCell(system: LatticeSystem, volume: number, stream: Stream): Cell {
  const [a, b, c, ...angles] = drawShape(system, stream);
  const factor = Math.cbrt(volume / cellVolume([a, b, c, ...angles]));
  return [a * factor, b * factor, c * factor, ...angles];
}
