import { inputError } from '../../common/errors.ts';
import { openStore } from './store.ts';
import { contentHash } from './store-write.ts';

/**
 * Computes the digest of a store's content anew.
 *
 * @throws an input error where it is not the one the store was written with.
 */
export async function verifyStore(path: string): Promise<string> {
  const store = await openStore(path, { memoryBudget: 0 });
  try {
    const { rows, classes, materials } = store;
    const hash = contentHash(store.camera, {
      rows,
      classes: [...classes],
      materials: [...materials],
    });
    for (let row = 0; row < store.count; row++) hash.update(store.images([row]));
    const digest = hash.digest('hex');
    if (digest === store.digest) return digest;
  } finally {
    store.close();
  }
  throw inputError(
    `${path} is damaged: its content has another digest than the one in it`,
    'prepare it again',
  );
}
