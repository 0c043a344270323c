import { readFileSync } from 'node:fs';
import { GanModel } from '../../gan/model.ts';
import { drawTriplets, randomOrigins } from '../../gan/sample.ts';
import type { SyntheticArchive } from '../../synthetic/archive.ts';
import { refuseLeaks } from '../../synthetic/leak.ts';
import { kid } from '../../synthetic/metrics/kid.ts';
import { openArchive } from '../../synthetic/open.ts';
import type { Score } from '../../synthetic/score.ts';
import { convolutionSpace, physicsSpace, type Space } from '../../synthetic/spaces/space.ts';
import { makersFolder } from '../benchmark/makers.ts';
import { armMixture } from '../benchmark/training-set.ts';
import { openStore, type Store } from '../dataset/store.ts';
import { writeJson } from '../ground/files.ts';
import { Stream } from '../ground/stream.ts';
import { mixFigure } from '../report/mix.ts';
import { writeFigure } from '../report/raster.ts';
import { drawScore } from '../report/realism-draw.ts';
import { type Story, stage } from './stages.ts';
import type { StoryStudy } from './train.ts';

/** KID of generated and of untrained samples of the rare classes against real training ones. */
export interface Learned {
  space: string;
  trained: number;
  untrained: number;
}

const columns = (store: Store, labels: ReadonlySet<number>) => {
  const train = store.examples('train');
  const rows = [...train.labels.keys()].filter((row) => labels.has(train.labels[row]!));
  return { pixels: train.images(rows), count: rows.length };
};

async function drawnBy(path: string, labels: readonly number[], seed: number) {
  const model = GanModel.load(path);
  try {
    const origins = labels.flatMap((spaceGroup) =>
      randomOrigins(model, { spaceGroup, count: 8, seed }),
    );
    const drawn = await drawTriplets(model, origins);
    const each = drawn[0]!.pixels.length;
    const pixels = new Uint8Array(drawn.length * each);
    drawn.forEach((one, i) => {
      pixels.set(one.pixels, i * each);
    });
    return { pixels, count: drawn.length };
  } finally {
    model.dispose();
  }
}

/** Whether the GAN learned: its rare classes against those of the generator before training. */
export async function whatItLearned(
  story: Story,
  made: StoryStudy,
  store: Store,
  archive: SyntheticArchive,
): Promise<Learned[]> {
  const rare = [...new Set(archive.labels)];
  const path = (name: string) => made.folder.sharedFile(makersFolder(made.cell), 'gan', name);
  const { size, camera } = store;
  const real = {
    ...columns(store, new Set(rare.map((group) => store.classes.indexOf(group)))),
    size,
  };
  const whole = columns(store, new Set(store.classes.keys()));
  const spaces: Space[] = [
    convolutionSpace(new Stream(story.seed, 'quickstart/kid')),
    physicsSpace({ ...whole, size, centre: camera.centre }),
  ];
  const centred = <T extends object>(triplets: T) => ({ ...triplets, size, centre: camera.centre });
  const trained = centred(await drawnBy(path('model.safetensors'), rare, story.seed));
  const untrained = centred(await drawnBy(path('untrained.safetensors'), rare, story.seed));
  return spaces.map((space) => {
    const features = space.embed(centred(real));
    return {
      space: space.name,
      trained: kid(features, space.embed(trained)),
      untrained: kid(features, space.embed(untrained)),
    };
  });
}

export interface StoryPictures {
  learned: Learned[];
  /** SVG texts by name. */
  figures: { gallery: string; realism: string; floors: string; mix: string };
}

/** Draws the judged samples beside real ones, and the class counts before and after mixing. */
export async function drawSynthetic(
  story: Story,
  made: StoryStudy,
  storePath: string,
): Promise<StoryPictures> {
  return stage(story, 'Drawing real and synthetic triplets side by side', async () => {
    const store = await openStore(storePath);
    try {
      const archive = await openArchive(made.archive);
      const score = JSON.parse(
        readFileSync(made.archive.replace(/\.h5$/, '.score.json'), 'utf8'),
      ) as Score;
      const folder = story.run.file('score', 'figures');
      await drawScore(folder, { score, archive, train: store.examples('train') });
      const mixture = armMixture(
        made.cell.arm,
        refuseLeaks(archive, store),
        new Stream(story.seed, 'quickstart/mix'),
      );
      const counts = await writeFigure(
        story.run.file('mix', 'counts'),
        mixFigure(mixture.perClass),
      );
      const learned = await whatItLearned(story, made, store, archive);
      writeJson(story.run.file('learned.json'), learned);
      for (const { space, trained, untrained } of learned) {
        story.say(
          `  KID of rare classes in ${space}: ${trained.toPrecision(3)} (untrained generator ${untrained.toPrecision(3)})`,
        );
      }
      const svg = (name: string) => readFileSync(`${folder}/${name}.svg`, 'utf8');
      const figures = {
        gallery: svg('gallery'),
        realism: svg('realism'),
        floors: svg('floors'),
        mix: readFileSync(counts.svg, 'utf8'),
      };
      return { learned, figures, wrote: [folder, counts.png, story.run.file('learned.json')] };
    } finally {
      store.close();
    }
  });
}
