import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readStudyFolder, type StudyFolder } from '../../benchmark/study/folder.ts';
import { readJson } from '../../common/run.ts';
import { storyText } from './story-text.ts';
import type { PageText } from './study-page.ts';

/** A study folder, alone or inside a quickstart run. */
export interface StudyRun {
  folder: StudyFolder;
  text: PageText;
}

const studyText = ({ path, study }: StudyFolder): PageText => ({
  title: `Does synthetic data help? Study "${study.name}"`,
  subtitle: `${study.arms.length} arms, ${study.seeds} seeds, every arm with equal updates, judged on real ${study.comparedOn} triplets of unseen materials`,
  command: `npx gan bench run --study ${join(path, 'study.json')} --out NEW-FOLDER`,
});

/** The study of a run folder; null for runs of other commands. */
export function studyRun(path: string): StudyRun | null {
  if (existsSync(join(path, 'study.json'))) {
    const folder = readStudyFolder(path);
    return { folder, text: studyText(folder) };
  }
  if (!existsSync(join(path, 'study', 'study.json'))) return null;
  const config = readJson<Parameters<typeof storyText>[0]>(join(path, 'config.json'));
  return { folder: readStudyFolder(join(path, 'study')), text: storyText(config) };
}
