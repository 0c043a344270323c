import type { PageText } from './study-page.ts';

/** The words of a quickstart's page. */
export const storyText = ({ minutes, seed }: { minutes: number; seed: number }): PageText => ({
  title: 'Synthetic CBED triplets for rare space groups: quickstart',
  subtitle:
    'Real minerals, simulated patterns; a GAN in the space of disc intensities and lattices; tested on real-crystal triplets of unseen materials.',
  command: `npx gan quickstart --minutes ${minutes} --seed ${seed}`,
});
