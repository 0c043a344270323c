import { MESSAGE, type Message, onlyMessage } from './header.ts';
import { addressAt, expectPlain, expectSignature, NotPlain, type Window } from './window.ts';

const DEEPEST = 8;
const ENTRY_BYTES = 40;
const SOFT_LINK = 2;
const HEAP_BYTES = 32;
const LARGEST_HEAP = 64 << 20;

/**
 * Header addresses of a group's members by name, in the order of the file, which is that of the
 * bytes of the names (version 1 B-tree of symbol-table nodes, HDF5 file format 3.0, III.A to III.D).
 *
 * @throws NotPlain where an order, signature or address is not as it must be, and for soft links.
 */
export function readLinks(window: Window, messages: readonly Message[]): Map<string, number> {
  const table = onlyMessage(messages, MESSAGE.symbolTable);
  const names = readHeap(window, addressAt(table, 8));
  const links = new Map<string, number>();
  let before: Buffer | null = null;
  for (const entry of entriesUnder(window, addressAt(table, 0))) {
    const start = addressAt(entry, 0);
    const end = names.indexOf(0, start);
    expectPlain(start < names.length && end > start, 'a name outside its heap');
    expectPlain(entry.readUInt32LE(16) !== SOFT_LINK, 'a soft link');
    const name = names.subarray(start, end);
    expectPlain(before === null || Buffer.compare(before, name) < 0, 'names out of order');
    before = name;
    links.set(textOf(name), addressAt(entry, 8));
  }
  return links;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(name: Buffer): string {
  expectPlain(!name.includes('/'), 'a name with a slash');
  try {
    return utf8.decode(name);
  } catch {
    throw new NotPlain('a name that is no text');
  }
}

function readHeap(window: Window, address: number): Buffer {
  const head = window.bytes(address, HEAP_BYTES);
  expectSignature(head, 'HEAP');
  expectPlain(head[4] === 0, 'a heap of another version');
  const size = addressAt(head, 8);
  expectPlain(size <= LARGEST_HEAP, 'a heap of great size');
  return window.bytes(addressAt(head, 24), size);
}

/** The entries of all symbol-table nodes below a node of the tree. */
function* entriesUnder(window: Window, address: number, deepest = DEEPEST): Generator<Buffer> {
  const head = window.bytes(address, 24);
  expectSignature(head, 'TREE');
  const [type, level, used] = [head[4]!, head[5]!, head.readUInt16LE(6)];
  expectPlain(type === 0 && level < deepest, 'an unusual tree');
  // Keys and children by turns: each child stands behind the key below it.
  const pairs = window.bytes(address + 24, 16 * used + 8);
  for (let child = 0; child < used; child++) {
    const below = addressAt(pairs, 16 * child + 8);
    if (level > 0) yield* entriesUnder(window, below, level);
    else yield* entriesOf(window, below);
  }
}

function* entriesOf(window: Window, address: number): Generator<Buffer> {
  const head = window.bytes(address, 8);
  expectSignature(head, 'SNOD');
  expectPlain(head[4] === 1, 'a symbol table of another version');
  const count = head.readUInt16LE(6);
  const entries = window.bytes(address + 8, ENTRY_BYTES * count);
  for (let i = 0; i < count; i++) yield entries.subarray(ENTRY_BYTES * i, ENTRY_BYTES * (i + 1));
}
