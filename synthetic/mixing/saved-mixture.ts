import { inputError } from '../../src/common/errors.ts';
import { writeJson } from '../../src/common/files.ts';
import { readJson } from '../../src/common/run.ts';
import { Stream } from '../../src/common/stream.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { openArchive } from '../archive/open.ts';
import { refuseLeaks, storeOf } from '../leak-guard.ts';
import { type ClassMix, type MixOptions, type Mixture, mix } from './mix.ts';

/** Name of a mixture's file in its run. */
export const MIXTURE_FILE = 'mixture.json';

/** A mixture as it is kept: which rows of which files, and how they were chosen. */
export interface SavedMixture {
  format: 'cbed-gan mixture 1';
  store: { path: string; digest: string };
  archive: { path: string; digest: string };
  options: MixOptions;
  seed: number;
  perClass: readonly ClassMix[];
  realRows: number[];
  syntheticRows: number[];
}

/** Writes which rows make up a mixture; the pixels stay where they are. */
export function saveMixture(
  path: string,
  mixture: Mixture,
  made: { options: MixOptions; seed: number },
) {
  const { archive, perClass, realRows, syntheticRows } = mixture;
  const store = storeOf(archive);
  const { margins, rows, ...shrinking } = made.options.shrinking;
  const saved: SavedMixture = {
    format: 'cbed-gan mixture 1',
    store: { path: store.path, digest: store.digest },
    archive: { path: archive.path, digest: archive.digest },
    options: {
      ...made.options,
      shrinking: {
        ...shrinking,
        ...(margins && { margins: Array.from(margins) }),
        ...(rows && { rows: Array.from(rows) }),
      },
    },
    seed: made.seed,
    perClass,
    realRows: [...realRows],
    syntheticRows: [...syntheticRows],
  };
  writeJson(path, saved);
}

/** The stream that mixes with a seed. */
export const mixingStream = (seed: number): Stream => new Stream(seed, 'mix');

/**
 * Makes a saved mixture again from its store and archive: the leak guard runs again, and the rows
 * must come out the same.
 *
 * @throws input error where a file is missing, was changed or leaks.
 */
export async function openMixture(path: string): Promise<Mixture> {
  const saved = readJson<SavedMixture>(path);
  if (saved.format !== 'cbed-gan mixture 1') {
    throw inputError(`${path} is not a mixture`, 'make one: gan mix');
  }
  const store = await openStore(saved.store.path);
  const archive = await openArchive(saved.archive.path);
  for (const [file, kept] of [
    [store, saved.store],
    [archive, saved.archive],
  ] as const) {
    if (file.digest !== kept.digest) {
      throw inputError(
        `${kept.path} is not the file that ${path} was mixed from`,
        'mix again: gan mix',
      );
    }
  }
  const clean = refuseLeaks(archive, store);
  const mixture = mix(clean, { ...saved.options, stream: mixingStream(saved.seed) });
  const same =
    mixture.realRows.join() === saved.realRows.join() &&
    mixture.syntheticRows.join() === saved.syntheticRows.join();
  if (!same) throw inputError(`the rows listed in ${path} were changed`, 'mix again: gan mix');
  return mixture;
}
