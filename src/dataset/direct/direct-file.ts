import type { AttributeSource } from '../attributes.ts';
import { readAttributes } from './attributes.ts';
import { MESSAGE, onlyMessage, readHeader } from './header.ts';
import { readLinks } from './links.ts';
import { FLOAT, readShape, readType } from './types.ts';
import { addressAt, expectPlain, Window } from './window.ts';

const ROOT_HEADER = 64;

/** Where the numbers of a dataset stand in its file. */
export interface Place {
  address: number;
  shape: number[];
}

/**
 * Reads files of the oldest HDF5 layout, which h5py writes and the Summit data have, without the
 * library: what describes a sample then costs microseconds. It reads what is in every respect
 * ordinary; everything else comes back as null and is the library's to read or to refuse.
 */
export class DirectFile {
  /** Members of the root group. */
  readonly groups: ReadonlyMap<string, number>;
  readonly rootAttributes: AttributeSource;
  private readonly window: Window;

  private constructor(window: Window) {
    this.window = window;
    const head = window.bytes(0, 96);
    // Superblock of version 0 with addresses of eight bytes, from the start of the file.
    const version = head.subarray(8, 16).toString('hex');
    expectPlain(version === '0000000000080800', 'another superblock');
    expectPlain(addressAt(head, 24) === 0, 'a file that starts elsewhere');
    const messages = readHeader(window, addressAt(head, ROOT_HEADER));
    this.groups = readLinks(window, messages);
    this.rootAttributes = readAttributes(window, messages);
  }

  /** Null where the library has to read the file. */
  static open(path: string): DirectFile | null {
    const window = new Window(path);
    const file = ifPlain(() => new DirectFile(window));
    if (!file) window.close();
    return file;
  }

  /** The attributes of a group. */
  attributes(group: string): AttributeSource | null {
    return ifPlain(() => {
      const messages = readHeader(this.window, this.groups.get(group)!);
      onlyMessage(messages, MESSAGE.symbolTable);
      return readAttributes(this.window, messages);
    });
  }

  /** Where the float32 numbers of a group's dataset stand. */
  dataset(group: string, name: string): Place | null {
    return ifPlain(() => {
      const members = readLinks(this.window, readHeader(this.window, this.groups.get(group)!));
      const messages = readHeader(this.window, members.get(name) ?? -1);
      const { type, size } = readType(onlyMessage(messages, MESSAGE.datatype));
      expectPlain(type === FLOAT && size === 4, 'other numbers');
      const shape = readShape(onlyMessage(messages, MESSAGE.dataspace));
      const layout = onlyMessage(messages, MESSAGE.layout);
      expectPlain(layout[0] === 3 && layout[1] === 1, 'numbers that do not stand together');
      const [address, bytes] = [addressAt(layout, 2), addressAt(layout, 10)];
      expectPlain(bytes === shape.reduce((a, b) => a * b, size), 'more or fewer numbers than told');
      expectPlain(address > 0 && address + bytes <= this.window.size, 'numbers outside the file');
      return { address, shape };
    });
  }

  /** Reads numbers into memory that holds them all; false where the library has to. */
  fill(into: Float32Array, { address }: Place): boolean {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    return ifPlain(() => this.window.fill(bytes, address) ?? true) ?? false;
  }

  close(): void {
    this.window.close();
  }
}

/** What a reading gives; null where it meets what is not plain, or cannot be read at all. */
function ifPlain<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null; // The library tells what is wrong, if anything is.
  }
}
