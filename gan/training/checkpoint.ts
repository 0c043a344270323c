import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import type { GanData } from '../codec/data.ts';
import type { GanConfig } from '../config.ts';
import type { Health } from './health.ts';
import type { HistoryRow } from './history.ts';
import { type AboutState, type Arrays, packState, unpackState } from './state-file.ts';
import type { TrainerState } from './trainee.ts';
import type { WatchState } from './watchdog.ts';

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

/** The facts of a training on discs. */
export const checkpointFacts = (
  config: GanConfig,
  { set, store, attention }: GanData,
  watched: boolean,
): CheckpointFacts =>
  factsOf(
    { ...config, watched },
    { store, materials: set.triplets.map(({ material }) => material), attention },
  );

const FORMAT = 'cbed-gan training 4';
const NAME = /^step-(\d+)\.safetensors$/;

/** A checkpoint as its trainer and its watchdog see it. */
export interface Progress {
  state: TrainerState;
  history: readonly HistoryRow[];
  watch: WatchState | null;
}

function pack({ state, history, watch }: Progress, facts: CheckpointFacts) {
  const now = packState(state);
  const best = watch?.best ? packState(watch.best.state, 'best/') : null;
  return {
    arrays: { ...now.arrays, ...best?.arrays },
    description: {
      format: FORMAT,
      ...now.about,
      facts,
      history,
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
  watch: (Omit<WatchState, 'best'> & { best: { health: Health; state: AboutState } | null }) | null;
}

function unpack(path: string): Progress & { facts: CheckpointFacts } {
  const file = readTensorFile(path);
  if (file.description.format !== FORMAT) {
    throw inputError(`${path} is no checkpoint of this version`, 'start again without --resume');
  }
  const arrays = file.arrays as Arrays;
  const { facts, history, watch, ...about } = file.description as unknown as Described;
  const best = watch?.best && {
    health: watch.best.health,
    state: unpackState(arrays, watch.best.state, 'best/'),
  };
  return {
    state: unpackState(arrays, about),
    facts,
    history,
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

/**
 * The checkpoints of one training, `step-000500.safetensors` in a folder: weights, optimisers,
 * random streams and history as plain data. Each appears whole or not at all, and only the newest
 * `keep` stay.
 */
export class Checkpoints {
  private readonly folder: string;
  private readonly every: number;
  private readonly keep: number;

  constructor(folder: string, options: { every?: number; keep?: number } = {}) {
    this.folder = folder;
    this.every = options.every ?? 500;
    this.keep = options.keep ?? 2;
    mkdirSync(folder, { recursive: true });
  }

  /** Files, oldest first. */
  files(): string[] {
    if (!existsSync(this.folder)) return [];
    const stepOf = (name: string): number => Number(NAME.exec(name)![1]);
    return readdirSync(this.folder)
      .filter((name) => NAME.test(name))
      .sort((a, b) => stepOf(a) - stepOf(b))
      .map((name) => join(this.folder, name));
  }

  /** Removes checkpoints of an earlier training in the folder. */
  clear(): void {
    for (const file of this.files()) rmSync(file, { force: true });
  }

  /** What the newest checkpoint holds; null for none. An input error where it is of another training. */
  newest(facts: CheckpointFacts): Progress | null {
    const newest = this.files().at(-1);
    if (!newest) return null;
    const { facts: theirs, ...progress } = unpack(newest);
    const differs = difference(facts, theirs);
    if (!differs) return progress;
    throw inputError(
      `${newest} belongs to another training: ${differs}`,
      'use the same settings, or start again without --resume',
    );
  }

  /** Whether a checkpoint is due at a step. */
  isDue(step: number): boolean {
    return step % this.every === 0;
  }

  /** Writes a checkpoint of this step, then removes the oldest beyond `keep`. */
  write(progress: Progress, facts: CheckpointFacts): void {
    const name = `step-${String(progress.state.step).padStart(6, '0')}.safetensors`;
    writeTensorFile(join(this.folder, name), pack(progress, facts));
    for (const old of this.files().slice(0, -this.keep)) rmSync(old, { force: true });
  }
}
