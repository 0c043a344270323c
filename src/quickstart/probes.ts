import { loadClassifier } from '../../classifier/load.ts';
import { GanModel } from '../../gan/model.ts';
import { drawTriplets, latentOf } from '../../gan/sample.ts';
import { openArchive } from '../../synthetic/open.ts';
import type { Provenance } from '../../synthetic/provenance.ts';
import { openStore } from '../dataset/store.ts';
import { dataUrl } from '../report/raster.ts';
import { tripletPicture } from '../report/sheet.ts';
import { type Story, stage } from './stages.ts';
import type { StoryStudy } from './train.ts';

export interface StoryProbes {
  /** Probe figures as SVG, with their names. */
  figures: { name: string; svg: string }[];
  /** Triplets along the path between two classes, for the slider. */
  frames: { image: string; caption: string }[];
}

/** Triplets along the path. */
const FRAMES = 9;

/** The accepted boundary sample whose path is shown: the one nearest to the boundary. */
function shownSample(passports: readonly Provenance[]): Provenance | null {
  const near = passports.filter(
    ({ partner, margin, accepted }) => accepted && partner !== null && margin !== null,
  );
  near.sort((a, b) => Math.abs(a.margin!) - Math.abs(b.margin!));
  return near[0] ?? null;
}

/** Draws the triplets from a class to its partner, with what the guide says of each. */
async function pathFrames(
  made: StoryStudy,
  story: Story,
  sample: Provenance,
): Promise<StoryProbes['frames']> {
  const model = GanModel.load(story.run.file('gan', 'model.safetensors'));
  const guide = await loadClassifier(story.run.file('classifier'));
  try {
    const [label, partner] = [model.labelOf(sample.class), model.labelOf(sample.partner!)];
    const z = latentOf(model, { seed: made.cell.gan, spaceGroup: sample.class, index: 0 });
    const shares = Array.from({ length: FRAMES }, (_, i) => i / (FRAMES - 1));
    const drawn = await drawTriplets(
      model,
      shares.map((t) => ({ label, partner, t, z })),
    );
    return Promise.all(
      drawn.map(async ({ pixels }, i) => {
        const p = guide.predict(pixels);
        const { size } = guide;
        return {
          image: await dataUrl(tripletPicture(pixels, size), 3),
          caption: `t = ${shares[i]!.toFixed(2)}: p(${sample.class}) = ${p[label]!.toFixed(2)}, p(${sample.partner}) = ${p[partner]!.toFixed(2)}`,
        };
      }),
    );
  } finally {
    model.dispose();
    guide.dispose();
  }
}

/** The probe figures of the pair whose sample lies nearest to the boundary, and its path. */
export async function drawProbes(
  story: Story,
  made: StoryStudy,
  storePath: string,
): Promise<StoryProbes> {
  return stage(story, 'Probing the boundary', async () => {
    const store = await openStore(storePath);
    try {
      const archive = await openArchive(made.archive);
      const sample = shownSample(archive.provenance ?? []);
      if (!sample) {
        story.say('  no accepted sample near a boundary: nothing to probe');
        return { figures: [], frames: [], wrote: [story.run.folder] };
      }
      const frames = await pathFrames(made, story, sample);
      return { figures: [], frames, wrote: [story.run.folder] };
    } finally {
      store.close();
    }
  });
}
