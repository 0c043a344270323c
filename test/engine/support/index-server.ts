import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file that the index offers. */
export interface Offer {
  project: string;
  version: string;
  filename: string;
  sha256: string;
  yanked?: boolean;
  /** Where its bytes are; absent for files that are only listed. */
  path?: string;
}

export interface IndexServer {
  address: string;
  /** What it offers; may be changed. */
  offers: Offer[];
  /** Range headers that came with requests for files, '' where there was none. */
  ranges: string[];
  /** Bytes between pauses of 20 ms; Infinity for as fast as it goes. */
  blockBytes: number;
  close(): Promise<void>;
}

const listing = (offers: readonly Offer[], project: string) => {
  const releases: Record<string, object[]> = {};
  for (const offer of offers.filter((each) => each.project === project)) {
    releases[offer.version] ??= [];
    releases[offer.version]!.push({
      filename: offer.filename,
      url: `/files/${offer.filename}`,
      size: offer.path ? readFileSync(offer.path).length : 1e6,
      yanked: offer.yanked ?? false,
      digests: { sha256: offer.sha256 },
    });
  }
  return Object.keys(releases).length > 0 ? { releases } : null;
};

/** An index with PyPI's JSON addresses and files that can be fetched in parts. */
export async function serveIndex(offers: Offer[]): Promise<IndexServer> {
  const index: IndexServer = {
    address: '',
    offers,
    ranges: [],
    blockBytes: Infinity,
    close: async () => {},
  };
  const server = createServer(async (request, response) => {
    const [, kind = '', name = ''] = (request.url ?? '').split('/');
    if (kind === 'pypi') {
      const answer = listing(offers, name);
      response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
      return;
    }
    const path = offers.find((offer) => offer.filename === name)?.path;
    if (kind !== 'files' || !path) {
      response.writeHead(404).end();
      return;
    }
    const range = request.headers.range ?? '';
    index.ranges.push(range);
    const from = Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0);
    const body = readFileSync(path).subarray(from);
    response.writeHead(range ? 206 : 200, { 'content-length': body.length });
    for (let at = 0; at < body.length && !response.destroyed; at += index.blockBytes) {
      response.write(body.subarray(at, at + index.blockBytes));
      if (index.blockBytes < body.length) await sleep(20);
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  index.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  index.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return index;
}
