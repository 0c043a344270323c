import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import type { StepLosses, TrainerState } from './trainer.ts';
import type { Health, WatchState } from './watchdog.ts';

/** Numbers of a file by name. */
export type Arrays = Record<string, Float32Array>;

const NETWORKS = ['generator', 'discriminator'] as const;

/** The arrays of a state, each name after a prefix, and the rest as plain data. */
function packState(state: TrainerState, prefix = '') {
  const { step, draws, noise, inputNoise } = state;
  const arrays: Arrays = { [`${prefix}average`]: state.average };
  if (state.singular) arrays[`${prefix}singular`] = state.singular;
  for (const name of NETWORKS) {
    const adam = state[`${name}Adam`];
    arrays[`${prefix}${name}`] = state[name];
    arrays[`${prefix}${name}/mean`] = adam.mean;
    arrays[`${prefix}${name}/square`] = adam.square;
  }
  const adamSteps = NETWORKS.map((name) => state[`${name}Adam`].step);
  const about = { step, adamSteps, draws, noise, inputNoise };
  return { arrays, about };
}

export type AboutState = Pick<TrainerState, 'step' | 'draws' | 'noise' | 'inputNoise'> & {
  adamSteps: number[];
};

/** Undoes `packState`. */
function unpackState(arrays: Arrays, about: AboutState, prefix = ''): TrainerState {
  const floats = (name: string): Float32Array => arrays[`${prefix}${name}`]!;
  const adam = (name: (typeof NETWORKS)[number]) => ({
    step: about.adamSteps[NETWORKS.indexOf(name)]!,
    mean: floats(`${name}/mean`),
    square: floats(`${name}/square`),
  });
  const { step, draws, noise, inputNoise } = about;
  const singular = arrays[`${prefix}singular`];
  return {
    ...{ step, draws, noise, inputNoise },
    generator: floats('generator'),
    generatorAdam: adam('generator'),
    discriminator: floats('discriminator'),
    discriminatorAdam: adam('discriminator'),
    average: floats('average'),
    ...(singular && { singular }),
  };
}

/** Losses averaged over the steps since the row before, and what the watchdog saw among them. */
export interface HistoryRow extends StepLosses {
  step: number;
  health?: Health;
}

/** Sums of losses since the last row of the history, and how many steps they are of. */
export interface PendingLosses {
  sums: StepLosses;
  count: number;
}

/** What a checkpoint belongs to: one configuration and one set of training triplets. */
export interface CheckpointFacts {
  config: Record<string, unknown>;
  data: string;
}

/** What a training learned from, as far as a later one must agree. */
export interface LearnedFrom {
  /** Digest of the prepared store. */
  store: string;
  /** Material of every training triplet. */
  materials: readonly string[];
  attention?: ReadonlySet<number>;
}

/** Steps may be added to a training; every other setting decides what the steps compute. */
export function factsOf(
  { steps: _, ...settings }: Record<string, unknown> & { steps: number },
  data: LearnedFrom,
): CheckpointFacts {
  const materials = [...new Set(data.materials)].sort();
  const attention = [...(data.attention ?? [])].sort((a, b) => a - b);
  return { config: settings, data: digestOf({ store: data.store, materials, attention }) };
}

const FORMAT = 'cbed-gan training 5';
const NAME = /^step-(\d+)\.safetensors$/;

/** What a checkpoint holds: trainer, history and watchdog. */
export interface SavedTraining {
  state: TrainerState;
  history: readonly HistoryRow[];
  /** Losses since the last row of the history. */
  pending: PendingLosses;
  watch: WatchState | null;
}

function pack({ state, history, pending, watch }: SavedTraining, facts: CheckpointFacts) {
  const now = packState(state);
  const best = watch?.best ? packState(watch.best.state, 'best/') : null;
  return {
    arrays: { ...now.arrays, ...best?.arrays },
    description: {
      format: FORMAT,
      ...now.about,
      facts,
      history,
      pending,
      watch: watch && {
        ...watch,
        best: watch.best && { health: watch.best.health, state: best!.about },
      },
    },
  };
}

interface Described extends AboutState {
  facts: CheckpointFacts;
  history: HistoryRow[];
  pending: PendingLosses;
  watch: (Omit<WatchState, 'best'> & { best: { health: Health; state: AboutState } | null }) | null;
}

function unpack(path: string): SavedTraining & { facts: CheckpointFacts } {
  const file = readTensorFile(path);
  if (file.description.format !== FORMAT) {
    throw inputError(`${path} is no checkpoint of this version`, 'start again without --resume');
  }
  const arrays = file.arrays as Arrays;
  const { facts, history, pending, watch, ...about } = file.description as unknown as Described;
  const best = watch?.best && {
    health: watch.best.health,
    state: unpackState(arrays, watch.best.state, 'best/'),
  };
  return {
    state: unpackState(arrays, about),
    facts,
    history,
    pending,
    watch: watch && { ...watch, best: best ?? null },
  };
}

/** The first setting in which two trainings differ, in words; null where none does. */
function difference(here: CheckpointFacts, there: CheckpointFacts): string | null {
  for (const key of Object.keys({ ...here.config, ...there.config })) {
    const [mine, theirs] = [here.config[key], there.config[key]].map((v) => JSON.stringify(v));
    if (mine !== theirs) return `${key} was ${theirs} and is now ${mine}`;
  }
  return here.data === there.data ? null : 'it was trained on other data';
}

/** Milliseconds between two checkpoints. */
const INTERVAL_MS = 30_000;

/**
 * The checkpoints of one training, `step-000500.safetensors` in a folder: weights, optimisers,
 * random streams and history as plain data. Each appears whole or not at all, and only the newest
 * `keep` stay. One is due after the first step and then every half minute, or every `every` steps.
 */
export class Checkpoints {
  private readonly folder: string;
  private readonly every: number | undefined;
  private readonly keep: number;
  private written = Number.NEGATIVE_INFINITY;

  constructor(folder: string, options: { every?: number; keep?: number } = {}) {
    this.folder = folder;
    this.every = options.every;
    this.keep = options.keep ?? 2;
    mkdirSync(folder, { recursive: true });
  }

  /** Files with their steps, oldest first. */
  private list(): { path: string; step: number }[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((name) => NAME.test(name))
      .map((name) => ({ path: join(this.folder, name), step: Number(NAME.exec(name)![1]) }))
      .sort((a, b) => a.step - b.step);
  }

  /** Files, oldest first. */
  files(): string[] {
    return this.list().map(({ path }) => path);
  }

  /** Step of the newest checkpoint; 0 for none. */
  get step(): number {
    return this.list().at(-1)?.step ?? 0;
  }

  /** Removes checkpoints of an earlier training in the folder. */
  clear(): void {
    for (const file of this.files()) rmSync(file, { force: true });
  }

  /** What the newest checkpoint holds; null for none. An input error where it is of another training. */
  newest(facts: CheckpointFacts): SavedTraining | null {
    const newest = this.files().at(-1);
    if (!newest) return null;
    const { facts: theirs, ...saved } = unpack(newest);
    const differs = difference(facts, theirs);
    if (!differs) return saved;
    throw inputError(
      `${newest} belongs to another training: ${differs}`,
      'use the same settings, or start again without --resume',
    );
  }

  /** Whether a checkpoint is due at a step. */
  isDue(step: number): boolean {
    if (this.every !== undefined) return step % this.every === 0;
    return performance.now() - this.written >= INTERVAL_MS;
  }

  /**
   * Writes a checkpoint of this step, then removes the oldest beyond `keep`, and those of later
   * steps, which a setback has undone.
   */
  write(saved: SavedTraining, facts: CheckpointFacts): void {
    const { step } = saved.state;
    const name = `step-${String(step).padStart(6, '0')}.safetensors`;
    writeTensorFile(join(this.folder, name), pack(saved, facts));
    this.written = performance.now();
    const all = this.list();
    const undone = all.filter((one) => one.step > step);
    const old = all.filter((one) => one.step <= step).slice(0, -this.keep);
    for (const { path } of [...old, ...undone]) rmSync(path, { force: true });
  }
}
