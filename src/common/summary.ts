import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeJson } from './files.ts';
import { type Run, readJson } from './run.ts';

const summarySchema = z.object({
  /** The main figure in a few words. */
  figure: z.string(),
  /** What the command said at its end. */
  lines: z.array(z.string()),
  /** What to do with it, and the command for that as typed; it names this run. */
  next: z.object({ text: z.string(), command: z.string() }).optional(),
});

/** What a run came to: its page opens with it, and the list of runs shows its figure. */
export type RunSummary = z.infer<typeof summarySchema>;

const SUMMARY_FILE = 'summary.json';

/** Writes down in a run's folder what it came to. */
export const saveSummary = (run: Pick<Run, 'file'>, summary: RunSummary): void =>
  writeJson(run.file(SUMMARY_FILE), summary);

/** What the run in a folder came to; null where it has not ended, or its summary cannot be read. */
export function readSummary(folder: string): RunSummary | null {
  const path = join(folder, SUMMARY_FILE);
  if (!existsSync(path)) return null;
  try {
    return readJson(path, summarySchema);
  } catch {
    return null;
  }
}
