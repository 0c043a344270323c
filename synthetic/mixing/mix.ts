import { type Undersampling, undersample } from '../../src/balance/sampling.ts';
import { inputError } from '../../src/common/errors.ts';
import { tally } from '../../src/common/group.ts';
import type { Stream } from '../../src/common/stream.ts';
import { classCounts, type Examples } from '../../src/dataset/examples.ts';
import type { Store, StoreExamples } from '../../src/dataset/store/store.ts';
import type { Passport } from '../archive/passport.ts';
import { type CleanArchive, storeOf } from '../leak-guard.ts';

/** Which accepted samples enter: those made near a boundary, those made without, or both. */
export const SOURCES = ['both', 'boundary', 'random'] as const;
export type Source = (typeof SOURCES)[number];

/** Rows that a class gets at most, by space group, none where it is not named; null for no such limit. */
export type MostRows = ReadonlyMap<number, number> | null;

/** How many synthetic rows classes may get. */
export interface FillLimits {
  /** Only classes with fewer real rows than this get any, and only up to it. */
  fill: number;
  /** At most this many times the real rows of the class, where it has any. */
  ratio: number;
  /** At most this many. */
  cap: number;
  /** At most this many of each class. */
  most?: MostRows;
}

/**
 * Synthetic rows that the class of a space group with `real` training rows may get. Rows are counted before any
 * undersampling: a class that was shrunk is not filled up again, and every way of filling, copies
 * among them, adds the same number.
 */
export function roomFor(
  real: number,
  { fill, ratio, cap, most }: FillLimits,
  spaceGroup: number,
): number {
  const limit = most ? (most.get(spaceGroup) ?? 0) : cap;
  return Math.max(
    0,
    Math.min(cap, limit, real === 0 ? fill : Math.floor(ratio * real), fill - real),
  );
}

export interface MixOptions extends FillLimits {
  source: Source;
  /** Weight of a synthetic sample in the loss, 0 to 1. */
  weight: number;
  /** Whether samples at a boundary carry the soft label that their passport states. */
  softLabels: boolean;
  /** What becomes of the majority classes. */
  undersampling: Undersampling;
}

/** Samples of one class before and after mixing. */
export interface ClassMix {
  spaceGroup: number;
  /** Real training samples of the store. */
  before: number;
  /** Of these, the ones that stay. */
  real: number;
  synthetic: number;
}

/**
 * A training set: real training rows of a store followed by synthetic samples. A view: pixels are
 * read when asked for. It is not a `StoreExamples`, so it fits nowhere that validation or test
 * data are asked for.
 */
export interface Mixture extends Examples {
  readonly weights: Float32Array;
  readonly synthetic: Uint8Array;
  readonly base: Store;
  readonly archive: CleanArchive;
  /** Rows of the store behind the first examples. */
  readonly realRows: Int32Array;
  /** Rows of the archive behind the others. */
  readonly syntheticRows: Int32Array;
  readonly perClass: readonly ClassMix[];
}

/** Accepted samples of each space group of an archive. */
export const acceptedCounts = ({
  labels,
  passports,
}: Pick<CleanArchive, 'labels' | 'passports'>): Map<number, number> =>
  tally(labels.filter((_, row) => passports?.[row]?.accepted));

const madeNearBoundary = (passport: Passport): boolean => passport.partner !== null;

/** Accepted rows of each class that the source allows, in random order. */
function candidates(archive: CleanArchive, source: Source, stream: Stream): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (const row of stream.permutation(archive.count)) {
    const passport = archive.passports?.[row];
    if (!passport?.accepted) continue;
    if (source !== 'both' && madeNearBoundary(passport) !== (source === 'boundary')) continue;
    const spaceGroup = archive.labels[row]!;
    rows.set(spaceGroup, [...(rows.get(spaceGroup) ?? []), row]);
  }
  return rows;
}

function chooseSynthetic(
  archive: CleanArchive,
  perClass: ClassMix[],
  options: MixOptions,
  stream: Stream,
): number[] {
  const found = candidates(archive, options.source, stream);
  return perClass.flatMap((entry) => {
    const room = roomFor(entry.before, options, entry.spaceGroup);
    const rows = (found.get(entry.spaceGroup) ?? []).slice(0, room);
    entry.synthetic = rows.length;
    return rows.sort((a, b) => a - b);
  });
}

function checkClasses(archive: CleanArchive, store: Store): void {
  const strange = archive.labels.find((label) => !store.classes.includes(label));
  if (strange !== undefined) {
    throw inputError(`${archive.path} has space group ${strange}, which the store does not have`);
  }
  if (archive.count > 0 && !archive.passports?.some((passport) => passport.accepted !== null)) {
    const doubt = archive.passports?.[0]?.reasons[0];
    if (doubt)
      throw inputError(
        `${archive.path}: ${doubt}`,
        'add materials to the store, or score crystals with --accept atoms',
      );
    throw inputError(`${archive.path} has not been scored yet`, 'run: gan score');
  }
}

/** Pixels of real rows and synthetic rows by position in the mixture. */
function mixedImages(
  train: StoreExamples,
  kept: Int32Array,
  archive: CleanArchive,
  rows: number[],
) {
  const size = train.size * train.size * 3;
  return (indices: ArrayLike<number>): Uint8Array => {
    const out = new Uint8Array(indices.length * size);
    const all = Array.from(indices, (index, at) => ({ index, at }));
    const real = all.filter(({ index }) => index < kept.length);
    const made = all.filter(({ index }) => index >= kept.length);
    const put = (list: typeof all, pixels: Uint8Array) =>
      list.forEach(({ at }, n) => out.set(pixels.subarray(n * size, (n + 1) * size), at * size));
    if (real.length) put(real, train.images(real.map(({ index }) => kept[index]!)));
    if (made.length) put(made, archive.images(made.map(({ index }) => rows[index - kept.length]!)));
    return out;
  };
}

/** Second class and its share of each example; no share where the label is hard. */
function softLabels(archive: CleanArchive, rows: number[], labels: Int32Array) {
  const { classes } = storeOf(archive);
  const first = labels.length - rows.length;
  const partners = { label: Int32Array.from(labels), share: new Float32Array(labels.length) };
  rows.forEach((row, n) => {
    const { partner, share } = archive.passports![row]!;
    const label = partner === null ? -1 : classes.indexOf(partner);
    if (label < 0 || share === null) return;
    partners.label[first + n] = label;
    partners.share[first + n] = share;
  });
  return partners;
}

/**
 * Mixes accepted synthetic samples with the training rows of a store whose majority classes were
 * undersampled. Validation and test rows cannot enter: the training rows of the store that the
 * archive was checked against are taken here.
 *
 * @example
 * const stream = new Stream(1, 'mix');
 * const undersampling = { target: null };
 * const limits = { fill: 45, ratio: 100, cap: 45 };
 * const mixture = mix(clean, { ...limits, source: 'both', weight: 1, softLabels: false, undersampling, stream });
 * @category Archives and mixing
 */
export function mix(archive: CleanArchive, options: MixOptions & { stream: Stream }): Mixture {
  const store = storeOf(archive);
  checkClasses(archive, store);
  const { stream, undersampling, weight } = options;
  const train = store.examples('train');
  const { classes } = store;
  const data = { labels: train.labels, classCount: classes.length };
  const kept = undersample(data, undersampling, stream.split('undersampling'));
  const before = classCounts(train);
  const after = classCounts({ classes, labels: kept.map((i) => train.labels[i]!) });
  const perClass = classes.map((spaceGroup, label) => ({
    spaceGroup,
    before: before[label]!,
    real: after[label]!,
    synthetic: 0,
  }));
  const rows = chooseSynthetic(archive, perClass, options, stream.split('synthetic'));
  const labels = Int32Array.from([
    ...Array.from(kept, (i) => train.labels[i]!),
    ...rows.map((row) => classes.indexOf(archive.labels[row]!)),
  ]);
  return {
    count: labels.length,
    size: store.size,
    classes,
    labels,
    materials: [
      ...Array.from(kept, (i) => train.materials[i]!),
      ...rows.map((row) => `synthetic:${archive.digest.slice(0, 12)}/${row}`),
    ],
    weights: Float32Array.from(labels, (_, i) => (i < kept.length ? 1 : weight)),
    synthetic: Uint8Array.from(labels, (_, i) => (i < kept.length ? 0 : 1)),
    ...(options.softLabels && { partners: softLabels(archive, rows, labels) }),
    images: mixedImages(train, kept, archive, rows),
    properties: (i) => (i < kept.length ? (train.properties?.(kept[i]!) ?? null) : null),
    base: store,
    archive,
    realRows: kept.map((i) => train.rows[i]!),
    syntheticRows: Int32Array.from(rows),
    perClass,
  };
}
