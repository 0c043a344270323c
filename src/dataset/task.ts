import { type Catalogue, type ReadGuard, readCatalogue, reviveCatalogue } from './catalogue.ts';
import { makePart, type PartPlan } from './part.ts';

/** A piece of reading that may be done by another process. */
export type Task = { kind: 'catalogue'; path: string } | { kind: 'part'; plan: PartPlan };

/** The file a task reads. */
export const taskFile = (task: Task): string =>
  task.kind === 'catalogue' ? task.path : task.plan.path;

/** Does a task; a catalogue comes back as JSON, a part stands in its file. */
export async function performTask(task: Task, guard: ReadGuard): Promise<string> {
  if (task.kind === 'catalogue') return JSON.stringify(await readCatalogue(task.path, guard));
  await makePart(task.plan, guard);
  return '';
}

/** The catalogue in a task's result. */
export const catalogueFrom = (result: string): Catalogue => reviveCatalogue(result);

/** What the parent tells a reading process. */
export interface Order {
  task: Task;
  skip: string[];
}

/** What a reading process tells its parent. */
export type Word = { at: string } | { result: string } | { failed: string };
