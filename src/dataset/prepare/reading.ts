import type { Fault } from '../../common/errors.ts';
import type { ExternalAccess } from '../hdf5/external.ts';
import type { Survey, SurveyPlan } from '../inspect/survey.ts';
import type { ReadGuard } from '../summit/catalogue.ts';
import type { Assembly } from './assemble.ts';
import type { PartPlan } from './part.ts';

/** A piece of work that may be done by another process. */
export type Reading = { external?: ExternalAccess } & (
  | { kind: 'catalogue'; path: string; index: string }
  | { kind: 'part'; plan: PartPlan }
  | { kind: 'survey'; plan: SurveyPlan }
  | { kind: 'assembly'; plan: Assembly }
);

/** The file that is read, or put together. */
export const readingFile = (reading: Reading): string =>
  reading.kind === 'catalogue' ? reading.path : reading.plan.path;

/**
 * Does it; what is found comes back as JSON, a part stands in its file. What a kind of reading
 * takes is loaded for the first of it: the process that orders readings needs none of it.
 */
export async function performReading(reading: Reading, given: ReadGuard): Promise<string> {
  const guard = { ...given, external: reading.external };
  switch (reading.kind) {
    case 'catalogue': {
      const { indexFile } = await import('../summit/catalogue.ts');
      return indexFile(reading, guard);
    }
    case 'survey': {
      const { surveyFile } = await import('../inspect/survey.ts');
      return JSON.stringify(await surveyFile(reading.plan, guard));
    }
    case 'part': {
      const { makePart } = await import('./part.ts');
      await makePart(reading.plan, guard);
      return '';
    }
    case 'assembly': {
      const { assemble } = await import('./assemble.ts');
      return JSON.stringify(await assemble(reading.plan, guard));
    }
  }
}

/** The survey in a result. */
export const surveyFrom = (result: string): Survey => JSON.parse(result) as Survey;

/** What the parent tells a reading process. */
export interface Order {
  reading: Reading;
  skip: string[];
  careful: boolean;
}

/** Why a reading could not be done; with a fault where the user can mend it. */
export interface ReadingFailure {
  failed: string;
  fault?: Fault;
}

/** What a reading process tells its parent. */
export type Word = { started: true } | { at: string } | { result: string } | ReadingFailure;
