// A reading process: does the readings its parent sends. A damaged file may crash or hang the HDF5
// library; here that costs one process and one sample.
import { messageOf } from '../ground/errors.ts';
import { hdf5 } from './hdf5.ts';
import { type Order, performReading, type Word } from './reading.ts';

const tell = (word: Word): void => {
  process.send?.(word);
};

process.on('message', async ({ reading, skip, careful }: Order) => {
  try {
    await hdf5();
    tell({ started: true });
    tell({
      result: await performReading(reading, { skip, careful, announce: (at) => tell({ at }) }),
    });
  } catch (error) {
    tell({ failed: messageOf(error) });
  }
});

process.on('disconnect', () => process.exit(0));
