import { basename } from 'node:path';
import type { Anomaly } from '../anomaly.ts';
import { officialSplit, SPLITS, type Split } from '../split.ts';
import type { Catalogue } from '../summit/catalogue.ts';

/** The split each file's name says; null where a file with samples does not say one. */
export function officialSplits(catalogues: readonly Catalogue[]): Split[] | null {
  const splits = catalogues.map(({ path }) => officialSplit(basename(path)));
  const silent = splits.some((split, i) => split === null && catalogues[i]!.samples.length > 0);
  return silent ? null : splits.map((split) => split ?? 'train');
}

/**
 * Leaves out what would leak: of a material that stands in two official splits, only the samples
 * of the later one (test before validation before train) stay.
 */
export function withoutLeaks(
  catalogues: readonly Catalogue[],
  keys: readonly string[][],
  splits: readonly Split[],
): { keys: string[][]; anomalies: Anomaly[] } {
  const anomalies: Anomaly[] = [];
  const home = new Map<string, Split>();
  const chosen = keys.map((some) => new Set(some));
  const each = (visit: (material: string, key: string, file: number) => void): void =>
    catalogues.forEach(({ samples }, file) => {
      for (const { key, material } of samples)
        if (chosen[file]!.has(key)) visit(material, key, file);
    });
  each((material, _key, file) => {
    const split = splits[file]!;
    const before = home.get(material);
    if (!before || SPLITS.indexOf(split) > SPLITS.indexOf(before)) home.set(material, split);
  });
  each((material, key, file) => {
    const stays = home.get(material)!;
    if (stays === splits[file]) return;
    chosen[file]!.delete(key);
    const reason = `material ${material} also stands in ${stays}; left out of ${splits[file]}`;
    anomalies.push({
      kind: 'material-in-two-splits',
      file: catalogues[file]!.path,
      group: key,
      reason,
    });
  });
  return {
    keys: keys.map((some, file) => some.filter((key) => chosen[file]!.has(key))),
    anomalies,
  };
}
