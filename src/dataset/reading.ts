import { type Catalogue, type ReadGuard, readCatalogue, reviveCatalogue } from './catalogue.ts';
import { makePart, type PartPlan } from './part.ts';
import { type Survey, type SurveyPlan, surveyFile } from './survey.ts';

/** A piece of reading that may be done by another process. */
export type Reading =
  | { kind: 'catalogue'; path: string }
  | { kind: 'part'; plan: PartPlan }
  | { kind: 'survey'; plan: SurveyPlan };

/** The file that is read. */
export const readingFile = (reading: Reading): string =>
  reading.kind === 'catalogue' ? reading.path : reading.plan.path;

/** Does it; a catalogue or a survey comes back as JSON, a part stands in its file. */
export async function performReading(reading: Reading, guard: ReadGuard): Promise<string> {
  switch (reading.kind) {
    case 'catalogue':
      return JSON.stringify(await readCatalogue(reading.path, guard));
    case 'survey':
      return JSON.stringify(await surveyFile(reading.plan, guard));
    case 'part':
      await makePart(reading.plan, guard);
      return '';
  }
}

/** The catalogue in a result. */
export const catalogueFrom = (result: string): Catalogue => reviveCatalogue(result);

/** The survey in a result. */
export const surveyFrom = (result: string): Survey => JSON.parse(result) as Survey;

/** What the parent tells a reading process. */
export interface Order {
  reading: Reading;
  skip: string[];
  careful: boolean;
}

/** What a reading process tells its parent. */
export type Word = { started: true } | { at: string } | { result: string } | { failed: string };
