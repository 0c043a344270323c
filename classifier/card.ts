import { type Card, USER_LICENCE } from '../src/common/card.ts';
import { percentText } from '../src/common/log.ts';
import { hermannMauguin } from '../src/crystal/spacegroup.ts';
import type { TrainedClassifier } from './classifier.ts';

/** The model card of a classifier. */
export function classifierCard(classifier: TrainedClassifier, network: string): Card {
  const { classes, size, camera, digest, seen, training } = classifier;
  const best = training?.history.validation.find(({ update }) => update === training.bestUpdate);
  const score: Record<string, string> = best
    ? { 'macro-F1 on validation materials': percentText(best.macroF1) }
    : {};
  return {
    title: `Space groups from CBED triplets: ${network} classifier`,
    front: {
      ...USER_LICENCE,
      library_name: 'cbed-gan',
      pipeline_tag: 'image-classification',
      tags: ['cbed', 'electron-diffraction', 'space-group', 'class-imbalance'],
      metrics: ['f1'],
    },
    about:
      `Takes three patterns of one material along three zone axes (${size} x ${size} pixels) and gives calibrated ` +
      `probabilities of ${classes.length} space groups.`,
    origin: {
      'training materials': seen.materials.length,
      'digest of their list': seen.digest,
      techniques: training?.techniques.join(', ') || 'none',
      updates: training?.updates ?? 'not known',
      seed: training?.seed ?? 'not known',
      ...(camera && { 'pixel of its inputs, 1/angstrom': camera.pixel }),
      digest,
    },
    figures: {
      network,
      'space groups': classes.map((one) => `${one} ${hermannMauguin(one)}`).join(', '),
      ...score,
    },
    limits: [
      'Knows the space groups above only: any other material is given one of them.',
      'The validation figure chose the weights and the temperature; for a fair one: gan classify evaluate.',
      'Other zone axes, thicknesses, energies or detectors than in training are not tested.',
    ],
    licence: 'That of the data it was trained on; state it here before you publish.',
    citations: [],
  };
}
