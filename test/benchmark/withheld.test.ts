import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { crystalData } from '../../gan/crystal/data.ts';
import { simulateCrystals } from '../../gan/crystal/simulation.ts';
import { runCell } from '../../src/benchmark/cells/cell.ts';
import { shotRecalls, shotResult } from '../../src/benchmark/comparison/shots.ts';
import { knownCrystals } from '../../src/benchmark/pools/crystal-sources.ts';
import { makePools, poolFile, poolsOf } from '../../src/benchmark/pools/pools.ts';
import { openStudyFolder } from '../../src/benchmark/study/folder.ts';
import { divideStore } from '../../src/benchmark/study/store.ts';
import { planCells, studySchema } from '../../src/benchmark/study/study.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { SPLITS } from '../../src/dataset/split.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { writeStore } from '../../src/dataset/store/store-write.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { cameraOf } from '../../src/simulate/triplets.ts';
import { openArchive } from '../../synthetic/archive/archive.ts';
import { temporaryFolder } from '../support/folder.ts';

const GROUPS = [136, 194, 221, 225];
const folder = temporaryFolder('withheld');
let store: Store;

/** A store of generated crystals: four groups of two training, one validation and two test materials. */
beforeAll(async () => {
  const simulation = simulationSchema.parse({ size: 16 });
  const crystals = GROUPS.flatMap((spaceGroup) =>
    Array.from({ length: 5 }, (_, i) => {
      const id = `generated:${spaceGroup}-${i}`;
      return generateCrystal({ spaceGroup, stream: new Stream(i, `${spaceGroup}`), id });
    }),
  );
  const drawn = await simulateCrystals(crystals, simulation);
  const path = join(folder, 'store.h5');
  await writeStore(path, {
    camera: cameraOf(simulation),
    config: { simulation },
    sources: [],
    images: drawn.map((one) => ('pixels' in one ? one.pixels : new Uint8Array(16 * 16 * 3))),
    rows: crystals.map((crystal, i) => ({
      key: crystal.id,
      split: SPLITS[[0, 0, 1, 2, 2][i % 5]!]!,
      facts: {
        ...{ spaceGroup: crystal.spaceGroup, material: crystal.material, formula: crystal.formula },
        ...{ energy: 100, thickness: 100, inPlane: null, semiAngles: null, spacings: null },
        ...{
          cell: crystal.cell,
          crystal,
          zones: [
            [0, 0, 1],
            [1, 0, 0],
            [1, 1, 0],
          ],
        },
      },
    })),
  });
  store = await openStore(path);
}, 60_000);

const arms = [
  { name: 'none' },
  { name: 'made', synthetic: 'crystals-random', each: 3, undersample: 1 },
  { name: 'turns', synthetic: 'crystals-random', each: 3, pretrain: 0.5 },
  { name: 'copies', synthetic: 'copies', each: 3 },
];
const studyOf = (settings: object = {}) =>
  studySchema.parse({
    ...{ name: 'x', data: store.path, baseline: 'none', seeds: 2, splits: 2, gans: 2 },
    ...{ arms, withheld: 2, updates: 4, batch: 8, ...settings },
  });
const divided = (split: number, study = studyOf()) =>
  divideStore(store, { split, budget: null }, study);

describe('withheld groups', () => {
  it('rotate: each few-shot group is left out once', () => {
    const study = studyOf({ withheld: 3, splits: 3 });
    const out = [0, 1, 2].map((split) => divided(split, study).withheld);
    expect(out[0]).toEqual([136, 225]);
    expect(out.flat().sort()).toEqual(GROUPS);
    expect(divided(0, studyOf({ withheld: undefined })).store.digest).toBe(store.digest);
  });

  it.each([0, 1])('stand nowhere but in the test rows (split %i)', (split) => {
    const { store: seen, whole, withheld } = divided(split);
    expect(withheld).toHaveLength(2);
    const groupsOf = (part: 'train' | 'validation') =>
      new Set(Array.from(seen.examples(part).labels, (label) => seen.classes[label]!));
    for (const part of ['train', 'validation'] as const) {
      expect([...groupsOf(part)]).toEqual(GROUPS.filter((group) => !withheld.includes(group)));
    }
    expect(seen.examples('test').materials).toEqual(whole.examples('test').materials);
    expect(seen.classes).toEqual(GROUPS);
  });

  it('show no crystal to the sources of crystals or to a crystal GAN', () => {
    const { store: seen, withheld } = divided(0);
    const known = knownCrystals(seen);
    const data = crystalData(seen, new Set());
    const learned = [...known.byGroup.values()].flat().concat(data.training, data.others);
    expect(learned.filter(({ spaceGroup }) => withheld.includes(spaceGroup))).toEqual([]);
    // The test minerals of withheld groups still may not be made.
    expect(data.heldOut.some(({ spaceGroup }) => withheld.includes(spaceGroup))).toBe(true);
  });

  it('get made rows, are judged, and are reported as learned from no material', {
    timeout: 60_000,
  }, async () => {
    const study = studyOf({ seeds: 1 });
    const opened = openStudyFolder(join(folder, 'study'), study);
    await makePools(opened, silentProgress);
    const cells = planCells(study);
    const archive = await openArchive(poolFile(opened, cells[1]!, poolsOf(cells[1]!)[0]!));
    const outcomes = [];
    for (const cell of cells) outcomes.push(await runCell({ folder: opened, cell }));
    const { withheld } = divided(0);
    for (const group of GROUPS) {
      expect(archive.labels.filter((label) => label === group)).toHaveLength(3);
    }
    expect(outcomes.map(({ withheld: out }) => out)).toEqual(cells.map(() => withheld));
    // One real row of two classes stays of four; copies have nothing to copy of the withheld two.
    expect(outcomes.map(({ training }) => [training.real, training.synthetic])).toEqual([
      [4, 0],
      [2, 12],
      [4, 12],
      [4, 6],
    ]);
    const shots = shotRecalls(outcomes.map(shotResult));
    expect(shots.map((one) => [one.shots, one.classes])).toEqual([
      ['0', 8],
      ['2-5', 8],
    ]);
    expect(outcomes[1]!.digests.classifier).not.toBe(outcomes[2]!.digests.classifier);
  });
});
