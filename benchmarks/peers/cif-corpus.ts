/**
 * Reads every CIF file below some folders, one JSON line a structure: space group and contents of the
 * conventional cell, or why it was refused. `cif-corpus.py` holds them against gemmi and spglib.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/peers/cif-corpus.js FOLDER… > read.jsonl
 *   python3 benchmarks/peers/cif-corpus.py read.jsonl
 */

import { Stream } from '../../src/common/stream.ts';
import { crystalsOf } from '../../src/crystal/source.ts';

for (const one of crystalsOf({ from: process.argv.slice(2), stream: new Stream(0, 'corpus') })) {
  if ('failed' in one) {
    const { id, reason } = one.failed;
    console.log(JSON.stringify({ file: id.split('#')[0], refused: reason }));
  } else {
    const { id, spaceGroup, formula } = one.ok;
    console.log(JSON.stringify({ file: id.slice(4).split('#')[0], spaceGroup, formula }));
  }
}
