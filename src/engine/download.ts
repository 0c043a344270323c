import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CbedError, inputError, messageOf } from '../common/errors.ts';

export interface Download {
  url: string;
  target: string;
  /** Hexadecimal SHA-256 that the whole file must have. */
  sha256: string;
  /** Hears of bytes as they arrive, those of an earlier, interrupted call included. */
  onBytes?: (count: number) => void;
}

const TRIES = 4;
const STALL_MS = 60_000;

/** SHA-256 of a file, streamed so that the process stays responsive. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** A server that cannot be reached. */
export class Unreachable extends CbedError {}

/** A failed connection as one line with the mend. */
export function networkError(url: string, error: unknown): CbedError {
  if (error instanceof CbedError) return error;
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const proxy = process.env.HTTPS_PROXY || process.env.https_proxy;
  return new Unreachable(
    'input',
    `cannot fetch ${url}: ${messageOf(cause)}`,
    proxy
      ? `HTTPS_PROXY=${proxy} is honoured by pip, and by Node from version 24 with NODE_USE_ENV_PROXY=1: install pip, or use that`
      : 'check the network, or install pip and set PIP_INDEX_URL to a mirror you can reach',
  );
}

/** Asks for what is missing of a file; a server may answer with all of it. */
async function request(url: string, from: number, signal: AbortSignal) {
  const headers = from > 0 ? { Range: `bytes=${from}-` } : undefined;
  const response = await fetch(url, { headers, signal });
  if (response.status === 416) return { complete: true, append: true, body: null };
  if (!response.ok || !response.body) {
    throw inputError(`${url} answered ${response.status} ${response.statusText}`.trim());
  }
  return { complete: false, append: response.status === 206, body: response.body };
}

async function receive(url: string, part: string, onBytes: (count: number) => void) {
  const from = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), STALL_MS);
  try {
    const { complete, append, body } = await request(url, from, stalled.signal);
    if (complete || !body) return;
    if (append) onBytes(from);
    const watch = new Transform({
      transform(block: Buffer, _encoding, done) {
        clearTimeout(timer);
        timer = setTimeout(() => stalled.abort(new Error('no bytes for a minute')), STALL_MS);
        onBytes(block.length);
        done(null, block);
      },
    });
    const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(source, watch, createWriteStream(part, { flags: append ? 'a' : 'w' }));
  } finally {
    clearTimeout(timer);
  }
}

/** Only the first report of each byte counts, however often a connection breaks. */
function onceOnly(onBytes: (count: number) => void) {
  let told = 0;
  return () => {
    let at = 0;
    return (count: number) => {
      at += count;
      if (at > told) onBytes(at - told);
      told = Math.max(told, at);
    };
  };
}

/**
 * Fetches a file over HTTP, going on where an interrupted call stopped, and checks its digest.
 * The file stands under its name only when it is whole.
 *
 * @throws input error when the server cannot be reached or the digest is another.
 */
export async function download({ url, target, sha256, onBytes }: Download): Promise<void> {
  const part = `${target}.part`;
  const counter = onceOnly(onBytes ?? (() => {}));
  for (let attempt = 1; ; attempt++) {
    try {
      await receive(url, part, counter());
    } catch (error) {
      const refused = error instanceof CbedError;
      const local =
        typeof (error as NodeJS.ErrnoException).code === 'string' &&
        ['ENOSPC', 'EDQUOT', 'EACCES'].includes((error as NodeJS.ErrnoException).code!);
      if (local) throw error;
      if (refused || attempt === TRIES) throw networkError(url, error);
      await sleep(500 * 2 ** attempt);
      continue;
    }
    if ((await sha256Of(part)) === sha256) return renameSync(part, target);
    rmSync(part, { force: true });
    if (attempt === TRIES) {
      throw inputError(
        `${basename(target)} does not have the SHA-256 ${sha256}`,
        'the mirror or a proxy alters files: try another network',
      );
    }
  }
}
