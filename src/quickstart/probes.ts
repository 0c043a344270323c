import { loadClassifier } from '../../classifier/load.ts';
import { GanModel } from '../../gan/model.ts';
import { openArchive } from '../../synthetic/open.ts';
import type { Provenance } from '../../synthetic/provenance.ts';
import { makersFolder } from '../benchmark/makers.ts';
import { openStore } from '../dataset/store.ts';
import { type ProbeFigures, probePair } from '../report/probe.ts';
import { dataUrl, writeFigure } from '../report/raster.ts';
import { tripletPicture } from '../report/sheet.ts';
import { type Story, stage } from './stages.ts';
import type { StoryStudy } from './train.ts';

export interface StoryProbes {
  /** Probe figures as SVG, with their names. */
  figures: { name: string; svg: string }[];
  /** Triplets along the path between two classes, for the slider. */
  frames: { image: string; caption: string }[];
}

/** Boundary and random samples that the figures show. */
const SHOWN = 6;

/** The accepted boundary sample that lies nearest to its boundary: its pair is probed. */
function nearestSample(passports: readonly Provenance[]): Provenance | null {
  const near = passports.filter(
    ({ partner, margin, accepted }) => accepted && partner !== null && margin !== null,
  );
  near.sort((a, b) => Math.abs(a.margin!) - Math.abs(b.margin!));
  return near[0] ?? null;
}

/** The path's triplets with what the guide says where they stand. */
function slides(
  probe: ProbeFigures,
  [own, partner]: readonly [number, number],
  size: number,
): Promise<StoryProbes['frames']> {
  return Promise.all(
    probe.frames.map(async ({ t, pixels }) => {
      const { curve } = probe;
      const at = curve.reduce((a, b) => (Math.abs(b.t - t) < Math.abs(a.t - t) ? b : a));
      return {
        image: await dataUrl(tripletPicture(pixels, size), 3),
        caption: `t = ${t.toFixed(2)}: p(${own}) = ${at.own.toFixed(2)}, p(${partner}) = ${at.partner.toFixed(2)}`,
      };
    }),
  );
}

async function probe(story: Story, made: StoryStudy, storePath: string, sample: Provenance) {
  const makers = (...parts: string[]) => made.folder.sharedFile(makersFolder(made.cell), ...parts);
  const store = await openStore(storePath);
  const model = GanModel.load(makers('gan', 'model.safetensors'));
  const guide = await loadClassifier(makers('guide'));
  const verifier = await loadClassifier(makers('verifier'));
  try {
    const pair = [sample.class, sample.partner!] as const;
    const { seed, progress } = story;
    const found = await probePair(
      { store, model, guide, verifiers: [verifier] },
      { pair, count: SHOWN, seed, progress },
    );
    return { figures: found.figures, frames: await slides(found, pair, store.size) };
  } finally {
    for (const thing of [model, guide, verifier]) thing.dispose();
    store.close();
  }
}

/** The probe figures of the pair whose sample lies nearest to the boundary, and its path. */
export async function drawProbes(
  story: Story,
  made: StoryStudy,
  storePath: string,
): Promise<StoryProbes> {
  return stage(story, 'Probing the boundary', async () => {
    const sample = nearestSample((await openArchive(made.archive)).provenance ?? []);
    if (!sample) {
      story.say('  no accepted sample near a boundary: nothing to probe');
      return { figures: [], frames: [], wrote: [story.run.folder] };
    }
    const found = await probe(story, made, storePath, sample);
    const wrote = await Promise.all(
      found.figures.map(async ({ name, svg }) => {
        return (await writeFigure(story.run.file('probe', name), svg)).png;
      }),
    );
    return { ...found, wrote };
  });
}
