import type { Stream } from '../src/ground/stream.ts';

/** Real vectors of the training split and their classes. */
export interface TrainingVectors {
  /** (N, width), each column about unit variance. */
  values: Float32Array;
  width: number;
  /** Class index of each row. */
  labels: Int32Array;
  /** (K, code): the code of each class. */
  codes: Float32Array;
  code: number;
}

/** The rows of each class. */
export function rowsByClass(labels: Int32Array, classes: number): number[][] {
  const rows: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, row) => {
    rows[label]!.push(row);
  });
  return rows;
}

/**
 * Draws batches with class probability proportional to sqrt(n): between the natural frequencies,
 * which would hardly show a rare class, and equal ones, which would repeat its few members.
 */
export class BatchSampler {
  private readonly rows: number[][];
  private readonly cumulative: Float64Array;
  private readonly stream: Stream;

  constructor(labels: Int32Array, classes: number, stream: Stream) {
    this.stream = stream;
    this.rows = rowsByClass(labels, classes);
    this.cumulative = new Float64Array(classes);
    let total = 0;
    this.rows.forEach((members, c) => {
      total += Math.sqrt(members.length);
      this.cumulative[c] = total;
    });
    if (total === 0) throw new RangeError('no training vectors to draw from');
  }

  /** `count` class labels. */
  labels(count: number): Int32Array {
    const total = this.cumulative.at(-1)!;
    return Int32Array.from({ length: count }, () => {
      const at = this.stream.uniform() * total;
      return this.cumulative.findIndex((end) => at < end);
    });
  }

  /** One row of each class asked for. */
  members(labels: Int32Array): Int32Array {
    return labels.map((label) => this.stream.pick(this.rows[label]!));
  }

  /** The stream that the draws come from. */
  get source(): Stream {
    return this.stream;
  }
}
