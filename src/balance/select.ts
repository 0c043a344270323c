import type { Examples } from '../dataset/examples.ts';

const pick = <T extends Int32Array | Float32Array | Uint8Array>(
  values: T,
  rows: ArrayLike<number>,
): T => {
  const out = new (values.constructor as new (length: number) => T)(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
  return out;
};

/** The rows of `examples` at `indices`, repeats allowed; pixels are read when asked for. */
export function selectExamples(examples: Examples, indices: ArrayLike<number>): Examples {
  const { weights, synthetic, partners, properties } = examples;
  return {
    count: indices.length,
    size: examples.size,
    classes: examples.classes,
    labels: pick(examples.labels, indices),
    materials: Array.from(indices, (row) => examples.materials[row]!),
    images: (rows) => examples.images(Array.from(rows, (row) => indices[row]!)),
    ...(weights && { weights: pick(weights, indices) }),
    ...(synthetic && { synthetic: pick(synthetic, indices) }),
    ...(partners && {
      partners: { label: pick(partners.label, indices), share: pick(partners.share, indices) },
    }),
    ...(properties && { properties: (index: number) => properties(indices[index]!) }),
  };
}
