import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestOf } from './digest.ts';
import { writeJson } from './files.ts';
import { workspaceFolder } from './run.ts';

const fileOf = (kind: string, name: string): string =>
  join(workspaceFolder(), 'index', kind, `${digestOf(name).slice(0, 24)}.json`);

/** Whether a check of this kind once went well for just these facts (plain data) about `name`. */
export function isRemembered(kind: string, name: string, facts: object): boolean {
  try {
    return digestOf(JSON.parse(readFileSync(fileOf(kind, name), 'utf8'))) === digestOf(facts);
  } catch {
    return false;
  }
}

/** Remembers that a check went well, in the index of the workspace; where that cannot be written, it is done again. */
export function remember(kind: string, name: string, facts: object): void {
  try {
    mkdirSync(dirname(fileOf(kind, name)), { recursive: true });
    writeJson(fileOf(kind, name), facts);
  } catch {
    // Checked again the next time.
  }
}
