import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Something that the direct reader leaves to the HDF5 library. */
export class NotPlain extends Error {}

/** Leaves what is being read to the library unless a condition holds. */
export function expectPlain(condition: boolean, what: string): asserts condition {
  if (!condition) throw new NotPlain(what);
}

const BLOCK = 16 << 10;
// What describes a sample stands close together; a few blocks are read again and again.
const KEPT_BLOCKS = 32;

/** A file through a small cache of its blocks. */
export class Window {
  readonly size: number;
  private readonly file: number;
  private readonly blocks = new Map<number, Buffer>();

  constructor(path: string) {
    this.file = openSync(path, 'r');
    this.size = fstatSync(this.file).size;
  }

  /** @throws NotPlain where the file does not hold these bytes. */
  bytes(address: number, length: number): Buffer {
    this.expectWithin(address, length);
    const first = Math.floor(address / BLOCK);
    const last = Math.floor((address + length - 1) / BLOCK);
    if (length === 0 || first === last) {
      const start = address - first * BLOCK;
      return this.block(first).subarray(start, start + length);
    }
    const all = Buffer.allocUnsafe(length);
    for (let number = first; number <= last; number++) {
      const start = number * BLOCK - address;
      const from = Math.max(0, -start);
      this.block(number).copy(all, start + from, from, Math.min(BLOCK, length - start));
    }
    return all;
  }

  /** Fills `into` from `address` on, past the cache. @throws NotPlain as `bytes` does. */
  fill(into: Uint8Array, address: number): void {
    this.expectWithin(address, into.length);
    for (let at = 0; at < into.length; ) {
      const count = readSync(this.file, into, at, into.length - at, address + at);
      expectPlain(count > 0, 'the file became shorter');
      at += count;
    }
  }

  close(): void {
    closeSync(this.file);
  }

  private expectWithin(address: number, length: number): void {
    const within = address >= 0 && length >= 0 && address + length <= this.size;
    expectPlain(within && Number.isSafeInteger(address), 'an address outside the file');
  }

  private block(number: number): Buffer {
    let block = this.blocks.get(number);
    if (!block) {
      block = Buffer.allocUnsafe(Math.min(BLOCK, this.size - number * BLOCK));
      this.fill(block, number * BLOCK);
      if (this.blocks.size === KEPT_BLOCKS) this.blocks.delete(this.blocks.keys().next().value!);
      this.blocks.set(number, block);
    }
    return block;
  }
}

/** A file address or length of 8 bytes; the undefined address is no number that can be reached. */
export const addressAt = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

/** Leaves the rest to the library unless these bytes start with a signature. */
export const expectSignature = (bytes: Buffer, signature: string): void =>
  expectPlain(bytes.toString('latin1', 0, 4) === signature, `no ${signature} here`);
