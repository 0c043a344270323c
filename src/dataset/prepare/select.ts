import { basename } from 'node:path';
import { inputError } from '../../common/errors.ts';
import { groupBy } from '../../common/group.ts';
import type { Camera } from '../../simulate/camera.ts';
import { type Anomaly, anomalyText, mainAnomaly } from '../anomaly.ts';
import { materialIdentity, officialSplit, SPLITS, type Split } from '../split.ts';
import type { Catalogue, Outline } from '../summit/catalogue.ts';
import { sameCamera } from '../summit/summit.ts';

export interface Selection {
  /** Beam energies to take, keV; all where absent. */
  energies?: readonly number[];
  /** At most this many samples of a material, spread evenly over its energies. */
  maxPerMaterial?: number;
  /** Space groups with fewer materials than this are left out. */
  minMaterials?: number;
}

interface Candidate {
  file: number;
  sample: Outline;
}

function withoutDuplicates(catalogues: readonly Catalogue[], anomalies: Anomaly[]): Candidate[] {
  const first = new Map<number, Candidate>();
  const kept: Candidate[] = [];
  catalogues.forEach(({ path, samples }, file) => {
    for (const sample of samples) {
      const candidate = { file, sample };
      const before = first.get(sample.identity);
      if (before?.sample.key === sample.key) {
        const reason = `the same sample stands in ${catalogues[before.file]!.path}`;
        anomalies.push({ kind: 'duplicate-sample', file: path, group: sample.key, reason });
      } else {
        if (!before) first.set(sample.identity, candidate);
        kept.push(candidate);
      }
    }
  });
  return kept;
}

/** At most `most` of a material's samples, evenly spaced in order of energy. */
function spread(samples: readonly Candidate[], most: number): Candidate[] {
  if (samples.length <= most) return [...samples];
  const sorted = [...samples].sort((a, b) => a.sample.energy - b.sample.energy);
  return Array.from(
    { length: most },
    (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / most)]!,
  );
}

function reportMixedMaterials(
  candidates: readonly Candidate[],
  catalogues: readonly Catalogue[],
  anomalies: Anomaly[],
): void {
  for (const [material, samples] of groupBy(candidates, ({ sample }) => sample.material)) {
    const groups = [...new Set(samples.map(({ sample }) => sample.spaceGroup))];
    if (groups.length < 2) continue;
    const { file, sample } = samples.find(({ sample }) => sample.spaceGroup !== groups[0])!;
    const reason = `material ${material} is labelled with space groups ${groups.join(' and ')}`;
    anomalies.push({
      kind: 'material-in-two-groups',
      file: catalogues[file]!.path,
      group: sample.key,
      reason,
    });
  }
}

/**
 * The groups to read from each file, in the order of the files, and what was found across files:
 * duplicates (the first is kept) and materials with two labels (kept, told).
 */
export function selectSamples(
  catalogues: readonly Catalogue[],
  { energies, maxPerMaterial, minMaterials = 1 }: Selection,
): { keys: string[][]; anomalies: Anomaly[] } {
  const anomalies: Anomaly[] = [];
  let chosen = withoutDuplicates(catalogues, anomalies);
  reportMixedMaterials(chosen, catalogues, anomalies);
  if (energies) chosen = chosen.filter(({ sample }) => energies.includes(sample.energy));
  if (maxPerMaterial) {
    const kept = [...groupBy(chosen, ({ sample }) => sample.material).values()].flatMap((samples) =>
      spread(samples, maxPerMaterial),
    );
    const set = new Set(kept);
    chosen = chosen.filter((candidate) => set.has(candidate));
  }
  if (minMaterials > 1) {
    const large = new Set<number>();
    for (const [spaceGroup, samples] of groupBy(chosen, ({ sample }) => sample.spaceGroup)) {
      const materials = new Set(samples.map(({ sample }) => sample.material));
      if (materials.size >= minMaterials) large.add(spaceGroup);
    }
    chosen = chosen.filter(({ sample }) => large.has(sample.spaceGroup));
  }
  const keys = catalogues.map((): string[] => []);
  for (const { file, sample } of chosen) keys[file]!.push(sample.key);
  return { keys, anomalies };
}

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
    const before = home.get(materialIdentity(material));
    if (!before || SPLITS.indexOf(split) > SPLITS.indexOf(before))
      home.set(materialIdentity(material), split);
  });
  each((material, key, file) => {
    const stays = home.get(materialIdentity(material))!;
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

/** Nothing is left to prepare; names the first fault that left something out. */
export function nothingToUse(anomalies: readonly Anomaly[]): Error {
  const first = mainAnomaly(anomalies);
  const why = first ? `; ${anomalyText(first)}` : '';
  return inputError(`no sample in these files can be used${why}`, 'see all: gan data inspect');
}

/** The camera of most samples. */
function commonCamera(catalogues: readonly Catalogue[], anomalies: readonly Anomaly[]): Camera {
  const votes: { camera: Camera; samples: number }[] = [];
  for (const { camera, samples } of catalogues) {
    const known = votes.find((vote) => sameCamera(vote.camera, camera));
    if (known) known.samples += samples.length;
    else votes.push({ camera, samples: samples.length });
  }
  const most = votes.reduce((best, vote) => (vote.samples > best.samples ? vote : best), votes[0]!);
  if (most.samples > 0) return most.camera;
  throw nothingToUse(anomalies);
}

/** The files whose patterns were taken with the camera of most samples; the others are told. */
export function oneCamera(
  all: readonly Catalogue[],
  anomalies: Anomaly[],
): { catalogues: Catalogue[]; camera: Camera } {
  const camera = commonCamera(all, anomalies);
  const text = ({ size, pixel }: Camera): string => `${size} pixels of ${pixel} 1/angstrom`;
  const catalogues = all.filter((catalogue) => {
    if (catalogue.samples.length === 0 || sameCamera(catalogue.camera, camera)) return true;
    const reason = `patterns of ${text(catalogue.camera)}; most samples have ${text(camera)}`;
    anomalies.push({ kind: 'file-camera', file: catalogue.path, group: null, reason });
    return false;
  });
  return { catalogues, camera };
}
