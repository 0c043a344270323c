/** Stored pixels of triplets of one size, one after another. */
export function joinTriplets(triplets: readonly Uint8Array[]): Uint8Array {
  const size = triplets[0]?.length ?? 0;
  const stack = new Uint8Array(triplets.length * size);
  triplets.forEach((pixels, i) => {
    stack.set(pixels, i * size);
  });
  return stack;
}

/** The triplets of a stack, each of `size` numbers; views of it. */
export const splitTriplets = (stack: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: stack.length / size }, (_, i) => stack.subarray(i * size, (i + 1) * size));
