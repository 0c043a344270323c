import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** Exit code, or null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
}

/**
 * Runs a program to its end and collects what it says.
 *
 * @throws the system's error when it cannot be started (ENOENT: there is none of that name).
 */
export function runProgram(
  program: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      cwd: options.cwd,
      env: options.env,
      timeout: options.timeoutMs,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The first line a program prints to `--version`, or null when there is no such program. */
export async function versionOf(
  program: string,
  parameters: readonly string[] = ['--version'],
): Promise<string | null> {
  const answer = await runProgram(program, parameters, { timeoutMs: 20_000 }).catch(() => null);
  return answer?.code === 0 ? (answer.stdout.split('\n')[0]?.trim() ?? '') : null;
}
