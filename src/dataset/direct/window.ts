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
    // A copy, as the blocks are filled again and again.
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
      block = this.place();
      this.fill(block.subarray(0, this.size - number * BLOCK), number * BLOCK);
      this.blocks.set(number, block);
    }
    return block;
  }

  /** Memory for a block: that of the oldest one where all places are taken. */
  private place(): Buffer {
    if (this.blocks.size < KEPT_BLOCKS) return Buffer.allocUnsafe(BLOCK);
    const [number, block] = this.blocks.entries().next().value!;
    this.blocks.delete(number);
    return block;
  }
}

/** A file address or length of 8 bytes; the undefined address is no number that can be reached. */
export const addressAt = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

/** Leaves the rest to the library unless these bytes start with a signature. */
export const expectSignature = (bytes: Buffer, signature: string): void =>
  expectPlain(bytes.toString('latin1', 0, 4) === signature, `no ${signature} here`);
