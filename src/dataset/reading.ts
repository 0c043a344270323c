import { type Catalogue, type ReadGuard, readCatalogue, reviveCatalogue } from './catalogue.ts';
import { makePart, type PartPlan } from './part.ts';

/** A piece of reading that may be done by another process. */
export type Reading = { kind: 'catalogue'; path: string } | { kind: 'part'; plan: PartPlan };

/** The file a reading reads. */
export const readingFile = (reading: Reading): string =>
  reading.kind === 'catalogue' ? reading.path : reading.plan.path;

/** Does a reading; a catalogue comes back as JSON, a part stands in its file. */
export async function performReading(reading: Reading, guard: ReadGuard): Promise<string> {
  if (reading.kind === 'catalogue') return JSON.stringify(await readCatalogue(reading.path, guard));
  await makePart(reading.plan, guard);
  return '';
}

/** The catalogue in a reading's result. */
export const catalogueFrom = (result: string): Catalogue => reviveCatalogue(result);

/** What the parent tells a reading process. */
export interface Order {
  reading: Reading;
  skip: string[];
}

/** What a reading process tells its parent. */
export type Word = { at: string } | { result: string } | { failed: string };
