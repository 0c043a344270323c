import { rowsByClass } from '../../src/balance/sampling.ts';
import type { Stream } from '../../src/common/stream.ts';
import { kinOf } from '../classes.ts';

/** Rows of codec vectors, one after another. */
export interface VectorRows {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Codec vectors with the class index of each. */
export interface LabelledRows extends VectorRows {
  readonly labels: Int32Array;
}

/** Rows of one width, one after another. */
export function joinRows(rows: readonly Float32Array[]): VectorRows {
  const width = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    values.set(row, i * width);
  });
  return { count: rows.length, width, values };
}

/** Some rows of many, in the order asked for. */
export function vectorRows(
  { width, values }: Pick<VectorRows, 'width' | 'values'>,
  rows: readonly number[],
): VectorRows {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return { count: rows.length, width, values: out };
}

/** Mean distance between different rows; NaN for fewer than two. */
export function meanDistance({
  count,
  width,
  values,
}: Pick<VectorRows, 'count' | 'width'> & { values: ArrayLike<number> }): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let square = 0;
      for (let k = 0; k < width; k++) {
        square += (values[i * width + k]! - values[j * width + k]!) ** 2;
      }
      sum += Math.sqrt(square);
    }
  }
  return (2 * sum) / (count * (count - 1));
}

/** Some rows of training vectors, with their labels. */
export const labelledRows = (all: TrainingVectors, rows: readonly number[]): LabelledRows => ({
  ...vectorRows(all, rows),
  labels: Int32Array.from(rows, (row) => all.labels[row]!),
});

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
  /** Materials that the rows of each class come from, (K); absent: a row each. */
  materials?: ArrayLike<number>;
  /** Classes that get at least half of every batch; none by default. */
  attention?: ReadonlySet<number>;
}

/** Number of classes. */
export const classCount = ({ codes, code }: TrainingVectors): number => codes.length / code;

/** Rows of a batch, one after another, that are of one class: what the spread is taken over. */
export const GROUP = 4;

/** Share of a batch that the classes asked for get at least. */
const ATTENTION = 0.5;

/**
 * Probability of each class in a batch: proportional to sqrt(n), between the natural frequencies,
 * which would hardly show a rare class, and equal ones, which would repeat its few members. The
 * classes of `attention` get at least half of a batch; the others show what patterns look like.
 */
export function classShares(
  counts: ArrayLike<number>,
  attention: ReadonlySet<number> = new Set(),
): Float64Array {
  const roots = Float64Array.from(counts, Math.sqrt);
  const total = roots.reduce((a, b) => a + b, 0);
  if (total === 0) throw new RangeError('no training vectors to draw from');
  const asked = roots.reduce((sum, root, label) => sum + (attention.has(label) ? root : 0), 0);
  const share = asked / total;
  if (share === 0 || share >= ATTENTION) return roots.map((root) => root / total);
  const rest = (1 - ATTENTION) / (1 - share);
  return roots.map(
    (root, label) => (root / total) * (attention.has(label) ? ATTENTION / share : rest),
  );
}

/** Every row in a group of its class; what a last group lacks comes from the class's first rows. */
export function groupedRows(data: TrainingVectors): Int32Array {
  const rows = rowsByClass({ labels: data.labels, classCount: classCount(data) });
  const grouped = rows.flatMap((own) =>
    Array.from({ length: GROUP * Math.ceil(own.length / GROUP) }, (_, i) => own[i % own.length]!),
  );
  return Int32Array.from(grouped);
}

/** Draws batches: classes by their shares, members of a class alike. */
export class BatchSampler {
  private readonly rows: number[][];
  /** Rows of the classes that are kin to each class. */
  private readonly kin: readonly (readonly number[])[];
  private readonly cumulative: Float64Array;
  private readonly stream: Stream;

  constructor(options: {
    labels: Int32Array;
    classes: number;
    attention?: ReadonlySet<number>;
    /** Classes that each class may borrow from, itself among them; none but itself by default. */
    kin?: readonly (readonly number[])[];
    stream: Stream;
  }) {
    this.stream = options.stream;
    this.rows = rowsByClass({ labels: options.labels, classCount: options.classes });
    this.kin = options.kin?.map((classes) => classes.flatMap((c) => this.rows[c]!)) ?? this.rows;
    const counts = this.rows.map((members) => members.length);
    let total = 0;
    this.cumulative = classShares(counts, options.attention).map((share) => {
      total += share;
      return total;
    });
  }

  /** `count` class labels, each `GROUP` times in a row. */
  labels(count: number): Int32Array {
    const total = this.cumulative.at(-1)!;
    const labels = new Int32Array(count);
    for (let start = 0; start < count; start += GROUP) {
      const at = this.stream.uniform() * total;
      labels.fill(
        this.cumulative.findIndex((end) => at < end),
        start,
        start + GROUP,
      );
    }
    return labels;
  }

  /** By how much real vectors are turned towards others: (B) radians, 0 to `most` of a right angle. */
  angles(count: number, most: number): Float32Array {
    const largest = (most * Math.PI) / 2;
    return Float32Array.from({ length: count }, () => largest * this.stream.uniform());
  }

  /**
   * Rows that rows of the classes asked for are turned towards: of the class, or, a share `borrow`
   * of them, of any class of its crystal system, more often of one with more rows.
   */
  partners(labels: Int32Array, borrow: number): Int32Array {
    return this.members(labels).map((row, i) =>
      this.stream.uniform() < borrow ? this.stream.pick(this.kin[labels[i]!]!) : row,
    );
  }

  /** Rows of the classes asked for; a group has different ones, as far as its class has them. */
  members(labels: Int32Array): Int32Array {
    const rows = new Int32Array(labels.length);
    for (let start = 0; start < labels.length; start += GROUP) {
      const own = this.rows[labels[start]!]!;
      const drawn: number[] = [];
      for (let i = 0; i < Math.min(GROUP, own.length); i++) {
        let row = this.stream.pick(own);
        while (drawn.includes(row)) row = this.stream.pick(own);
        drawn.push(row);
      }
      for (let i = 0; i < GROUP; i++) rows[start + i] = drawn[i % drawn.length]!;
    }
    return rows;
  }

  /** The stream that the draws come from. */
  get source(): Stream {
    return this.stream;
  }
}

/** A sampler of training vectors. */
export const batchSampler = (data: TrainingVectors, stream: Stream): BatchSampler => {
  const { labels, attention } = data;
  const [classes, kin] = [classCount(data), kinOf(data)];
  return new BatchSampler({ labels, classes, attention, kin, stream });
};
