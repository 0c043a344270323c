import { join } from 'node:path';
import { fromPixels } from '../../src/dataset/intensity/transform.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { type ToyOptions, toyExamples } from './toy-examples.ts';

/** Toy triplets as samples with a cell and a formula. */
export function toySamples(options: ToyOptions): Sample[] {
  const examples = toyExamples(options);
  const { size } = examples;
  return Array.from(examples.labels, (label, i) => ({
    key: `sample_${i}_0`,
    camera: defaultCamera(size),
    stack: fromPixels(examples.images([i]), size),
    spaceGroup: examples.classes[label]!,
    material: examples.materials[i]!,
    formula: 'Fe2 O3',
    energy: 100,
    zones: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    inPlane: null,
    semiAngles: null,
    spacings: null,
    cell: [4 + label, 5, 6, 90, 90, 90],
    thickness: 100,
  }));
}

/** A Summit file of toy triplets and the store prepared from it, split by material. */
export async function toyStore(folder: string, options: ToyOptions) {
  const summit = join(folder, 'toy.h5');
  await writeSummit(summit, toySamples(options));
  const store = join(folder, 'prepared.h5');
  await prepareStore([summit], store, {
    size: options.size ?? 16,
    split: 'material',
    seed: 1,
    workers: 0,
  });
  return { summit, store };
}
