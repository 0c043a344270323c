import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { bytesText } from '../../common/log.ts';
import type { AnomalyKind } from '../anomaly.ts';

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

/** What can be said against a file before the HDF5 library opens it. */
export interface FileProblem {
  kind: AnomalyKind;
  reason: string;
  /** Of a file that was cut off: the bytes with which what is left of it can be opened. */
  patch?: Patch;
}

/** Bytes to be read at a place of a file instead of its own. */
export interface Patch {
  at: number;
  bytes: Uint8Array;
}

/** Where a superblock (versions 0 to 3) keeps the end-of-file address; null where it is unsound. */
function endField(block: Buffer): number | null {
  const version = block[8]!;
  if (version > 3) return null;
  const [sizeOfOffsets, fields] =
    version < 2 ? [block[13]!, version === 0 ? 24 : 28] : [block[9]!, 12];
  return sizeOfOffsets === 8 ? fields + 16 : null;
}

/** The end address brought down to the bytes that are there; newer superblocks have a checksum. */
function endPatch(block: Buffer, at: number, size: number): Patch | undefined {
  if (block[8]! > 1) return undefined;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(size));
  return { at, bytes };
}

/**
 * What can be said against a file before the HDF5 library opens it: missing, no HDF5, cut off.
 * Null where nothing speaks against it.
 */
export function fileProblem(path: string): FileProblem | null {
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
    const field = endField(block);
    if (field === null) return { kind: 'file-unreadable', reason: 'its superblock is damaged' };
    const end = Number(block.readBigUInt64LE(field));
    if (size >= end) return null;
    const reason = `cut off: ${bytesText(size)} of ${bytesText(end)}`;
    return { kind: 'file-truncated', reason, patch: endPatch(block, at + field, size) };
  } finally {
    closeSync(file);
  }
}
