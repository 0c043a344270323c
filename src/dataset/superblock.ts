import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { bytesText } from '../ground/log.ts';
import type { AnomalyKind } from './anomaly.ts';

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

/** Where the signature stands: at 0, 512, 1024, … ; -1 where there is none. */
function signatureAt(file: number, bytes: number): number {
  const head = Buffer.alloc(SIGNATURE.length);
  for (let at = 0; at + head.length <= bytes; at = at === 0 ? 512 : at * 2) {
    readSync(file, head, 0, head.length, at);
    if (head.equals(SIGNATURE)) return at;
  }
  return -1;
}

/** The end-of-file address that a superblock (versions 0 to 3) gives; null where it is unsound. */
function endAddress(block: Buffer): number | null {
  const version = block[8]!;
  if (version > 3) return null;
  const [sizeOfOffsets, fields] =
    version < 2 ? [block[13]!, version === 0 ? 24 : 28] : [block[9]!, 12];
  if (sizeOfOffsets !== 8) return null;
  const end = block.readBigUInt64LE(fields + 16);
  return end <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(end) : null;
}

/**
 * What can be said against a file before the HDF5 library opens it: missing, no HDF5, cut short.
 * Null where nothing speaks against it.
 */
export function fileProblem(path: string): { kind: AnomalyKind; reason: string } | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return { kind: 'file-missing', reason: 'no such file' };
  if (!stat.isFile()) return { kind: 'file-missing', reason: 'not a file' };
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const at = signatureAt(file, size);
    if (at < 0) return { kind: 'not-hdf5', reason: 'not an HDF5 file' };
    const block = Buffer.alloc(96);
    const read = readSync(file, block, 0, block.length, at);
    if (read < 48) return { kind: 'file-truncated', reason: `cut off after ${size} bytes` };
    const end = endAddress(block);
    if (end === null) return { kind: 'file-unreadable', reason: 'its HDF5 superblock is damaged' };
    if (size < end) {
      const reason = `cut off: ${bytesText(size)} of ${bytesText(end)}`;
      return { kind: 'file-truncated', reason };
    }
    return null;
  } finally {
    closeSync(file);
  }
}
