import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../src/ground/digest.ts';
import { inputError } from '../src/ground/errors.ts';
import type { StreamState } from '../src/ground/stream.ts';
import { readTensorFile, writeTensorFile } from '../src/ground/tensorfile.ts';
import type { GanConfig } from './config.ts';
import type { GanData } from './data.ts';
import type { NoiseState } from './noise.ts';
import type { HistoryRow } from './train.ts';
import type { GanTrainer, TrainerState } from './trainer.ts';

/** What a checkpoint belongs to: one configuration and one set of training triplets. */
export interface CheckpointFacts {
  config: Record<string, unknown>;
  data: string;
}

/** Steps may be added to a training; every other setting decides what the steps compute. */
export function checkpointFacts(config: GanConfig, data: GanData): CheckpointFacts {
  const { steps: _, ...settings } = config;
  const materials = [...new Set(data.set.triplets.map(({ material }) => material))].sort();
  const attention = [...(data.attention ?? [])].sort((a, b) => a - b);
  return { config: settings, data: digestOf({ store: data.store, materials, attention }) };
}

const FORMAT = 'cbed-gan training 1';
const NAME = /^step-(\d+)\.safetensors$/;

function pack(state: TrainerState, facts: CheckpointFacts, history: readonly HistoryRow[]) {
  const { generatorAdam, discriminatorAdam } = state;
  return {
    arrays: {
      generator: state.generator,
      'generator/mean': generatorAdam.mean,
      'generator/square': generatorAdam.square,
      discriminator: state.discriminator,
      'discriminator/mean': discriminatorAdam.mean,
      'discriminator/square': discriminatorAdam.square,
      average: state.average,
    },
    description: {
      format: FORMAT,
      step: state.step,
      adamSteps: [generatorAdam.step, discriminatorAdam.step],
      draws: state.draws,
      noise: state.noise,
      facts,
      history,
    },
  };
}

interface Described {
  step: number;
  adamSteps: [number, number];
  draws: StreamState;
  noise: NoiseState;
  facts: CheckpointFacts;
  history: HistoryRow[];
}

function unpack(path: string): { state: TrainerState } & Pick<Described, 'facts' | 'history'> {
  const { arrays, description } = readTensorFile(path);
  if (description.format !== FORMAT) {
    throw inputError(`${path} is no checkpoint of this version`, 'start again without --resume');
  }
  const about = description as unknown as Described;
  const floats = (name: string): Float32Array => arrays[name] as Float32Array;
  const adam = (name: string, step: number) => ({
    step,
    mean: floats(`${name}/mean`),
    square: floats(`${name}/square`),
  });
  const state: TrainerState = {
    step: about.step,
    generator: floats('generator'),
    generatorAdam: adam('generator', about.adamSteps[0]),
    discriminator: floats('discriminator'),
    discriminatorAdam: adam('discriminator', about.adamSteps[1]),
    average: floats('average'),
    draws: about.draws,
    noise: about.noise,
  };
  return { state, facts: about.facts, history: about.history };
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

  /** Puts the newest checkpoint back into a trainer and gives its history; none: an empty one. */
  restore(trainer: GanTrainer, facts: CheckpointFacts): HistoryRow[] {
    const newest = this.files().at(-1);
    if (!newest) return [];
    const { state, facts: theirs, history } = unpack(newest);
    const differs = difference(facts, theirs);
    if (differs) {
      throw inputError(
        `${newest} belongs to another training: ${differs}`,
        'use the same settings, or start again without --resume',
      );
    }
    trainer.restore(state);
    return history;
  }

  /** Writes a checkpoint when one is due. */
  offer(trainer: GanTrainer, facts: CheckpointFacts, history: readonly HistoryRow[]): void {
    if (trainer.step % this.every === 0) this.write(trainer, facts, history);
  }

  /** Writes a checkpoint of this step, then removes the oldest beyond `keep`. */
  write(trainer: GanTrainer, facts: CheckpointFacts, history: readonly HistoryRow[]): void {
    const name = `step-${String(trainer.step).padStart(6, '0')}.safetensors`;
    writeTensorFile(join(this.folder, name), pack(trainer.state(), facts, history));
    for (const old of this.files().slice(0, -this.keep)) rmSync(old, { force: true });
  }
}
