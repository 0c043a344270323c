import { spawnSync } from 'node:child_process';

const candidates = [
  process.env.PEERS_PYTHON,
  process.env.CBED_PYTHON,
  'python3',
  '/usr/bin/python3',
];

/** An interpreter that has h5py; null where there is none. */
export const pythonWithH5py: string | null =
  candidates.find((one) => one && spawnSync(one, ['-c', 'import h5py']).status === 0) ?? null;

/** What a test says that is skipped without one. */
export const NO_H5PY = 'no Python with h5py here; PEERS_PYTHON names one';

/** What a script prints as JSON. */
export function runPython(script: string, ...words: string[]): unknown {
  const { stdout, stderr, status } = spawnSync(pythonWithH5py!, ['-c', script, ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
