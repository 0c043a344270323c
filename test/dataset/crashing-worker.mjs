// A reader that dies as the real library would: aborted at one sample of every file.
import { performReading } from '../../dist/src/dataset/prepare/reading.js';

const announce = (at) => {
  process.send({ at });
  if (at === 'sample_2_0') process.abort();
};

process.on('message', async ({ reading, skip }) => {
  process.send({ started: true });
  process.send({ result: await performReading(reading, { skip, announce }) });
});
process.on('disconnect', () => process.exit(0));
