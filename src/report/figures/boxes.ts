import type * as Plot from '@observablehq/plot';
import { groupBy } from '../../common/group.ts';

/** Pixels of a box, and those to the left of the first one. */
const BOX = { width: 54, height: 20 };
const LEFT = 52;

/** A box and its place: lines of a class that needs several end in their number. */
export type PlacedBox<T> = T & { column: number; line: string };

/** What belongs to each class in lines of boxes, as many beside each other as a width has room for. */
export interface BoxLines<T> {
  boxes: PlacedBox<T>[];
  /** Options of the plot: its size and axes. */
  options: Plot.PlotOptions;
  /** Where a mark of a box stands. */
  placed: { x: 'column'; y: 'line' };
}

/**
 * Lines of boxes, one or more for each class in ascending order.
 *
 * @param label what the classes to the left are.
 */
export function boxLines<T extends { spaceGroup: number }>(
  cells: readonly T[],
  label: string,
  width = 712,
): BoxLines<T> {
  const inLine = Math.max(1, Math.floor((width - LEFT - 12) / BOX.width));
  const groups = groupBy(
    [...cells].sort((a, b) => a.spaceGroup - b.spaceGroup),
    ({ spaceGroup }) => spaceGroup,
  );
  const boxes = [...groups.values()].flatMap((own) =>
    own.map((cell, i) => {
      const place = Math.floor(i / inLine);
      const line = place === 0 ? `${cell.spaceGroup}` : `${cell.spaceGroup}/${place}`;
      return { ...cell, column: i % inLine, line };
    }),
  );
  const lines = [...new Set(boxes.map(({ line }) => line))];
  const options: Plot.PlotOptions = {
    width: LEFT + 12 + BOX.width * inLine,
    height: 40 + BOX.height * lines.length,
    marginLeft: LEFT,
    marginTop: 26,
    marginBottom: 10,
    x: { axis: null, domain: Array.from({ length: inLine }, (_, i) => i) },
    y: {
      label,
      labelAnchor: 'top',
      domain: lines,
      tickSize: 0,
      tickFormat: (line: string) => (line.includes('/') ? '' : line),
    },
  };
  return { boxes, options, placed: { x: 'column', y: 'line' } };
}
