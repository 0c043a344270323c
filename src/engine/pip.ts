import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../common/errors.ts';
import { temporaryName } from '../common/lock.ts';
import { sizeOf } from './cache.ts';
import { runProgram, versionOf } from './program.ts';
import { platformTags, pythonsToTry } from './wheel.ts';

/** A pip that answers, and the Python it runs in ('3.11'). */
export interface Pip {
  command: readonly string[];
  version: string;
  python: string;
}

/** The first pip found: `CBED_PYTHON`, python3, python, then pip by its own name. */
export async function findPip(): Promise<Pip | null> {
  const pythons = [process.env.CBED_PYTHON, 'python3', 'python'].filter((name) => name);
  const commands = [...pythons.map((name) => [name!, '-m', 'pip']), ['pip3'], ['pip']];
  for (const command of commands) {
    const answer = await versionOf(command[0]!, [...command.slice(1), '--version']);
    const [, version, python] = /^pip (\S+) .*\(python (\S+)\)/.exec(answer ?? '') ?? [];
    if (version && python) return { command, version, python };
  }
  return null;
}

export interface PipDownload {
  /** Such as `tensorflow-cpu==2.21.0`. */
  requirements: readonly string[];
  folder: string;
  /** Hears of bytes as they arrive. */
  onBytes?: (count: number) => void;
}

const WATCH_MS = 400;

/** pip has no progress for programs, so its folders are watched while it fills them. */
async function watching<T>(folder: string, onBytes: (count: number) => void, work: Promise<T>) {
  let seen = 0;
  const look = () => {
    const size = sizeOf(folder);
    if (size > seen) onBytes(size - seen);
    seen = Math.max(seen, size);
  };
  const timer = setInterval(look, WATCH_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    look();
  }
}

const UNREACHABLE =
  /NewConnectionError|Failed to establish|Name or service not known|Temporary failure in name|timed out|ConnectionResetError|Network is unreachable/i;
const PROXY = /ProxyError|Cannot connect to proxy|Tunnel connection failed/i;
const CERTIFICATE = /SSLError|CERTIFICATE_VERIFY_FAILED/i;
const ABSENT = /No matching distribution|Could not find a version/i;

/** What pip's output says went wrong, as one line with the mend. */
export function explainPip(output: string, wanted: string): Error {
  if (/No space left on device/i.test(output)) {
    return inputError('pip filled the disk', 'free some space, or set CBED_CACHE to a larger disk');
  }
  if (PROXY.test(output)) {
    return inputError(
      `pip could not reach its index through the proxy ${process.env.HTTPS_PROXY ?? process.env.https_proxy ?? ''}`.trim(),
      'check HTTPS_PROXY',
    );
  }
  if (CERTIFICATE.test(output)) {
    return inputError(
      "pip does not trust the index's certificate",
      "set PIP_CERT to your network's certificate file",
    );
  }
  if (UNREACHABLE.test(output)) {
    return inputError(
      `pip cannot reach its package index, so ${wanted} was not fetched`,
      'check the network; behind a proxy set HTTPS_PROXY; for a local mirror set PIP_INDEX_URL or PIP_FIND_LINKS',
    );
  }
  if (ABSENT.test(output)) {
    return inputError(`pip found no wheel of ${wanted}`, 'check --tensorflow VERSION');
  }
  const line = output.split('\n').findLast((text) => text.startsWith('ERROR')) ?? output.trim();
  return inputError(`pip could not fetch ${wanted}: ${line.slice(0, 200)}`);
}

/** One `pip download`, for one Python; the wheels' paths, or pip's output when it failed. */
async function attempt(pip: Pip, python: string, request: PipDownload) {
  const work = temporaryName(join(request.folder, 'pip'));
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'tmp'), { recursive: true });
  const [program, ...first] = pip.command;
  const parameters = [
    ...first,
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--no-cache-dir',
    '--progress-bar=off',
    '--disable-pip-version-check',
    '--implementation=cp',
    `--python-version=${python}`,
    ...platformTags(process.arch).map((tag) => `--platform=${tag}`),
    `--dest=${join(work, 'wheels')}`,
    ...request.requirements,
  ];
  try {
    const answer = await watching(
      work,
      request.onBytes ?? (() => {}),
      runProgram(program!, parameters, { env: { ...process.env, TMPDIR: join(work, 'tmp') } }),
    );
    if (answer.code !== 0) return { output: answer.stdout + answer.stderr };
    const names = readdirSync(join(work, 'wheels')).filter((name) => name.endsWith('.whl'));
    for (const name of names) renameSync(join(work, 'wheels', name), join(request.folder, name));
    return { paths: names.map((name) => join(request.folder, name)) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Downloads wheels with pip, whichever Python they were made for.
 *
 * @throws input error: what pip met, with the mend.
 */
export async function pipDownload(pip: Pip, request: PipDownload): Promise<string[]> {
  let output = '';
  for (const python of pythonsToTry(pip.python)) {
    const result = await attempt(pip, python, request);
    if (result.paths) return result.paths;
    output = result.output;
    const unreachable = [UNREACHABLE, PROXY, CERTIFICATE].some((sign) => sign.test(output));
    const last = unreachable && python === pip.python;
    if (!ABSENT.test(output) || last) break;
  }
  throw explainPip(output, request.requirements.join(', '));
}
