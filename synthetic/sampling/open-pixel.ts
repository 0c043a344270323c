import { chooseClasses } from '../../gan/class-choice.ts';
import { storeOfSize } from '../../gan/pixel/averaged-store.ts';
import { PixelModel } from '../../gan/pixel/model.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { checkStore, GENERATOR_FILE, ganRun } from './open.ts';

/** A generator on pixels with its store at the size that it draws. */
export interface PixelSampling {
  model: PixelModel;
  store: Store;
  /** Space groups to make. */
  classes: readonly number[];
  close(): void;
}

/**
 * Opens a generator on pixels and its store.
 *
 * @throws input error for files that are missing or do not belong together; usage error for
 * classes that cannot be.
 */
export async function openPixelSampling(request: {
  data: string;
  gan?: string;
  classes?: string;
}): Promise<PixelSampling> {
  const { run, trainedFor } = ganRun(request.gan);
  const opened = await openStore(request.data);
  const model = PixelModel.load(run.file(GENERATOR_FILE));
  try {
    checkStore(model, opened);
    const store = storeOfSize(opened, model.shape.size);
    const { classes, lineage } = model;
    const wanted = chooseClasses(request.classes ?? trainedFor, {
      classes,
      counts: lineage.counts,
    });
    const close = (): void => {
      model.dispose();
      opened.close();
    };
    return { model, store, classes: wanted, close };
  } catch (error) {
    model.dispose();
    opened.close();
    throw error;
  }
}
