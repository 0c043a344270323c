import { usageError } from '../../src/common/errors.ts';
import { fromPixels, resampledCamera, toPixels } from '../../src/dataset/intensity/transform.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { storeView } from '../../src/dataset/store/view.ts';
import { SIZES } from './networks.ts';

/** Bytes of averaged triplets that are kept; further ones are averaged whenever they are read. */
export const KEPT_BYTES = 512 << 20;

/** A store whose triplets are averaged, in linear intensity, when they are read. */
function averaged(store: Store, size: number): Store {
  const each = 3 * size * size;
  const known = new Map<number, Uint8Array>();
  const one = (row: number): Uint8Array => {
    const ready = known.get(row);
    if (ready) return ready;
    const pixels = toPixels(fromPixels(store.images([row]), store.size), store.size, size);
    if (known.size * each < KEPT_BYTES) known.set(row, pixels);
    return pixels;
  };
  return storeView(store, {
    camera: resampledCamera(store.camera, size),
    images(indices) {
      const out = new Uint8Array(indices.length * each);
      Array.from(indices, (row, i) => out.set(one(row), i * each));
      return out;
    },
  });
}

/**
 * The store at a size that the networks on pixels know: itself, or its triplets averaged down. The
 * digest stays that of the store, which tells what a GAN learned from.
 *
 * @throws usage error that names both sizes where the store cannot be brought to `size`.
 */
export function storeOfSize(store: Store, size = store.size): Store {
  const known = `a GAN on pixels draws ${SIZES.join(', ')} a side`;
  if (!SIZES.some((one) => one === size)) {
    throw usageError(
      `--size ${size}: ${store.path} has ${store.size} pixels a side, and ${known}`,
      `give --size ${SIZES.filter((one) => one <= store.size).at(-1) ?? SIZES[0]}`,
    );
  }
  if (size === store.size) return store;
  if (store.size % size !== 0) {
    throw usageError(
      `--size ${size}: the ${store.size} pixels a side of ${store.path} cannot be averaged to ${size}`,
      `prepare a store of that size: gan data prepare --size ${size}`,
    );
  }
  return averaged(store, size);
}
