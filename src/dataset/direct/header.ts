import { addressAt, expectPlain, type Window } from './window.ts';

/** Messages of an object header that the direct reader understands or may pass over. */
export const MESSAGE = {
  nil: 0x00,
  dataspace: 0x01,
  datatype: 0x03,
  oldFill: 0x04,
  fill: 0x05,
  layout: 0x08,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  changed: 0x12,
} as const;

const UNDERSTOOD = new Set<number>(Object.values(MESSAGE));

export interface Message {
  type: number;
  body: Buffer;
}

const PREFIX_BYTES = 16;
const MESSAGE_BYTES = 8;
const LONGEST = 1 << 20;
const MOST_BLOCKS = 64;

/**
 * The messages of an object header, version 1 (HDF5 file format 3.0, IV.A.1.a).
 *
 * @throws NotPlain for another version, or any message, flag or count that is out of the ordinary.
 */
export function readHeader(window: Window, address: number): Message[] {
  const prefix = window.bytes(address, PREFIX_BYTES);
  expectPlain(prefix[0] === 1, 'an object header of another version');
  const blocks: [number, number][] = [[address + PREFIX_BYTES, prefix.readUInt32LE(8)]];
  const messages: Message[] = [];
  for (let next = 0; next < blocks.length; next++) {
    expectPlain(next < MOST_BLOCKS, 'an object header without end');
    const [start, length] = blocks[next]!;
    expectPlain(length <= LONGEST, 'an object header of great length');
    for (const message of messagesIn(window.bytes(start, length))) {
      messages.push(message);
      const { type, body } = message;
      if (type === MESSAGE.continuation) blocks.push([addressAt(body, 0), addressAt(body, 8)]);
    }
  }
  expectPlain(messages.length === prefix.readUInt16LE(2), 'more or fewer messages than told');
  return messages;
}

function messagesIn(block: Buffer): Message[] {
  const messages: Message[] = [];
  let at = 0;
  while (at < block.length) {
    expectPlain(at + MESSAGE_BYTES <= block.length, 'a message that is cut off');
    const type = block.readUInt16LE(at);
    const end = at + MESSAGE_BYTES + block.readUInt16LE(at + 2);
    const shared = (block[at + 4]! & ~1) !== 0;
    expectPlain(UNDERSTOOD.has(type) && !shared && end <= block.length, 'an unusual message');
    messages.push({ type, body: block.subarray(at + MESSAGE_BYTES, end) });
    at = end;
  }
  return messages;
}

/** The only message of a type. @throws NotPlain where there is none, or another. */
export function onlyMessage(messages: readonly Message[], type: number): Buffer {
  const found = messages.filter((message) => message.type === type);
  expectPlain(found.length === 1, `${found.length} messages of type ${type}`);
  return found[0]!.body;
}
