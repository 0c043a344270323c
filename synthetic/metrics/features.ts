/** Feature vectors of a set of samples: row-major (count, width). */
export interface Features {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array | Float64Array;
}

/** Rows of numbers as features. */
export function featuresOf(rows: readonly ArrayLike<number>[]): Features {
  const width = rows[0]?.length ?? 0;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, i) => {
    if (row.length !== width)
      throw new RangeError(`row ${i} has ${row.length} values, not ${width}`);
    values.set(row, i * width);
  });
  return { count: rows.length, width, values };
}

/** The chosen rows, in the order of `indices`. */
export function pickRows(features: Features, indices: ArrayLike<number>): Features {
  const { width, values } = features;
  const out = new Float64Array(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const from = (indices[i] as number) * width;
    out.set(values.subarray(from, from + width), i * width);
  }
  return { count: indices.length, width, values: out };
}

/** All rows of the first, then all of the second. */
export function stackRows(first: Features, second: Features): Features {
  sameWidth(first, second);
  const values = new Float64Array(first.values.length + second.values.length);
  values.set(first.values);
  values.set(second.values, first.values.length);
  return { count: first.count + second.count, width: first.width, values };
}

/** Mean of each column. */
export function columnMeans({ count, width, values }: Features): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < width; k++) mean[k]! += values[i * width + k]! / count;
  }
  return mean;
}

/** Two feature sets can be compared only in one space. */
export function sameWidth(first: Features, second: Features): void {
  if (first.width !== second.width) {
    throw new RangeError(`features of width ${first.width} against width ${second.width}`);
  }
}
