// A reading process: does the tasks its parent sends. A damaged file may crash or hang the HDF5
// library; here that costs one process and one sample.
import { messageOf } from '../ground/errors.ts';
import { type Order, performTask, type Word } from './task.ts';

const tell = (word: Word): void => {
  process.send?.(word);
};

process.on('message', async ({ task, skip }: Order) => {
  try {
    tell({ result: await performTask(task, { skip, announce: (at) => tell({ at }) }) });
  } catch (error) {
    tell({ failed: messageOf(error) });
  }
});

process.on('disconnect', () => process.exit(0));
