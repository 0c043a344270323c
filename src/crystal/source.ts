import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CbedError, inputError, messageOf } from '../common/errors.ts';
import { filesBelow } from '../common/files.ts';
import type { Stream } from '../common/stream.ts';
import { didYouMean } from '../common/suggest.ts';
import { crystalOfBlock, structureBlocks } from './cif/cif.ts';
import type { Crystal } from './crystal.ts';
import { generateCrystal } from './generate.ts';
import { loadMinerals } from './minerals.ts';
import { SPACE_GROUPS } from './spacegroup.ts';

export interface CrystalRequest {
  /** `minerals`, `generated`, CIF files and folders of them, in any mixture. */
  from: readonly string[];
  /** Space groups to keep or to generate; all where absent. */
  groups?: readonly number[];
  /** Materials a space group: at most for minerals and files, exactly for generated crystals. */
  materials?: number;
  /** Chooses materials and generates crystals. */
  stream: Stream;
}

/** A crystal, or a file (block) that gave none and why. */
export type Sourced = { ok: Crystal } | { failed: { id: string; reason: string } };

const DEFAULT_GENERATED = 10;

function cifFiles(path: string): string[] {
  if (!existsSync(path)) {
    const hint = /[./\\]/.test(path)
      ? 'check the path'
      : didYouMean(path, ['minerals', 'generated']);
    throw inputError(`no file or folder at ${path}`, hint);
  }
  if (!statSync(path).isDirectory()) return [path];
  const files = filesBelow(path).filter((name) => name.toLowerCase().endsWith('.cif'));
  if (files.length === 0) throw inputError(`no .cif file in the folder ${path}`);
  return files.map((name) => join(path, name));
}

/** Runs a reader; an input error becomes a failure, anything else is thrown. */
function attempt(id: string, read: () => Crystal): Sourced {
  try {
    return { ok: read() };
  } catch (error) {
    if (error instanceof CbedError) return { failed: { id, reason: messageOf(error) } };
    throw error;
  }
}

function* fromFile(path: string): Generator<Sourced> {
  let blocks: ReturnType<typeof structureBlocks>;
  try {
    blocks = structureBlocks(path);
  } catch (error) {
    if (!(error instanceof CbedError)) throw error;
    yield { failed: { id: path, reason: messageOf(error) } };
    return;
  }
  for (const [i, block] of blocks.entries()) {
    const id = blocks.length === 1 ? path : `${path}#${block.name || i + 1}`;
    yield attempt(id, () => crystalOfBlock(block, `cif:${id}`, id));
  }
}

function* generated(request: CrystalRequest): Generator<Sourced> {
  for (const spaceGroup of request.groups ?? SPACE_GROUPS) {
    for (let i = 0; i < (request.materials ?? DEFAULT_GENERATED); i++) {
      const id = `generated:${spaceGroup}:${i}`;
      const stream = request.stream.split(id);
      yield { ok: generateCrystal({ spaceGroup, stream, id }) };
    }
  }
}

/** The entries of at most `most` materials of each space group, chosen by the stream. */
function limited(crystals: readonly Crystal[], most: number, stream: Stream): Crystal[] {
  const chosen = new Set<string>();
  for (const spaceGroup of SPACE_GROUPS) {
    const here = crystals.filter((crystal) => crystal.spaceGroup === spaceGroup);
    const materials = [...new Set(here.map((crystal) => crystal.material))].sort();
    for (const material of stream.split(spaceGroup).shuffled(materials).slice(0, most)) {
      chosen.add(material);
    }
  }
  return crystals.filter((crystal) => chosen.has(crystal.material));
}

function* known(request: CrystalRequest): Generator<Sourced> {
  const crystals: Crystal[] = [];
  const groups = request.groups && new Set(request.groups);
  for (const word of request.from) {
    if (word === 'generated') continue;
    const found: Iterable<Sourced> =
      word === 'minerals'
        ? loadMinerals(groups).map((ok) => ({ ok }))
        : cifFiles(word).flatMap((path) => [...fromFile(path)]);
    for (const result of found) {
      if ('failed' in result) yield result;
      else if (!groups || groups.has(result.ok.spaceGroup)) crystals.push(result.ok);
    }
  }
  const most = request.materials ?? Number.POSITIVE_INFINITY;
  for (const ok of limited(crystals, most, request.stream.split('materials'))) yield { ok };
}

/**
 * The crystals of a request: minerals and files first, then generated ones. A file that cannot
 * be used comes as a failure with its reason, and the others go on; a path that does not exist is
 * an input error before anything is read.
 *
 * @example
 * const found = crystalsOf({ from: ['my-cifs'], stream: new Stream(0, 'crystals') });
 * const crystals = [...found].flatMap((one) => ('ok' in one ? [one.ok] : []));
 * @category Crystals and simulation
 */
export function crystalsOf(request: CrystalRequest): Generator<Sourced> {
  for (const word of request.from) if (word !== 'minerals' && word !== 'generated') cifFiles(word);
  return all(request);
}

function* all(request: CrystalRequest): Generator<Sourced> {
  yield* known(request);
  if (request.from.includes('generated')) yield* generated(request);
}
