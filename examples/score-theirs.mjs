// Scoring another tool's samples: an HDF5 file with `images` (N, S, S, 3) uint8 and `labels` (N) against real triplets.
// node examples/score-theirs.mjs THEIRS.h5 STORE [UPDATES]
import { openArchive, openStore, scoreArchive, trainVerifier } from 'cbed-gan';

const [theirs = 'theirs.h5', data = 'minerals', given = '600'] = process.argv.slice(2);
const updates = Number(given);
const archive = await openArchive(theirs);
const store = await openStore(data);
const verifier = await trainVerifier(store, { updates, seed: 1 });
const casUpdates = Math.ceil(updates / 4);
const found = await scoreArchive({
  ...{ archive, store, verifier, seed: 1, perClass: false },
  ...{ casUpdates, networkUpdates: casUpdates },
});
const accepted = found.samples.filter((one) => one.accepted).length;
console.log(found.doubt ?? `${accepted} of ${archive.count} samples accepted`);
for (const { name, sets } of found.spaces) {
  for (const [metric, { value, floor }] of Object.entries(sets[0]?.metrics ?? {})) {
    console.log(`${name}: ${metric} ${value}, real against real ${floor}`);
  }
}
verifier.dispose();
store.close();
