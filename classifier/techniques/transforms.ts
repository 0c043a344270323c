import { dilation, flips, gain, noise, rotation, shift } from '../augment.ts';
import type { Recipe, Transform } from '../recipe.ts';
import { technique } from '../technique.ts';

const adding = (recipe: Recipe, transform: Transform): Recipe => ({
  ...recipe,
  transforms: [...recipe.transforms, transform],
});

const classical = 'classical augmentation, valid for CBED';

export const TRANSFORM_TECHNIQUES = [
  technique({
    name: 'flips',
    roles: ['transform'],
    summary: 'each pattern mirrored at random (not for enantiomorphic groups)',
    source: classical,
    defaults: {},
    apply: (recipe) => adding(recipe, flips()),
  }),
  technique({
    name: 'dilation',
    roles: ['transform'],
    summary: 'the triplet dilated by exp(N(0, sd)), as by another lattice constant',
    source: classical,
    defaults: { sd: 0.06 },
    apply: (recipe, { sd }) => adding(recipe, dilation(sd)),
  }),
  technique({
    name: 'rotation',
    roles: ['transform'],
    summary: 'the triplet rotated about the beam by N(0, sd) degrees',
    source: classical,
    defaults: { sd: 5 },
    apply: (recipe, { sd }) => adding(recipe, rotation(sd)),
  }),
  technique({
    name: 'shift',
    roles: ['transform'],
    summary: 'the triplet shifted by whole pixels',
    source: classical,
    defaults: { most: 2 },
    apply: (recipe, { most }) => adding(recipe, shift(most)),
  }),
  technique({
    name: 'gain',
    roles: ['transform'],
    summary: 'intensities multiplied by 1 + N(0, sd)',
    source: classical,
    defaults: { sd: 0.1 },
    apply: (recipe, { sd }) => adding(recipe, gain(sd)),
  }),
  technique({
    name: 'noise',
    roles: ['transform'],
    summary: 'normal noise of sd in network units',
    source: classical,
    defaults: { sd: 0.02 },
    apply: (recipe, { sd }) => adding(recipe, noise(sd)),
  }),
];
