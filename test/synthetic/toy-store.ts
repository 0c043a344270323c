import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stream } from '../../src/common/stream.ts';
import type { Split } from '../../src/dataset/split.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { writeStore } from '../../src/dataset/store/store-write.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import type { ArchiveContents } from '../../synthetic/archive/archive.ts';
import { passportOf, recordMaterials } from '../../synthetic/archive/passport.ts';
import { splitDigest } from '../../synthetic/leak-guard.ts';
import { toySample } from './toys.ts';

export const TOY_SIZE = 32;
export const TOY_CLASSES = [14, 62, 225];

const toyRow = (spaceGroup: number, split: Split, n: number) => ({
  key: `sample_${split}${spaceGroup}_${n}`,
  split,
  facts: {
    spaceGroup,
    material: `${split}-${spaceGroup}-${n}`,
    formula: 'Si1',
    energy: 100,
    zones: [
      [0, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ] as const,
    inPlane: null,
    semiAngles: null,
    spacings: null,
    cell: null,
    thickness: 100,
  },
});

/** A store of three classes with `counts` training triplets, and four held-out ones each. */
export async function toyStore(
  counts: readonly number[],
  name = 'store',
  draw: (label: number, stream: Stream) => Uint8Array = toySample,
): Promise<Store> {
  const path = join(mkdtempSync(join(tmpdir(), 'toy-')), `${name}.h5`);
  const stream = new Stream(1, name);
  const rows = TOY_CLASSES.flatMap((spaceGroup, label) =>
    (['train', 'validation', 'test'] as const).flatMap((split) =>
      Array.from({ length: split === 'train' ? counts[label]! : 4 }, (_, n) =>
        toyRow(spaceGroup, split, n),
      ),
    ),
  );
  const images = rows.map((row) => draw(TOY_CLASSES.indexOf(row.facts.spaceGroup), stream));
  await writeStore(path, {
    camera: defaultCamera(TOY_SIZE),
    rows,
    images,
    config: {},
    sources: [],
  });
  return openStore(path);
}

/** An archive of accepted new samples of the class, as a generator that learned from the store makes it. */
export function toyArchive(store: Store, counts: readonly number[], seed = 2): ArchiveContents {
  const stream = new Stream(seed, 'archive');
  const labels = TOY_CLASSES.flatMap((c, label) => Array<number>(counts[label]!).fill(c));
  const triplets = labels.map((c) => toySample(TOY_CLASSES.indexOf(c), stream));
  const seen = (digest: string) => recordMaterials(digest, store.examples('train').materials);
  return {
    size: TOY_SIZE,
    images: Uint8Array.from(triplets.flatMap((t) => [...t])),
    labels,
    classes: TOY_CLASSES,
    camera: store.camera,
    passports: labels.map((c, i) =>
      passportOf(c, {
        accepted: true,
        ...(i % 2 && {
          partner: TOY_CLASSES.find((other) => other !== c)!,
          share: 0.4,
          margin: 0.1,
        }),
      }),
    ),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan: seen('gan'),
      guide: seen('guide'),
      verifiers: [seen('verifier')],
      scalers: seen('scalers'),
    },
  };
}
