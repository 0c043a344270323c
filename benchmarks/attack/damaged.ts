/**
 * Opens files of every kind, one a line of standard input (`kind path`), as the commands do, and
 * says of each how it ended: `ok`, `refused` or what is no answer to a user.
 */
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadClassifier } from '../../classifier/load.ts';
import { loadGenerator } from '../../gan/kinds.ts';
import { loadStudy } from '../../src/benchmark/study/load.ts';
import { explainSystemError } from '../../src/common/outputs.ts';
import { readTensorFile } from '../../src/common/tensorfile.ts';
import { readCif } from '../../src/crystal/cif/cif.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { openArchive } from '../../synthetic/archive/archive.ts';
import { refuseLeaks } from '../../synthetic/leak-guard.ts';

const [whole] = process.argv.slice(2);

async function openFile(kind: string, path: string): Promise<void> {
  switch (kind) {
    case 'cif':
      readCif(path);
      return;
    case 'store': {
      const store = await openStore(path);
      store.examples('train').images([0]);
      store.close();
      return;
    }
    case 'archive': {
      const store = await openStore(whole!);
      refuseLeaks(await openArchive(path), store);
      store.close();
      return;
    }
    case 'summit': {
      const options = { size: 16, split: 'material', seed: 0, workers: 1, patience: 5000 } as const;
      await prepareStore([path], join(dirname(path), 'prepared', 'out.h5'), options);
      return;
    }
    case 'classifier':
      (await loadClassifier(path)).dispose();
      return;
    case 'generator':
      (await loadGenerator(path)).dispose();
      return;
    case 'checkpoint':
      readTensorFile(path);
      return;
    case 'study':
      loadStudy(path);
      return;
    default:
      throw new Error(`no kind ${kind}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [kind, path] = line.split(' ') as [string, string];
  let answer = 'ok';
  try {
    await openFile(kind, path);
  } catch (error) {
    const known = explainSystemError(error);
    const plain = known && !known.message.includes('\n');
    answer = plain ? 'refused' : `fault ${error instanceof Error ? error.stack : error}`;
  }
  const mebibytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(`${JSON.stringify({ answer, mebibytes })}`);
}
