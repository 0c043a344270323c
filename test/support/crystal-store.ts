import { simulateCrystals } from '../../gan/crystal/simulation.ts';
import { Stream } from '../../src/common/stream.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { SPLITS } from '../../src/dataset/split.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { writeStore } from '../../src/dataset/store/store-write.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { cameraOf } from '../../src/simulate/triplets.ts';

/** Parts of the five crystals of a group. */
const PARTS = [0, 0, 1, 2, 2] as const;

/** A store of generated crystals at 16 pixels: two training, one validation and two test materials a group. */
export async function crystalStore(path: string, groups: readonly number[]): Promise<Store> {
  const simulation = simulationSchema.parse({ size: 16 });
  const crystals = groups.flatMap((spaceGroup) =>
    PARTS.map((_, i) => {
      const id = `generated:${spaceGroup}-${i}`;
      return generateCrystal({ spaceGroup, stream: new Stream(i, `${spaceGroup}`), id });
    }),
  );
  const drawn = await simulateCrystals(crystals, simulation);
  await writeStore(path, {
    camera: cameraOf(simulation),
    config: { simulation },
    sources: [],
    images: drawn.map((one) => ('pixels' in one ? one.pixels : new Uint8Array(16 * 16 * 3))),
    rows: crystals.map((crystal, i) => ({
      key: crystal.id,
      split: SPLITS[PARTS[i % PARTS.length]!]!,
      facts: {
        ...{ spaceGroup: crystal.spaceGroup, material: crystal.material, formula: crystal.formula },
        ...{ energy: 100, thickness: 100, inPlane: null, semiAngles: null, spacings: null },
        ...{ cell: crystal.cell, crystal },
        zones: [
          [0, 0, 1],
          [1, 0, 0],
          [1, 1, 0],
        ],
      },
    })),
  });
  return openStore(path);
}
