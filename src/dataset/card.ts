import { basename } from 'node:path';
import { cardBeside, OWN_LICENCE, USER_LICENCE, writeCard } from '../common/card.ts';
import { MINERALS_CITATION } from '../crystal/minerals.ts';
import type { Camera } from '../simulate/camera.ts';
import { bandOf, type Census, learnableMaterials } from './census.ts';

const SIMULATION_CITATION =
  'E. J. Kirkland, Advanced Computing in Electron Microscopy, Springer (2010).';
/** The works behind the data that this project makes. */
export const DATA_CITATIONS = [MINERALS_CITATION, SIMULATION_CITATION];

/** The size category of Hugging Face. */
export const sizeCategory = (count: number): string =>
  count < 1000
    ? 'n<1K'
    : count < 10_000
      ? '1K<n<10K'
      : count < 100_000
        ? '10K<n<100K'
        : '100K<n<1M';

const bands = ({ classes }: Census): string =>
  (['many', 'medium', 'few'] as const)
    .map(
      (band) =>
        `${band} ${classes.filter((one) => bandOf(learnableMaterials(one)) === band).length}`,
    )
    .join(', ');

/** What a store's card tells of it. */
export interface StoreFacts {
  census: Census;
  camera: Camera;
  /** Names of what it was made from. */
  sources: readonly string[];
  digest: string;
  /** Whether this project made the crystals and simulated them: a built-in task. */
  own?: boolean;
}

/** Writes the dataset card of a prepared store beside it. */
export function writeStoreCard(
  path: string,
  { census, camera, sources, digest, own = false }: StoreFacts,
): void {
  const name = basename(path).replace(/\.h5$/, '');
  const { samples, classes, imbalance, bySplit } = census;
  const split = Object.entries(bySplit)
    .map(([part, one]) => `${part} ${one.samples} triplets of ${one.materials} materials`)
    .join('; ');
  const energies = census.energies.map(([energy]) => energy).filter(Number.isFinite);
  writeCard(cardBeside(path), {
    title: `${name}: CBED triplets and their space groups`,
    front: {
      ...(own ? OWN_LICENCE : USER_LICENCE),
      pretty_name: name,
      task_categories: ['image-classification'],
      size_categories: [sizeCategory(samples)],
      tags: ['cbed', 'electron-diffraction', 'space-group', 'class-imbalance'],
    },
    about:
      `${samples} triplets: three convergent-beam electron diffraction patterns of one material along three zone axes, ` +
      `labelled with ${classes.length} space groups. Grey levels 10 (ln I + 17), uint8 (N, ${camera.size}, ${camera.size}, 3).`,
    origin: {
      sources:
        sources.length > 3 ? `${sources.length} files, first ${sources[0]}` : sources.join(', '),
      patterns: own ? 'simulated' : 'as the sources say',
      digest,
    },
    figures: {
      split,
      'space groups by training materials': bands(census),
      'largest class over smallest': `${imbalance.materials.toFixed(1)} in materials, ${imbalance.samples.toFixed(1)} in triplets`,
      'space groups of one material, which cannot be tested': census.singletons.length,
      'pixel, 1/angstrom': camera.pixel,
      'beam energies, keV': energies.join(', ') || 'not known',
    },
    limits: [
      'Triplets of one material are near-duplicates: never divide them between training and test.',
      ...(own ? ['Simulated: zero-order Laue zone, no inelastic scattering, no detector.'] : []),
      'Labels are those of the sources.',
    ],
    licence: own
      ? 'MIT; the structures are facts from the database cited below.'
      : 'That of the sources; state it here before you publish.',
    citations: own ? DATA_CITATIONS : [],
  });
}
