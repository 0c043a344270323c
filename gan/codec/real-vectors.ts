import { rowsByClass } from '../../src/balance/sampling.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import {
  type BatchSampler,
  classCount,
  groupedRows,
  type TrainingVectors,
} from '../training/batches.ts';
import type { GanConfig } from './config.ts';
import { groupSpread } from './networks.ts';

/** How real vectors are varied before the discriminator sees them; see `GanConfig`. */
export type Variation = Pick<GanConfig, 'between' | 'borrow' | 'widest'>;

/**
 * By how much the vectors of each class are spread around their mean, (K): sqrt((n + 1) / (n - 1))
 * with n materials, at most `widest`. The mean of n materials takes a share of their spread with
 * it, so that in variance they lie (1 - 1/n) of it away and a further material (1 + 1/n): what the
 * predictive distribution of a normal sample says. One material has no spread to be corrected.
 */
export function widths(materials: ArrayLike<number>, widest: number): Float32Array {
  return Float32Array.from(materials, (n) =>
    n > 1 ? Math.min(widest, Math.sqrt((n + 1) / (n - 1))) : 1,
  );
}

/**
 * Turns deviations (B, width) towards others by angles (B): cos(a) d + sin(a) d'. For deviations
 * drawn independently of one another the covariance stays what it is, which a straight line between
 * them would lower to (1 - t)^2 + t^2 of it.
 */
export function turned(own: Tensor2D, others: Tensor2D, angles: Float32Array): Tensor2D {
  const column = (of: (angle: number) => number) => tf.tensor2d(angles.map(of), [angles.length, 1]);
  return tf.tidy(() => own.mul(column(Math.cos)).add(others.mul(column(Math.sin))) as Tensor2D);
}

/**
 * The training vectors as the discriminator sees them: a few members alone are learned by heart,
 * so each is turned towards another of its class or its crystal system, around the class mean.
 * Free it with `dispose`.
 */
export class RealVectors {
  /** Mean spread of the groups of real vectors. */
  readonly spread: number;
  private readonly variation: Variation;
  private readonly widths: Float32Array;
  /** (K, width) and (N, width). */
  private readonly means: Tensor2D;
  private readonly deviations: Tensor2D;

  constructor(data: TrainingVectors, variation: Variation) {
    this.variation = variation;
    const rows = rowsByClass({ labels: data.labels, classCount: classCount(data) });
    const materials = data.materials ?? rows.map((own) => own.length);
    this.widths = widths(materials, variation.widest);
    const means = classMeansOf(data, rows);
    this.means = tf.tensor2d(means, [rows.length, data.width]);
    this.deviations = tf.tidy(() =>
      tf
        .tensor2d(data.values, [data.labels.length, data.width])
        .sub(tf.gather(this.means, tf.tensor1d(data.labels, 'int32'))),
    );
    this.spread = tf.tidy(() => {
      const grouped = groupedRows(data);
      const labels = grouped.map((row) => data.labels[row]!);
      const wide = this.read(grouped).mul(this.widthsOf(labels));
      return groupSpread(wide as Tensor2D)
        .mean()
        .dataSync()[0]!;
    });
  }

  private read(rows: Int32Array): Tensor2D {
    return tf.gather(this.deviations, tf.tensor1d(rows, 'int32'));
  }

  private widthsOf(labels: Int32Array): Tensor2D {
    return tf.tensor2d(
      Float32Array.from(labels, (label) => this.widths[label]!),
      [labels.length, 1],
    );
  }

  /** Vectors (B, width) of the classes asked for. */
  draw(labels: Int32Array, sampler: BatchSampler): Tensor2D {
    const { between, borrow } = this.variation;
    const rows = sampler.members(labels);
    const others = sampler.partners(labels, borrow);
    const angles = sampler.angles(labels.length, between);
    return tf.tidy(() => {
      const means = tf.gather(this.means, tf.tensor1d(labels, 'int32'));
      const varied = turned(this.read(rows), this.read(others), angles);
      return means.add(varied.mul(this.widthsOf(labels))) as Tensor2D;
    });
  }

  dispose(): void {
    tf.dispose([this.means, this.deviations]);
  }
}

/** Mean vector of each class, (K, width); zero for a class without a row. */
function classMeansOf({ values, width }: TrainingVectors, rows: readonly number[][]): Float32Array {
  const means = new Float32Array(rows.length * width);
  rows.forEach((own, label) => {
    for (const row of own) {
      for (let i = 0; i < width; i++) {
        means[label * width + i]! += values[row * width + i]! / own.length;
      }
    }
  });
  return means;
}
