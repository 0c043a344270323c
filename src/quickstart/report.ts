import { writeAtomic } from '../ground/files.ts';
import { storyText } from '../report/story-text.ts';
import { compareFolder } from '../report/study-files.ts';
import { studyPage } from '../report/study-page.ts';
import type { StudyParts } from '../report/study-parts.ts';
import type { Budget } from './budget.ts';
import type { Story } from './stages.ts';
import type { StoryStudy } from './train.ts';

/** Writes report.html of a quickstart: the page of its study, in a quickstart's words. */
export function writeStoryPage(
  story: Story,
  { made, parts, budget }: { made: StoryStudy; parts: StudyParts; budget: Budget },
): string {
  const file = story.run.file('report.html');
  const { compared, outcomes } = compareFolder(made.folder);
  const text = storyText({ ...budget, seed: story.seed });
  writeAtomic(file, studyPage({ ...text, compared, outcomes, parts }));
  return file;
}
