import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download, sha256Of } from '../../src/engine/download.ts';

const content = randomBytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');
let folder: string;
let server: Server;
let ranges: (string | undefined)[];

async function serve(answer: RequestListener): Promise<string> {
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

const inParts: RequestListener = (request, response) => {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200).end(content.subarray(from));
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gan-download-'));
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('download', () => {
  it('brings a file and reports its bytes', async () => {
    const url = await serve(inParts);
    const target = join(folder, 'f');
    let bytes = 0;
    const onBytes = (count: number) => {
      bytes += count;
    };
    await download({ url, target, sha256, onBytes });
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(bytes).toBe(content.length);
    expect(await sha256Of(target)).toBe(sha256);
  });

  it('goes on after the bytes of an interrupted call, and counts them', async () => {
    const url = await serve(inParts);
    const target = join(folder, 'f');
    writeFileSync(`${target}.part`, content.subarray(0, 100_000));
    let bytes = 0;
    const onBytes = (count: number) => {
      bytes += count;
    };
    await download({ url, target, sha256, onBytes });
    expect(ranges).toEqual(['bytes=100000-']);
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(bytes).toBe(content.length);
    expect(existsSync(`${target}.part`)).toBe(false);
  });

  it('starts again where the server knows no ranges, and takes a part that is whole', async () => {
    const url = await serve((_request, response) => void response.writeHead(200).end(content));
    const target = join(folder, 'f');
    writeFileSync(`${target}.part`, 'other bytes');
    await download({ url, target, sha256 });
    expect(readFileSync(target).equals(content)).toBe(true);
    server.removeAllListeners('request').on('request', (_request, response) => {
      response.writeHead(416).end();
    });
    writeFileSync(`${target}.part`, content);
    await download({ url, target, sha256 });
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  it('survives a connection that breaks', async () => {
    let first = true;
    const url = await serve((request, response) => {
      if (!first) return inParts(request, response);
      first = false;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 50_000), () => response.destroy());
    });
    await download({ url, target: join(folder, 'f'), sha256 });
    expect(readFileSync(join(folder, 'f')).equals(content)).toBe(true);
    expect(ranges.length).toBe(2);
  });

  it('starts from nothing when the bytes are wrong, and gives up with the digest', async () => {
    const url = await serve((_request, response) => void response.writeHead(200).end('wrong'));
    const target = join(folder, 'f');
    await expect(download({ url, target, sha256 })).rejects.toThrow(
      new RegExp(`^f does not have the SHA-256 ${sha256} \\(the mirror`),
    );
    expect(existsSync(target)).toBe(false);
    expect(existsSync(`${target}.part`)).toBe(false);
  });

  it('names the address and the answer', async () => {
    const url = await serve((_request, response) => void response.writeHead(403).end());
    const target = join(folder, 'f');
    await expect(download({ url, target, sha256 })).rejects.toThrow(
      `${url} answered 403 Forbidden`,
    );
  });
});
