// A reading process: does the readings its parent sends. A damaged file may crash or hang the HDF5
// library; here that costs one process and one sample.
import { setFlagsFromString } from 'node:v8';
import { CbedError, messageOf } from '../../common/errors.ts';
import { hdf5 } from '../hdf5/library.ts';
import { type Order, performReading, type Word } from './reading.ts';

// The library is 3 MB of WebAssembly of which little is used, and a reader may live for a second:
// it is taken as sound, and only its hottest functions are compiled a second time. What is kept is
// collected again once it has grown by a tenth. An engine that lacks a flag says so and goes on.
const FLAGS = [
  '--wasm-lazy-validation',
  '--wasm-tiering-budget=40000000',
  '--heap-growing-percent=10',
];
for (const flag of FLAGS) setFlagsFromString(flag);
// Loaded while the first order is on its way; a failure is told to the order.
hdf5().catch(() => {});

const tell = (word: Word): void => {
  process.send?.(word);
};

// Words cost time on both sides, and most readings end well: a reading says where it is about ten
// times a second, and at every sample only where one has ended a reader.
const PAUSE = 100;
let said = 0;

function announce(at: string, careful: boolean): void {
  const now = performance.now();
  if (!careful && now - said < PAUSE) return;
  said = now;
  tell({ at });
}

process.on('message', async ({ reading, skip, careful }: Order) => {
  try {
    await hdf5();
    tell({ started: true });
    const guard = { skip, careful, announce: (at: string) => announce(at, careful) };
    tell({ result: await performReading(reading, guard) });
  } catch (error) {
    const fault = error instanceof CbedError ? error.fault : undefined;
    tell({ failed: messageOf(error), fault });
  }
});

process.on('disconnect', () => process.exit(0));
