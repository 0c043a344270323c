import type { Stream } from '../common/stream.ts';
import type { Cell } from '../crystal/crystal.ts';
import { latticeSystem } from '../crystal/spacegroup.ts';
import { cellFromNumbers, cellNumbers } from './cell-numbers.ts';
import type { ClassTables } from './class-tables.ts';
import type { Play, SamplerName } from './play.ts';

/** Neighbours of its class that a triplet may be joined with. */
const NEIGHBOURS = 5;
/** Rows of the class that are other materials, the most similar cell lengths first. */
function neighbours(tables: ClassTables, row: number, stream: Stream): number[] {
  const { label, material, cell } = tables.triplet(row);
  const own = cellNumbers(cell);
  const others = tables.rows(label).filter((other) => tables.triplet(other).material !== material);
  const distance = (other: number): number => {
    const numbers = cellNumbers(tables.triplet(other).cell);
    const apart = [0, 1, 2].reduce((sum, i) => sum + Math.abs(numbers[i]! - own[i]!), 0);
    return apart + 1e-3 * stream.uniform();
  };
  return others
    .map((other) => ({ other, apart: distance(other) }))
    .sort((a, b) => a.apart - b.apart)
    .slice(0, NEIGHBOURS)
    .map(({ other }) => other);
}

/** ln of the volume of a cell in cell numbers. */
function logVolume(numbers: readonly number[]): number {
  const [ca, cb, cg] = [3, 4, 5].map((i) => Math.cos((numbers[i]! * Math.PI) / 180));
  const square = 1 - ca! ** 2 - cb! ** 2 - cg! ** 2 + 2 * ca! * cb! * cg!;
  return numbers[0]! + numbers[1]! + numbers[2]! + Math.log(Math.max(square, 0.02)) / 2;
}

/** Rows of any class whose cells have the same lattice system. */
function donors(tables: ClassTables, row: number): number[] {
  const system = latticeSystem(tables.triplet(row).spaceGroup);
  return [...tables.set.triplets.keys()].filter(
    (other) => latticeSystem(tables.triplet(other).spaceGroup) === system,
  );
}

/** The sources of a draw and the cell they give, before any play. */
export interface Sources {
  row: number;
  partner: number | null;
  share: number;
  donor: number | null;
  cell: number[];
}

export function chooseSources(
  tables: ClassTables,
  name: SamplerName,
  row: number,
  stream: Stream,
): Sources {
  const own = cellNumbers(tables.triplet(row).cell);
  const alone: Sources = { row, partner: null, share: 0, donor: null, cell: own };
  if (name === 'lattice-transfer') {
    const donor = stream.pick(donors(tables, row));
    const shape = cellNumbers(tables.triplet(donor).cell);
    const scale = (logVolume(own) - logVolume(shape)) / 3;
    return { ...alone, donor, cell: shape.map((value, i) => (i < 3 ? value + scale : value)) };
  }
  if (name !== 'interpolation' && name !== 'interpolation-jitter') return alone;
  const near = neighbours(tables, row, stream);
  if (near.length === 0) return alone;
  const partner = stream.pick(near);
  const share = stream.uniform();
  const other = cellNumbers(tables.triplet(partner).cell);
  const cell = own.map((value, i) => (1 - share) * value + share * other[i]!);
  return { ...alone, partner, share, cell };
}

/** A cell near six numbers that the group allows; that of the row where they are no cell. */
export function playedCell(
  tables: ClassTables,
  sources: Sources,
  play: Play,
  stream: Stream,
): Cell {
  const volume = play.volume * stream.normal();
  const moved = sources.cell.map((value, i) =>
    i < 3 ? value + volume + play.length * stream.normal() : value + play.angle * stream.normal(),
  );
  const { spaceGroup, cell } = tables.triplet(sources.row);
  return cellFromNumbers(moved, spaceGroup) ?? cell;
}
