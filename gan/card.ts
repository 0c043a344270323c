import { type Card, USER_LICENCE } from '../src/common/card.ts';
import type { Generator } from './generator.ts';

/** How far a training came: kernel distances to real triplets, where they were measured. */
export interface TrainingFigures {
  steps?: number;
  quality?: { trained: number | null; untrained: number | null; floor: number | null };
}

const distanceText = (value: number | null): string => value?.toPrecision(3) ?? 'too few triplets';

/** The model card of a generator. */
export function generatorCard(
  { kind, classes, size, lineage, digest }: Generator,
  { steps, quality }: TrainingFigures,
): Card {
  return {
    title: `Synthetic CBED triplets: ${kind} GAN`,
    front: {
      ...USER_LICENCE,
      library_name: 'cbed-gan',
      pipeline_tag: 'unconditional-image-generation',
      tags: ['cbed', 'electron-diffraction', 'space-group', 'gan', kind],
    },
    about: `Makes CBED triplets (${size} x ${size} pixels, three zone axes) of a space group that is asked for.`,
    origin: {
      'prepared store': lineage.store,
      'training materials': lineage.materials.length,
      steps: steps ?? 'not known',
      digest,
    },
    figures: {
      'space groups': classes.join(', '),
      'training materials of each': lineage.counts.join(', '),
      ...(quality && {
        'KID in random convolutions': distanceText(quality.trained),
        'the same before the first step': distanceText(quality.untrained),
        'real against real': distanceText(quality.floor),
      }),
    },
    limits: [
      'Learned from training materials only; samples are for training, never for testing.',
      'A sample is worth what the checks say of it: gan score.',
      'Whether its samples help a classifier is the question of gan bench, not of this card.',
    ],
    licence: 'That of the data it was trained on; state it here before you publish.',
    citations: [],
  };
}
