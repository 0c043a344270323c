import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/common/paths.ts';

/**
 * Runs a program (module source) of the built package with arguments; argument 1 is where the
 * package stands. Killed with SIGKILL when it prints a number of at least `killAt`. Gives the last
 * line that it printed.
 */
export async function lastLine(
  program: string,
  args: readonly string[],
  killAt = Number.POSITIVE_INFINITY,
): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', program, pathToFileURL(packageRoot).href, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (Number(line) >= killAt) child.kill('SIGKILL');
  }
  return last;
}
