import type { AnomalyKind } from '../anomaly.ts';
import type { Hdf5 } from './library.ts';

/** A remark on one sample while it is read. */
export type Remark = (kind: AnomalyKind, reason: string) => void;

/** An attribute as numbers or as text. */
type Value = { numbers: number[] } | { text: string };

// HDF5 type classes.
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const LARGEST = 1 << 16;

type NumberType = { type: number; size: number; signed: boolean };

const READERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  f4: (view, at) => view.getFloat32(at, true),
  f8: (view, at) => view.getFloat64(at, true),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at) => view.getInt16(at, true),
  i4: (view, at) => view.getInt32(at, true),
  i8: (view, at) => Number(view.getBigInt64(at, true)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at) => view.getUint16(at, true),
  u4: (view, at) => view.getUint32(at, true),
  u8: (view, at) => Number(view.getBigUint64(at, true)),
};

/** What a file says of an attribute before its value. */
export interface StoredAttribute extends NumberType {
  /** True for text of any length, which `text` reads. */
  vlen: boolean;
  shape: readonly number[] | null;
  /** Numbers or texts in it. */
  total_size: number;
}

/** The attributes of one group as they are stored, whoever reads them. */
export interface AttributeSource {
  readonly names: readonly string[];
  about(name: string): StoredAttribute;
  /** Little-endian numbers, or text of fixed length. */
  bytes(name: string, count: number): Uint8Array;
  /** The first of `count` texts of any length. */
  text(name: string, count: number): string;
  /** What an error of these calls means, in one line. */
  fault(error: unknown): string;
}

/** The attributes of one group, judged by name; what cannot be used is remarked on and null. */
export class GroupAttributes {
  readonly names: readonly string[];
  private readonly source: AttributeSource;
  private readonly remark: Remark;

  constructor(source: AttributeSource, remark: Remark) {
    this.source = source;
    this.remark = remark;
    this.names = source.names;
  }

  /** One number, or null. Text that spells a number counts: the space group is stored so. */
  number(name: string): number | null {
    const value = this.read(name);
    if (value === null) return null;
    if ('numbers' in value && value.numbers.length !== 1) {
      this.remark('attribute-type', `${name} holds ${value.numbers.length} numbers, not one`);
      return null;
    }
    const number = 'text' in value ? numberOf(value.text) : value.numbers[0];
    if (number !== undefined && Number.isFinite(number)) return number;
    this.remark('attribute-value', `${name} is not a number: ${JSON.stringify(value)}`);
    return null;
  }

  text(name: string): string | null {
    const value = this.read(name);
    if (value === null) return null;
    return 'text' in value ? value.text : value.numbers.join(' ');
  }

  /** Exactly `count` finite numbers, or null. */
  numbers(name: string, count: number): number[] | null {
    const value = this.read(name);
    if (value === null) return null;
    if ('text' in value || value.numbers.length !== count) {
      this.remark('attribute-type', `${name} does not hold ${count} numbers`);
      return null;
    }
    if (value.numbers.every(Number.isFinite)) return value.numbers;
    this.remark('attribute-value', `${name} holds ${value.numbers.join(', ')}`);
    return null;
  }

  /** Finite numbers, as many as there are, or null; of a list that may be absent, without a remark. */
  list(name: string): number[] | null {
    const value = this.names.includes(name) ? this.read(name) : null;
    if (value === null) return null;
    if ('numbers' in value && value.numbers.every(Number.isFinite)) return value.numbers;
    this.remark('attribute-value', `${name} is not a list of numbers`);
    return null;
  }

  private read(name: string): Value | null {
    if (!this.names.includes(name)) {
      this.remark('attribute-missing', `no attribute ${name}`);
      return null;
    }
    try {
      return this.value(name);
    } catch (error) {
      this.remark('attribute-unreadable', `${name}: ${this.source.fault(error)}`);
      return null;
    }
  }

  private value(name: string): Value | null {
    const about = this.source.about(name);
    if (about.type === FLOAT && about.size > 8) {
      this.remark('attribute-long-double', `${name} is a ${8 * about.size}-bit long double`);
      return null;
    }
    const known = about.type === INTEGER || about.type === FLOAT || about.type === STRING;
    if (!known || !about.shape || !(about.size * about.total_size <= LARGEST)) {
      this.remark('attribute-type', `${name} is neither numbers nor text`);
      return null;
    }
    if (about.type === STRING && about.total_size !== 1) {
      this.remark('attribute-type', `${name} holds ${about.total_size} texts, not one`);
      return null;
    }
    if (about.type === STRING && about.vlen)
      return { text: this.source.text(name, about.total_size) };
    const bytes = this.source.bytes(name, about.size * about.total_size);
    return about.type === STRING
      ? { text: textOf(bytes.subarray(0, about.size)) }
      : { numbers: numbersOf(bytes, about) };
  }
}

/** Text up to its first NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

/** Little-endian numbers, as the library hands them out. */
function numbersOf(bytes: Uint8Array, { type, size, signed }: NumberType): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = type === FLOAT ? `f${size}` : `${signed ? 'i' : 'u'}${size}`;
  const read = READERS[kind];
  if (!read) throw new Error(`numbers of ${8 * size} bits`);
  return Array.from({ length: bytes.length / size }, (_, i) => read(view, i * size));
}

/** A decimal number; other spellings that JavaScript takes (`0xE1`) are no label. */
const numberOf = (text: string): number | undefined =>
  /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : undefined;

export interface GroupOfFile {
  library: Hdf5;
  file: bigint;
  group: string;
  /** Leave out text of any length, whose damage can hang the library. */
  careful?: boolean;
}

// Of the addresses in the library's memory.
const ADDRESS_BYTES = 4;

/**
 * The attributes of a group through the calls that the HDF5 library offers to its own objects:
 * each looks the group up by name, so none is made that can be done without.
 */
export function libraryAttributes({ library, file, group, careful }: GroupOfFile): AttributeSource {
  const { module } = library;
  const bytes = (name: string, count: number): Uint8Array => {
    const address = module._malloc(Math.max(1, count));
    try {
      module.get_attribute_data(file, group, name, BigInt(address));
      return module.HEAPU8.slice(address, address + count);
    } finally {
      module._free(address);
    }
  };
  return {
    names: module.get_attribute_names(file, group),
    about: (name): StoredAttribute => module.get_attribute_metadata(file, group, name),
    fault: (error) => library.fault(error),
    bytes,
    text: (name, count) => {
      // It stands in a heap of its own.
      if (careful) throw new Error('not read, as reading this file ended a reader');
      // The library gives the addresses of the texts, and leaves the texts to the asker.
      const addresses = new Uint32Array(bytes(name, ADDRESS_BYTES * count).buffer);
      const text = addresses[0] ? module.UTF8ToString(addresses[0]) : '';
      for (const address of addresses) module._free(address);
      return text;
    },
  };
}
