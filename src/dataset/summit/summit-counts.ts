import { readFileSync } from 'node:fs';
import { dataFile } from '../../common/paths.ts';

/** Samples of one space group in the official Summit files. */
export interface SummitCount {
  train: number;
  dev: number;
  test: number;
  overall: number;
}

/** Samples of each of the 230 space groups in the official Summit files. */
export function summitCounts(): Map<number, SummitCount> {
  const lines = readFileSync(dataFile('summit-counts.csv'), 'utf8').split('\n');
  const rows = lines.filter((line) => /^\d/.test(line)).map((line) => line.split(',').map(Number));
  return new Map(
    rows.map(([spaceGroup, train, dev, test, overall]) => [
      spaceGroup!,
      { train: train!, dev: dev!, test: test!, overall: overall! },
    ]),
  );
}
