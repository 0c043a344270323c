import type { Comparison } from '../benchmark/compare.ts';
import { writeAtomic } from '../ground/files.ts';
import { figureHtml, foldedHtml, page, slidesHtml, tableHtml } from '../report/page.ts';
import { studySections, toneOf } from '../report/study.ts';
import type { StoryData } from './data.ts';
import type { StoryPictures } from './pictures.ts';
import type { StoryProbes } from './probes.ts';
import type { Story } from './stages.ts';
import type { StoryStudy } from './train.ts';

export interface StoryParts {
  data: StoryData;
  made: StoryStudy;
  pictures: StoryPictures;
  probes: StoryProbes;
  comparison: Comparison;
}

const learnedTable = ({ learned }: StoryPictures): string =>
  tableHtml([
    ['feature space', 'KID, trained generator', 'KID, untrained generator'],
    ...learned.map(({ space, trained, untrained }) => [
      space,
      trained.toPrecision(3),
      untrained.toPrecision(3),
    ]),
  ]);

/** Writes report.html of a quickstart: self-contained, opening with the verdict. */
export function writeStoryPage(story: Story, parts: StoryParts): string {
  const { data, made, pictures, probes, comparison } = parts;
  const { figures } = pictures;
  const file = story.run.file('report.html');
  const html = page({
    title: 'Synthetic CBED triplets for rare space groups: quickstart',
    subtitle:
      'Real minerals, simulated patterns; a GAN in the space of disc intensities and lattices; tested on real-crystal triplets of unseen materials.',
    lead: { tone: toneOf(comparison), lines: comparison.verdict },
    sections: [
      {
        heading: 'How imbalanced the data are',
        body:
          figureHtml(data.histogram, 'training samples of each space group') +
          figureHtml(data.sheet, 'example triplets'),
      },
      {
        heading: 'Real and synthetic',
        body:
          figureHtml(figures.gallery, 'real, accepted and rejected triplets') +
          learnedTable(pictures) +
          figureHtml(figures.realism, 'realism of the samples') +
          figureHtml(figures.floors, 'precision, recall, density and coverage beside their floors'),
      },
      {
        heading: 'At the boundary',
        body:
          probes.figures.map(({ svg, name }) => figureHtml(svg, name)).join('') +
          (probes.frames.length > 0
            ? slidesHtml(probes.frames, 'position between the two classes')
            : ''),
      },
      {
        heading: 'What the classifier trained on',
        body: figureHtml(figures.mix, 'class counts before and after mixing'),
      },
      ...studySections(comparison),
      {
        heading: 'How to repeat it',
        body: `<pre>npx gan quickstart --seed ${story.seed}</pre>${foldedHtml('resolved settings', JSON.stringify(made.folder.study, null, 2))}`,
      },
    ],
  });
  writeAtomic(file, html);
  return file;
}
