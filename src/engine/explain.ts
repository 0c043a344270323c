import { CbedError, inputError, messageOf } from '../common/errors.ts';

const SETUP_AGAIN = 'run: npx gan setup --force';

// What the dynamic loader says, and what it means here.
const LOAD_FAULTS: [RegExp, string, string][] = [
  [
    /libtensorflow\S*: cannot open shared object|file too short|invalid ELF|ELF load command|symbol table/i,
    'the cached TensorFlow is damaged or gone',
    SETUP_AGAIN,
  ],
  [/undefined symbol/i, 'the binding was built for another TensorFlow', SETUP_AGAIN],
  [
    /GLIBCXX_\S+' not found|CXXABI_\S+' not found/,
    'the binding was compiled with a newer C++ library than this program loads',
    'load the compiler module that was used for setup, or run: npx gan setup --force',
  ],
  [
    /GLIBC_\S+' not found/,
    'this Linux is older than TensorFlow needs (glibc 2.27)',
    'use a newer system or container',
  ],
  [
    /did not self-register/i,
    'TensorFlow cannot be loaded by a second thread of one process',
    'use processes instead of worker threads',
  ],
];

/** An error from loading the binding, as one line with the mend. */
export function explainLoadError(error: unknown): Error {
  if (error instanceof CbedError) return error;
  const message = messageOf(error);
  const fault = LOAD_FAULTS.find(([sign]) => sign.test(message));
  if (fault) return inputError(fault[1], fault[2]);
  return inputError(`TensorFlow does not load: ${message.split('\n')[0]}`, 'run: npx gan doctor');
}

const OUT_OF_MEMORY =
  /OOM when allocating|RESOURCE_EXHAUSTED|ResourceExhausted|out of memory|buffer allocation failed/i;

/** Whether a step failed for want of memory, on a GPU or on the host. */
export const isOutOfMemory = (error: unknown): boolean => OUT_OF_MEMORY.test(messageOf(error));

/**
 * An error of a training step, as one line that names the batch size to try where memory ran
 * out; any other error is given back as it is.
 */
export function explainStepError(error: unknown, batch: number): unknown {
  if (!isOutOfMemory(error)) return error;
  const smaller = Math.floor(batch / 2);
  return inputError(
    `memory ran out at batch size ${batch}`,
    smaller >= 1 ? `try --batch ${smaller}` : 'a smaller image size or network is needed',
  );
}
