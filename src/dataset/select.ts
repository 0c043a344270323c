import { groupBy } from '../ground/group.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import type { Anomaly } from './anomaly.ts';
import type { Catalogue } from './catalogue.ts';

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
  key: string;
  facts: SampleFacts;
}

/** What makes two samples the same: everything the simulation of a pattern depends on. */
const identity = ({ key, facts }: Candidate): string =>
  JSON.stringify([
    key,
    facts.material,
    facts.spaceGroup,
    facts.energy,
    facts.zones,
    facts.cell,
    facts.thickness,
  ]);

function withoutDuplicates(catalogues: readonly Catalogue[], anomalies: Anomaly[]): Candidate[] {
  const first = new Map<string, string>();
  const kept: Candidate[] = [];
  catalogues.forEach(({ path, samples }, file) => {
    for (const { key, facts } of samples) {
      const candidate = { file, key, facts };
      const known = identity(candidate);
      const before = first.get(known);
      if (before === undefined) {
        first.set(known, path);
        kept.push(candidate);
      } else {
        const reason = `the same sample stands in ${before}`;
        anomalies.push({ kind: 'duplicate-sample', file: path, group: key, reason });
      }
    }
  });
  return kept;
}

/** At most `most` of a material's samples, evenly spaced in order of energy. */
function spread(samples: readonly Candidate[], most: number): Candidate[] {
  if (samples.length <= most) return [...samples];
  const sorted = [...samples].sort((a, b) => a.facts.energy - b.facts.energy);
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
  for (const [material, samples] of groupBy(candidates, ({ facts }) => facts.material)) {
    const groups = [...new Set(samples.map(({ facts }) => facts.spaceGroup))];
    if (groups.length < 2) continue;
    const { file, key } = samples.find(({ facts }) => facts.spaceGroup !== groups[0])!;
    const reason = `material ${material} is labelled with space groups ${groups.join(' and ')}`;
    anomalies.push({
      kind: 'material-in-two-groups',
      file: catalogues[file]!.path,
      group: key,
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
  if (energies) chosen = chosen.filter(({ facts }) => energies.includes(facts.energy));
  if (maxPerMaterial) {
    const kept = [...groupBy(chosen, ({ facts }) => facts.material).values()].flatMap((samples) =>
      spread(samples, maxPerMaterial),
    );
    const set = new Set(kept);
    chosen = chosen.filter((candidate) => set.has(candidate));
  }
  if (minMaterials > 1) {
    const large = new Set<number>();
    for (const [spaceGroup, samples] of groupBy(chosen, ({ facts }) => facts.spaceGroup)) {
      const materials = new Set(samples.map(({ facts }) => facts.material));
      if (materials.size >= minMaterials) large.add(spaceGroup);
    }
    chosen = chosen.filter(({ facts }) => large.has(facts.spaceGroup));
  }
  const keys = catalogues.map((): string[] => []);
  for (const { file, key } of chosen) keys[file]!.push(key);
  return { keys, anomalies };
}
