/** What went wrong, as the exit code the shell sees. */
export const EXIT = { ok: 0, unexpected: 1, usage: 2, input: 3, interrupted: 130 } as const;

export type Fault = 'usage' | 'input';

/**
 * An error the user can act on. The message is one line that names the file and the value;
 * `mend` says what to do about it.
 *
 * @example
 * try {
 *   await openStore('nowhere.h5');
 * } catch (error) {
 *   if (error instanceof CbedError) console.error(error.message, error.exitCode);
 * }
 * @category Basics
 */
export class CbedError extends Error {
  readonly fault: Fault;
  readonly mend: string;

  constructor(fault: Fault, message: string, mend = '') {
    super(mend ? `${message} (${mend})` : message);
    this.name = 'CbedError';
    this.fault = fault;
    this.mend = mend;
  }

  get exitCode(): number {
    return EXIT[this.fault];
  }
}

/** A flag or argument that cannot be used as given (exit code 2). */
export const usageError = (message: string, mend = ''): CbedError =>
  new CbedError('usage', message, mend);

/** A file or value in a file that cannot be used (exit code 3). */
export const inputError = (message: string, mend = ''): CbedError =>
  new CbedError('input', message, mend);

/** The message of anything thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
