import type { Stream } from '../../src/common/stream.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { runMultiOutputOperation } from '../../src/engine/operation.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/engine/tf.ts';

/** Principal components of rows: row = mean + scores . axes + what they leave out. */
export interface Principal {
  /** (width) */
  mean: Float32Array;
  /** (rank, width) orthonormal rows, largest variance first. */
  axes: Float32Array;
  /** (rank) standard deviation along each axis. */
  deviations: Float32Array;
  rank: number;
  width: number;
  /** Share of the variance that the axes keep, 0 to 1. */
  kept: number;
}

const OVERSAMPLING = 40;
const ITERATIONS = 8;

function factor(name: 'Qr' | 'SelfAdjointEigV2', matrix: Tensor2D): [Tensor2D, Tensor2D] {
  const flags: Record<string, boolean> =
    name === 'Qr' ? { full_matrices: false } : { compute_v: true };
  const found = runMultiOutputOperation(name, [matrix], {
    types: { T: 'float' },
    flags,
    outputs: 2,
  });
  return found as [Tensor2D, Tensor2D];
}

/** Leading eigenvectors (N, rank) of a symmetric matrix, largest first, by subspace iteration. */
function leadingVectors(matrix: Tensor2D, rank: number, stream: Stream): Tensor2D {
  const count = matrix.shape[0];
  const width = Math.min(count, rank + OVERSAMPLING);
  let basis = tf.tensor2d(stream.normals(count * width), [count, width]);
  for (let i = 0; i < ITERATIONS; i++) {
    basis = factor('Qr', matrix.matMul(basis) as Tensor2D)[0];
  }
  const small = basis.matMul(matrix.matMul(basis) as Tensor2D, true) as Tensor2D;
  const vectors = factor('SelfAdjointEigV2', small)[1]; // ascending
  return basis.matMul(vectors.slice([0, width - rank], [-1, rank]).reverse(1)) as Tensor2D;
}

/**
 * The leading principal components of `rows` (N, width), by the Gram matrix where there are fewer
 * rows than columns. Ranks beyond what N rows can hold are cut.
 */
export function principalComponents(options: {
  rows: Float32Array;
  width: number;
  rank: number;
  stream: Stream;
}): Principal {
  const { rows, width, stream } = options;
  const count = rows.length / width;
  const rank = Math.min(options.rank, count - 1, width);
  if (rank < 1)
    throw new RangeError(`${count} rows of ${width} numbers have no principal component`);
  const [mean, axes, variances, total] = tf.tidy(() => {
    const x = tf.tensor2d(rows, [count, width]);
    const mean = x.mean(0);
    const centred = x.sub(mean) as Tensor2D;
    const byColumns = width <= count;
    const gram = centred.matMul(centred, byColumns, !byColumns) as Tensor2D;
    const vectors = leadingVectors(gram, rank, stream);
    const spans = (byColumns ? vectors.transpose() : vectors.matMul(centred, true)) as Tensor2D;
    const axes = spans.div(spans.norm(2, 1, true).maximum(1e-20)) as Tensor2D;
    const scores = centred.matMul(axes, false, true);
    return [mean, axes, scores.square().sum(0), centred.square().sum()] as const;
  });
  const read = (tensor: Tensor): Float32Array => numbersOf(() => tensor);
  const squares = read(variances);
  return {
    mean: read(mean),
    axes: read(axes),
    deviations: squares.map((sum) => Math.sqrt(sum / count)),
    rank,
    width,
    kept: squares.reduce((sum, value) => sum + value, 0) / Math.max(read(total)[0]!, 1e-30),
  };
}
