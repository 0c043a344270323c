import type { z } from 'zod';
import type { ClassPair, Sides } from '../classifier/boundary/margin.ts';
import type { TripletDiscs } from '../src/codec/discs.ts';
import type { EncodedSet } from '../src/codec/encode.ts';
import type { ProgressFactory } from '../src/common/progress.ts';
import { Stream } from '../src/common/stream.ts';
import type { Cell, Crystal } from '../src/crystal/crystal.ts';
import type { Store } from '../src/dataset/store/store.ts';
import type { Tensor2D, Tensor4D } from '../src/engine/tf.ts';
import type { Lineage } from './lineage.ts';
import type { LoopOptions, Trained } from './training/loop.ts';
import type { GanPlan } from './training/plan.ts';

/**
 * One synthetic triplet as every kind of generator gives it. A kind may add fields of its own
 * (a codec vector, a crystal); nobody else reads them.
 */
export interface GeneratorSample {
  /** (S, S, 3) stored pixels. */
  pixels: Uint8Array;
  /** Class index. */
  label: number;
  /** What the triplet was drawn from, as plain data: enough for its generator to draw it again. */
  source: unknown;
  /** Position in the block it was drawn in: drawn there again, it is the same to the bit. */
  place: number;
  /** Training materials that it was varied from; empty where it comes from noise alone. */
  parents: readonly string[];
  /** The crystal that was simulated, as CIF text; null where there is none. */
  cif: string | null;
}

/** Random triplets wanted: `count` of each space group in order. */
export interface SampleRequest {
  wanted: ReadonlyMap<number, number>;
  seed: number;
  /** Below 1: latent vectors nearer to the middle, more typical and less diverse; 1 by default. */
  truncation?: number;
  progress?: ProgressFactory;
}

/** Samples in the order of the request, and what was thrown away on the way to them. */
export interface SampleBatch<S extends GeneratorSample = GeneratorSample> {
  /** Fewer of a class than wanted only where the generator cannot make more. */
  samples: S[];
  /** Proposals in all, and how many each reason refused; a kind that refuses nothing has none. */
  proposed: number;
  refused: Readonly<Record<string, number>>;
}

/** A matrix of numbers, one row a sample, with the meaning of its columns: what an archive keeps. */
export interface ParameterTable {
  values: Float32Array;
  width: number;
  layout: {
    /** Columns `from` to before `to`. */
    parts: { name: string; from: number; to: number; meaning: string }[];
    /** Further plain data that a reader of the columns needs. */
    [fact: string]: unknown;
  };
}

/** The table of rows that name their columns: `sizes` has the length of each part, in order. */
export function columns<Name extends string>(
  sizes: Record<Name, number>,
  meanings: Record<Name, string>,
  rows: readonly Record<Name, ArrayLike<number>>[],
): Pick<ParameterTable, 'values' | 'width'> & Pick<ParameterTable['layout'], 'parts'> {
  let width = 0;
  const parts = (Object.keys(sizes) as Name[]).map((name) => {
    const from = width;
    width += sizes[name];
    return { name, from, to: width, meaning: meanings[name] };
  });
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, at) => {
    for (const { name, from } of parts) values.set(row[name as Name], at * width + from);
  });
  return { values, width, parts };
}

/** Latent vector number `index` of a seed and a space group; shortened by `truncation` below 1. */
export const latentOf = (of: {
  latent: number;
  seed: number;
  spaceGroup: number;
  index: number;
  truncation?: number;
}): Float32Array =>
  new Stream(of.seed, `latent/${of.spaceGroup}/${of.index}`).normals(of.latent, of.truncation ?? 1);

/** One row of a parameter table as a generator reads it back. */
export interface ParameterRow {
  /** Space group of the sample, and of the class across its boundary; null where it has none. */
  spaceGroup: number;
  partner: number | null;
  /** Position on its path to the boundary, as the passport states it; null for none. */
  position: number | null;
  /** The columns of a part. @throws input error where the table has no such part. */
  part(name: string): Float32Array;
  has(name: string): boolean;
}

/** Logits (B, K), scaled by temperature, of network inputs (B, S, S, 3); differentiable. */
export type GuideScore = (images: Tensor4D) => Tensor2D;

/** What a search is asked for: candidates `first` to before `first + count` of a seed. */
export interface ApproachRequest {
  score: GuideScore;
  /** The class, and the other side of its boundary: a partner, or each candidate's own rival. */
  sides: Sides;
  /**
   * Classes (by index) that candidates start from by breaking symmetry; absent: the partner, where
   * that leads down from it.
   */
  from?: readonly number[];
  /** Wanted: 0 <= p(label) - p(partner) < epsilon. */
  epsilon: number;
  seed: number;
  first: number;
  count: number;
  /** Gradient steps for candidates whose path does not cross; kinds without gradients ignore it. */
  gradientSteps?: number;
}

/** Where a search brought one candidate. Its drawing is judged by the caller. */
export interface ReachedCandidate<Source = unknown> {
  /** Number of the candidate under its seed and space group. */
  index: number;
  source: Source;
  /**
   * Class index that its path leads to or from, and how far along it lies, in the unit of the
   * space; null where it was not moved along a path.
   */
  toward: number;
  position: number | null;
  /** How it got there: `path`, `gradient`, `distortion`, `moves`. */
  method: string;
  /** Triplets drawn and scored for it. */
  evaluations: number;
}

/** What a search brought near a boundary, and what it refused on the way, by reason. */
export interface Approached<Source = unknown> {
  reached: ReachedCandidate<Source>[];
  refused: Readonly<Record<string, number>>;
  /** Triplets drawn and scored for those that were refused. */
  wasted: number;
  /** Candidates whose path crosses the boundary; absent where that is not counted. */
  crossed?: number;
}

/** A way from one class towards another, for pictures and measurements. */
export interface BoundaryPath<Source = unknown> {
  /** Ends of the way. */
  from: number;
  to: number;
  /** Where the guide changes sides; null where it does not. */
  crossing: number | null;
  /** What is drawn at a position. */
  at(position: number): Source;
  /** The crystal there; absent where none is drawn. */
  structure?(position: number): Pick<Crystal, 'spaceGroup' | 'cell' | 'atoms'>;
}

/** What a boundary search may move in a generator. */
export interface SearchSpace<Source = unknown> {
  /** What a position means, for axes and reports: `share of the way`, `amplitude`; and its unit. */
  readonly axis: { name: string; unit: string };
  /** Whether triplets of a class (by index) can be brought towards any boundary. */
  allows(label: number): boolean;
  /** Classes (by index) that a class can be reached from by breaking symmetry; none by default. */
  supergroups?(label: number): readonly number[];
  /** Brings candidates near a boundary; each is either reached or refused. */
  approach(request: ApproachRequest): Promise<Approached<Source>>;
  /**
   * Where another classifier changes sides on the paths of reached candidates, in the unit of the space;
   * null where it does not. Absent where candidates are not moved along paths of their own.
   */
  crossings?(
    sources: readonly Source[],
    request: Pick<ApproachRequest, 'score' | 'sides' | 'epsilon'>,
  ): Promise<(number | null)[]>;
  /**
   * The way between a pair of classes that shows its boundary best, of some under the seed; null
   * where none leads from one to the other.
   */
  path(
    pair: ClassPair,
    request: { score: GuideScore; seed: number },
  ): Promise<BoundaryPath<Source> | null>;
}

/** A trained generator of any kind. Free it with `dispose`. */
export interface Generator<S extends GeneratorSample = GeneratorSample> {
  /** Name of its kind in the registry. */
  readonly kind: string;
  /** Space groups, ascending: label order. */
  readonly classes: readonly number[];
  /** Pixels a side. */
  readonly size: number;
  readonly lineage: Lineage;
  /** SHA-256 of everything that changes what it draws. */
  readonly digest: string;
  /** Whether what it measures by was fitted on its training triplets: for the leak guard. */
  readonly scaled: boolean;
  /** What a boundary search may move; null where nothing can be. */
  readonly space: SearchSpace<S['source']> | null;
  /** Label of a space group. @throws input error that names the classes it knows. */
  labelOf(spaceGroup: number): number;
  /** Whether it learned a class (by index). */
  knows(label: number): boolean;
  /** Random triplets; the same request gives the same samples. */
  sample(request: SampleRequest): Promise<SampleBatch<S>>;
  /** Draws sources in order, each at a place of its own; equal sources at equal places are equal. */
  draw(sources: readonly S['source'][], progress?: ProgressFactory): Promise<S[]>;
  /** Draws one source again at its place, the same to the bit. */
  redraw(source: S['source'], place: number): Promise<S>;
  /** Lattices and disc coefficients of samples; null where the generator has none. */
  describe(samples: readonly S[]): { cell: Cell; discs: TripletDiscs }[] | null;
  /** How real its discriminator finds each sample: higher is more real; null without one. */
  scores(samples: readonly S[]): Float32Array | null;
  /** What an archive keeps of samples, so that `sourceOf` can undo it. */
  parameters(samples: readonly S[]): ParameterTable;
  /** @throws input error where the row is of another generator. */
  sourceOf(row: ParameterRow): { source: S['source']; place: number };
  save(path: string): void;
  dispose(): void;
}

/** Names of settings for a machine: `gpu` is wider, with larger batches and longer training. */
export const PRESETS = ['cpu', 'gpu'] as const;
export type Preset = (typeof PRESETS)[number];

/** Settings that every kind has beside its own. */
export interface CommonSettings {
  steps: number;
  batch: number;
  seed: number;
}

/** What a training of any kind is given. */
export interface TrainRequest<Config> extends LoopOptions<Generator> {
  /** The store at the size that is trained at; only its training split is read. */
  store: Store;
  config: Config;
  /** Class indices that get at least half of every batch. */
  attention: ReadonlySet<number>;
  /** The training triplets as discs, where someone has read them already. */
  discs?: () => EncodedSet;
}

/** A kind of generator: everything that commands, studies and reports know of it. */
export interface GeneratorKind<Config extends CommonSettings = CommonSettings> {
  readonly name: string;
  /** What it draws, in a few words, for `--help`. */
  readonly summary: string;
  /** The zod shape of its settings with the defaults of a preset; keys are flags and YAML names. */
  settings(preset: Preset): z.ZodObject;
  /** Why it cannot be trained on a store, in one line; null where it can. */
  misfit(store: Store): string | null;
  /**
   * The store at the size that is trained at; `size` is what the user asked for.
   *
   * @throws usage error that names both sizes where they do not go together.
   */
  storeFor(store: Store, size?: number): Store;
  /** What a training would be, without doing it. */
  plan(store: Store, config: Config, classes: readonly number[]): GanPlan;
  train(request: TrainRequest<Config>): Promise<Trained<Generator>>;
  /** @throws input error where the file is no generator of this kind or was changed. */
  load(path: string): Generator;
}
