import { type AttributeSource, type StoredAttribute, textOf } from '../attributes.ts';
import { MESSAGE, type Message } from './header.ts';
import { readShape, readType, type StoredType } from './types.ts';
import { addressAt, expectPlain, expectSignature, NotPlain, type Window } from './window.ts';

interface Raw extends StoredAttribute {
  data: Buffer;
}

const LARGEST_COLLECTION = 1 << 22;

/** The attributes in an object header. @throws NotPlain where one is out of the ordinary. */
export function readAttributes(window: Window, messages: readonly Message[]): AttributeSource {
  const all = new Map<string, Raw>();
  for (const { type, body } of messages) {
    if (type !== MESSAGE.attribute) continue;
    const [name, raw] = readAttribute(body);
    expectPlain(!all.has(name), 'two attributes of one name');
    // Read at once, so that a fault in the heap leaves the whole group to the library.
    all.set(name, raw.vlen ? { ...raw, data: textAt(window, raw) } : raw);
  }
  return {
    names: [...all.keys()].sort(),
    about: (name) => all.get(name)!,
    bytes: (name, count) => all.get(name)!.data.subarray(0, count),
    text: (name) => textOf(all.get(name)!.data),
    fault: String,
  };
}

/** An attribute message, versions 1 to 3 (HDF5 file format 3.0, IV.A.2.m). */
function readAttribute(body: Buffer): [string, Raw] {
  const version = body[0]!;
  expectPlain(version >= 1 && version <= 3 && body[1] === 0, 'an unusual attribute');
  // Only version 1 fills its parts up to eight bytes.
  const room = (bytes: number): number => (version === 1 ? Math.ceil(bytes / 8) * 8 : bytes);
  let at = version === 3 ? 9 : 8;
  const take = (bytes: number): Buffer => {
    const part = body.subarray(at, at + bytes);
    expectPlain(part.length === bytes, 'an attribute that is cut off');
    at += room(bytes);
    return part;
  };
  const name = take(body.readUInt16LE(2));
  const type = readType(take(body.readUInt16LE(4)));
  const shape = readShape(take(body.readUInt16LE(6)));
  const count = shape.reduce((a, b) => a * b, 1);
  expectPlain(count > 0 && type.size * count < body.length, 'an attribute of no or great size');
  expectPlain(name.at(-1) === 0 && name.indexOf(0) === name.length - 1, 'an unusual name');
  expectPlain(!type.vlen || count === 1, 'a list of texts');
  const data = take(type.size * count);
  return [name.toString('utf8', 0, name.length - 1), { ...type, shape, total_size: count, data }];
}

/** Text that stands in a global heap (HDF5 file format 3.0, III.E). */
function textAt(window: Window, { data }: { data: Buffer } & StoredType): Buffer {
  const [length, address, index] = [
    data.readUInt32LE(0),
    addressAt(data, 4),
    data.readUInt32LE(12),
  ];
  const head = window.bytes(address, 16);
  expectSignature(head, 'GCOL');
  const size = addressAt(head, 8);
  expectPlain(head[4] === 1 && size <= LARGEST_COLLECTION, 'an unusual heap');
  const heap = window.bytes(address, size);
  for (let at = 16; at + 16 <= size; ) {
    const [number, bytes] = [heap.readUInt16LE(at), addressAt(heap, at + 8)];
    expectPlain(number !== 0 && at + 16 + bytes <= size, 'an object outside its heap');
    if (number === index) {
      expectPlain(length <= bytes, 'a text longer than its place');
      return heap.subarray(at + 16, at + 16 + length);
    }
    at += 16 + Math.ceil(bytes / 8) * 8;
  }
  throw new NotPlain('a text that is not in its heap');
}
