import { writeAtomic } from '../common/files.ts';
import { storyText } from '../report/pages/story-text.ts';
import { compareFolder } from '../report/pages/study-files.ts';
import { studyPage } from '../report/pages/study-page.ts';
import type { StudyParts } from '../report/pages/study-parts.ts';
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
