import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { HELPER_FILE, realBinding } from './binding.ts';

/** The native helper beside the binding (src/engine/native/helper.cc). */
export interface Helper {
  /** From now on stderr goes into memory. */
  hold(): void;
  /** stderr is itself again; what was held. */
  release(): string;
  /** Loads a library so that later ones find it by name; the loader's complaint, or ''. */
  preload(path: string): string;
}

/** The helper, or null where another installer made the binding. */
export function loadHelper(): Helper | null {
  const binding = realBinding();
  const path = binding && join(dirname(binding), HELPER_FILE);
  return path && existsSync(path) ? (createRequire(import.meta.url)(path) as Helper) : null;
}

// Lines that TensorFlow writes before its log level counts, and their continuation.
const CHATTER = [
  /^WARNING: All log messages before absl::InitializeLog\(\)/,
  /^[IW]\d{4} \d\d:\d\d:/,
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] /,
  /^To enable the following instructions:/,
];

/** What is left of TensorFlow's output when its start-up chatter is taken out. */
export function withoutChatter(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !CHATTER.some((sign) => sign.test(line)))
    .join('\n');
}

/**
 * Runs what loads a native library and passes on only those lines of its stderr that matter.
 * `CBED_ENGINE_LOG=1` lets everything through.
 */
export function quietly<T>(helper: Helper | null, action: () => T): T {
  if (!helper || process.env.CBED_ENGINE_LOG) return action();
  // Node decides what its stderr is when it is first asked for: while it is held it is a file,
  // and would stay one, so that no progress bar showed on a terminal.
  void process.stderr.isTTY;
  helper.hold();
  try {
    return action();
  } finally {
    const rest = withoutChatter(helper.release());
    if (rest) process.stderr.write(`${rest}\n`);
  }
}
