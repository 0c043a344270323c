import { basename } from 'node:path';
import { inputError } from '../../src/common/errors.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import { crystalsOf } from '../../src/crystal/source.ts';
import { simulationOf } from '../../src/dataset/store/simulation.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { storeView } from '../../src/dataset/store/view.ts';
import { lineageOf } from '../lineage.ts';
import type { CrystalData } from './train.ts';

/** Minerals of other groups at most: they only show what crystals look like. */
const MOST_OTHERS = 1500;

/** Minerals of groups that a store does not have; none where its crystals are not real ones. */
function otherMinerals(classes: readonly number[], crystals: readonly Crystal[]): Crystal[] {
  if (crystals.some(({ id }) => id.startsWith('generated:'))) return [];
  const own = new Set(classes);
  const others = loadMinerals().filter(({ spaceGroup }) => !own.has(spaceGroup));
  return new Stream(0, 'minerals of other groups').shuffled(others).slice(0, MOST_OTHERS);
}

/**
 * What a crystal GAN learns from a store: the crystals of its training materials, and of the others those
 * that no sample may be equal to.
 *
 * @throws input error where the store does not know its crystals, or no simulation has its camera.
 * @example
 * const data = crystalData(await openStore('minerals'), new Set());
 * @category Generators
 */
export function crystalData(store: Store, attention: ReadonlySet<number>): CrystalData {
  const reason = crystalMisfit(store);
  if (reason) throw inputError(reason, 'give its CIF files: --crystals FOLDER');
  const known = store.crystals()!;
  const of = (rows: ArrayLike<number>): Crystal[] => {
    const names = new Set(Array.from(rows, (row) => store.materials[store.rows.material[row]!]!));
    return [...names].sort().flatMap((name) => known.get(name) ?? []);
  };
  const rows = store.indices('train');
  const training = of(rows);
  return {
    training,
    others: otherMinerals(store.classes, training),
    heldOut: [...of(store.indices('validation')), ...of(store.indices('test'))],
    classes: store.classes,
    lineage: lineageOf(
      { store: store.digest, classes: store.classes },
      Array.from(rows, (row) => ({
        label: store.rows.label[row]!,
        material: store.materials[store.rows.material[row]!]!,
      })),
    ),
    simulation: simulationOf(store),
    attention: new Set([...attention].map((label) => store.classes[label]!)),
  };
}

/** Why a crystal GAN cannot learn from a store, in one line; null where it can. */
export function crystalMisfit(store: Store): string | null {
  const known = store.crystals();
  const rows = store.indices('train');
  const knows = Array.from(rows).some((row) =>
    known?.has(store.materials[store.rows.material[row]!]!),
  );
  if (!known || !knows) return `${store.path} does not know the crystals of its training materials`;
  try {
    simulationOf(store);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const withoutSuffix = (name: string): string => basename(name).replace(/\.cif$/i, '');

/**
 * A store that knows the crystals of CIF files: joined with its materials by the name of the file, the
 * name of the data block or the material (reduced formula and group).
 *
 * @throws input error where no file matches a material (names three of each side), or where a crystal has
 * another group than the rows of its material.
 */
export function withCrystals(store: Store, folder: string): Store {
  const crystals: Crystal[] = [];
  const failed: string[] = [];
  for (const found of crystalsOf({ from: [folder], stream: new Stream(0, 'crystals') })) {
    if ('ok' in found) crystals.push(found.ok);
    else failed.push(`${found.failed.id}: ${found.failed.reason}`);
  }
  if (crystals.length === 0) {
    throw inputError(`${folder} holds no crystal that can be used`, failed[0]);
  }
  const byName = new Map<string, Crystal>();
  for (const crystal of crystals) {
    const file = withoutSuffix(crystal.id.replace(/^cif:/, '').split('#')[0]!);
    for (const name of [file, crystal.id.split('#')[1], crystal.material]) {
      if (name && !byName.has(name)) byName.set(name, crystal);
    }
  }
  const joined = new Map<string, Crystal>();
  const groups = new Map<string, number>();
  store.rows.material.forEach((material, row) => {
    groups.set(store.materials[material]!, store.rows.spaceGroup[row]!);
  });
  for (const material of store.materials) {
    const crystal = byName.get(material) ?? byName.get(withoutSuffix(material));
    if (!crystal) continue;
    const stated = groups.get(material);
    if (stated !== crystal.spaceGroup) {
      throw inputError(
        `${crystal.id} has space group ${crystal.spaceGroup}, the rows of its material ${material} say ${stated}`,
        'check the labels, or take the file out of the folder',
      );
    }
    joined.set(material, { ...crystal, material });
  }
  if (joined.size > 0) return storeView(store, { crystals: () => joined });
  const three = (names: Iterable<string>): string => [...names].slice(0, 3).join(', ');
  throw inputError(
    `no CIF file in ${folder} matches a material of ${store.path}: files are named ${three(byName.keys())}, materials ${three(store.materials)}`,
    'name each file like the material of its samples',
  );
}

/**
 * A store that knows no crystals, with built-in minerals of its groups in place of its training materials;
 * minerals whose material is one of its held-out ones are left out.
 *
 * @throws input error where no mineral has one of its groups.
 */
export function withMinerals(store: Store): { store: Store; assumed: string } {
  const heldOut = new Set(
    (['validation', 'test'] as const).flatMap((part) => [...store.examples(part).materials]),
  );
  const minerals = loadMinerals(new Set(store.classes)).filter(
    ({ material }) => !heldOut.has(material),
  );
  const byGroup = new Map<number, Crystal[]>();
  for (const crystal of minerals) {
    byGroup.set(crystal.spaceGroup, [...(byGroup.get(crystal.spaceGroup) ?? []), crystal]);
  }
  const stream = new Stream(0, 'minerals for materials');
  const joined = new Map<string, Crystal>();
  for (const row of store.indices('train')) {
    const material = store.materials[store.rows.material[row]!]!;
    const own = byGroup.get(store.rows.spaceGroup[row]!);
    if (own && !joined.has(material)) joined.set(material, stream.pick(own));
  }
  if (joined.size === 0) {
    throw inputError(`no built-in mineral has a space group of ${store.path}`);
  }
  const { energies, thicknesses, zones } = simulationOf(store);
  return {
    store: storeView(store, { crystals: () => joined }),
    assumed: `learns from built-in minerals, simulated at ${energies.join(', ')} kV, ${thicknesses.join(', ')} angstrom thick, ${typeof zones === 'string' ? zones : 'given'} zone axes`,
  };
}
