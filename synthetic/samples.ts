import type { Examples } from '../src/dataset/examples.ts';
import type { SyntheticArchive } from './archive.ts';
import { DESCRIPTORS } from './descriptors/descriptors.ts';
import { type DescriptorFault, descriptorFaults, descriptorRanges } from './descriptors/ranges.ts';
import { findCopies } from './memorised.ts';
import { type Features, pickRows } from './metrics/features.ts';
import { quantile } from './metrics/quantile.ts';
import { rarity } from './metrics/rarity.ts';
import { realism } from './metrics/realism.ts';
import { type Reason, rejections } from './select.ts';
import type { Verdicts } from './verdicts.ts';

/** What was found about one synthetic triplet. */
export interface SampleScore {
  row: number;
  spaceGroup: number;
  /** At most `HIGHEST`, which stands for a sample that lies on a real one. */
  realism: number;
  realismLimit: number;
  /** Whether it was compared with the real triplets of its class, or of all where those are few. */
  reference: 'class' | 'all';
  /** null outside every real ball. */
  rarity: number | null;
  /** Nearest training triplet; root mean square in grey levels of patterns averaged to 16 x 16. */
  nearest: { material: string; distance: number };
  discriminator: number | null;
  /** Mean residual of the symmetries that the class's real patterns have; null where they have none. */
  symmetry: number | null;
  faults: DescriptorFault[];
  accepted: boolean;
  reasons: Reason[];
}

export interface SampleJudging {
  archive: SyntheticArchive;
  train: Examples;
  /** The space in which realism is measured. */
  space: { train: Features; fake: Features };
  /** Physics descriptors as they are. */
  physics: { train: Features; fake: Features };
  /** Patterns averaged to 16 x 16. */
  pooled: { train: Features; fake: Features };
  /** What a classifier that did not guide the generator says of each. */
  verdicts?: Verdicts;
}

/** Materials that a class must have to be a reference of its own. */
const OWN_REFERENCE = 10;

/** Share of real training triplets that may score lower than an accepted synthetic one must. */
const STRICTNESS = 0.05;

/** Realism is infinite on a real sample; files of numbers want a number. */
export const HIGHEST = 1e6;

/** Mean residual below which the patterns of a class are said to have a symmetry. */
const HAS_SYMMETRY = 0.15;

/** Realism of triplets over the limit of their reference: accepted from 1 on. */
export type RelativeRealism = number[];

interface Realism {
  /** The same of the real training triplets, each left out of its own reference. */
  real: RelativeRealism;
  value: Float64Array;
  rarity: Float64Array;
  limit: Float64Array;
  reference: ('class' | 'all')[];
}

function judgeRealism(judging: SampleJudging, own: number[][], made: number[][]): Realism {
  const { train, fake } = judging.space;
  const { materials } = judging.train;
  const out: Realism = {
    real: [],
    value: new Float64Array(fake.count),
    rarity: new Float64Array(fake.count),
    limit: new Float64Array(fake.count),
    reference: Array(fake.count).fill('all'),
  };
  const judge = (
    realRows: readonly number[],
    rows: readonly number[],
    reference: 'class' | 'all',
  ) => {
    if (rows.length === 0) return;
    const real = pickRows(train, realRows);
    const groups = realRows.map((row) => materials[row]);
    const some = pickRows(fake, rows);
    const values = realism(real, some, { groups });
    const rare = rarity(real, some, { groups });
    const among = realism(real, real, { groups, among: true });
    const limit = quantile(among, STRICTNESS);
    out.real.push(...Array.from(among, (r) => Math.min(HIGHEST, r) / limit));
    rows.forEach((row, n) => {
      out.value[row] = Math.min(HIGHEST, values[n]!);
      out.rarity[row] = rare[n]!;
      out.limit[row] = limit;
      out.reference[row] = reference;
    });
  };
  const serves = own.map(
    (rows) => new Set(rows.map((row) => materials[row])).size >= OWN_REFERENCE,
  );
  const few = made.filter((_, label) => !serves[label]).flat();
  judge([...materials.keys()], few, 'all');
  own.forEach((rows, label) => {
    if (serves[label]) judge(rows, made[label]!, 'class');
  });
  return out;
}

/** Columns of the symmetry residuals that are small in the class's real triplets. */
function symmetriesOf(physics: Features, rows: readonly number[]): number[] {
  const columns = [...DESCRIPTORS.keys()].filter((k) => DESCRIPTORS[k]!.group === 'symmetry');
  if (rows.length === 0) return [];
  return columns.filter((k) => {
    const sum = rows.reduce((total, i) => total + physics.values[i * physics.width + k]!, 0);
    return sum / rows.length < HAS_SYMMETRY;
  });
}

const rowsByLabel = (labels: ArrayLike<number>, count: number): number[][] => {
  const rows: number[][] = Array.from({ length: count }, () => []);
  for (let i = 0; i < labels.length; i++) rows[labels[i]!]?.push(i);
  return rows;
};

function verdictsOf({ verdicts, archive }: SampleJudging, row: number) {
  if (!verdicts || verdicts.unheard.includes(archive.labels[row]!)) return null;
  const { classes, probabilities } = verdicts;
  return classes
    .map((spaceGroup, k) => ({ spaceGroup, probability: probabilities[row * classes.length + k]! }))
    .sort((a, b) => b.probability - a.probability);
}

/** Scores every triplet of an archive against real training triplets, and accepts or rejects it. */
export function judgeSamples(judging: SampleJudging): {
  samples: SampleScore[];
  realRealism: RelativeRealism;
} {
  const { archive, train, physics, pooled } = judging;
  const classCount = train.classes.length;
  const labels = Int32Array.from(archive.labels, (spaceGroup) => train.classes.indexOf(spaceGroup));
  const own = rowsByLabel(train.labels, classCount);
  const made = rowsByLabel(labels, classCount);
  const found = judgeRealism(judging, own, made);
  const order = [...labels.keys()].sort((a, b) => found.value[b]! - found.value[a]!);
  const { train: trainPixels, fake } = pooled;
  const copies = findCopies({ train: trainPixels, materials: train.materials, fake, order });
  const ranges = descriptorRanges(physics.train, train.labels, classCount);
  const symmetries = own.map((rows) => symmetriesOf(physics.train, rows));
  const samples = Array.from(labels, (label, row): SampleScore => {
    const known = label >= 0 && own[label]!.length > 0;
    const of = physics.fake.values.subarray(
      row * physics.fake.width,
      (row + 1) * physics.fake.width,
    );
    const faults = known ? descriptorFaults(of, label, ranges) : [];
    const columns = known ? symmetries[label]! : [];
    const near = copies.nearest[row]!;
    const nearest = { material: train.materials[near.row]!, distance: near.distance };
    const spaceGroup = archive.labels[row]!;
    const reasons = rejections({
      spaceGroup,
      known,
      realism: found.value[row]!,
      realismLimit: found.limit[row]!,
      copied: copies.memorised[row] ? { ...nearest, limit: copies.limit } : null,
      repeats: copies.repeats[row]!,
      faults,
      verdicts: verdictsOf(judging, row),
    });
    return {
      row,
      spaceGroup,
      realism: found.value[row]!,
      realismLimit: found.limit[row]!,
      reference: found.reference[row]!,
      rarity: Number.isNaN(found.rarity[row]!) ? null : found.rarity[row]!,
      nearest,
      discriminator: archive.provenance?.[row]?.discriminator ?? null,
      symmetry: columns.length
        ? columns.reduce((sum, k) => sum + of[k]!, 0) / columns.length
        : null,
      faults,
      accepted: reasons.length === 0,
      reasons,
    };
  });
  return { samples, realRealism: found.real };
}
